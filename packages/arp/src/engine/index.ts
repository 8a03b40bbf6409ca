/**
 * The ARP engine: Linux's net/ipv4/arp.c as a state machine without input and output of its own, with RFC 5227's probing,
 * announcing and defence. It asks for a neighbour table, which `@stack/neigh` makes, and answers its questions.
 * @packageDocumentation
 */
export { Arp } from './arp.ts';
export type { ProbeDone, ProbeResult } from './claims.ts';
export type { DefencePolicy } from './guards.ts';
export type { ArpMib } from './mib.ts';
export type {
  ArpAddress,
  ArpConf,
  ArpDevice,
  ArpDrop,
  ArpNeigh,
  ArpParms,
  ArpPorts,
  ArpRoute,
  ArpTable,
  Errno,
  Timer,
  Timers,
  Verdict,
} from './ports.ts';
export {
  ANNOUNCE_INTERVAL,
  ANNOUNCE_NUM,
  ANNOUNCE_WAIT,
  DEFEND_INTERVAL,
  MAX_CONFLICTS,
  PROBE_MAX,
  PROBE_MIN,
  PROBE_NUM,
  PROBE_WAIT,
  RATE_LIMIT_INTERVAL,
} from './timing.ts';

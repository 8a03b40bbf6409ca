/**
 * The ICMP engine: RFC 792 and RFC 1122 §3.2.2 as Linux does them, sans IO. {@link Icmp} takes messages and requests to complain,
 * each with the time, and gives messages to the network it was built with.
 * @packageDocumentation
 */
export { errnoOf, isFatal } from './convert.ts';
export { Icmp } from './icmp.ts';
export { Message, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC } from './message.ts';
export { type IcmpCounters, type IcmpMib, icmpMib } from './mib.ts';
export { Ping } from './ping.ts';
export { PingSock } from './ping-sock.ts';
export { plateauBelow } from './plateau.ts';
export {
  CN,
  DROP,
  type Dst,
  type Errno,
  type Flow,
  type IcmpOptions,
  type Inet,
  OK,
  type Quote,
} from './ports.ts';
export { MAX_PEERS } from './ratelimit.ts';
export type { IcmpSysctl } from './sysctl.ts';

/**
 * Linux's neighbour subsystem: from a network-layer address on a link to a link-layer address, with its NUD states, timers, queues
 * and limits, for any kind of address. ARP or NDP asks, through a port.
 * @packageDocumentation
 */
export { DeviceParms } from './device-parms.ts';
export { Neighbour } from './neighbour.ts';
export {
  type AddressOps,
  type Errno,
  type NeighDevice,
  type NeighDrop,
  type NeighParms,
  type NeighPorts,
  type NeighTableParms,
  OK,
  type QueuedSkb,
  type Timer,
  type Timers,
} from './ports.ts';
export type { ProxyEntry } from './proxy.ts';
export {
  diagram,
  EDGES,
  type Edge,
  formatState,
  isEdge,
  isState,
  NUD_CONNECTED,
  NUD_DELAY,
  NUD_FAILED,
  NUD_IN_TIMER,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_VALID,
} from './state.ts';
export type { NeighStats } from './stats.ts';
export { NeighTable } from './table.ts';
export type { UnresolvedQueue } from './unresolved-queue.ts';
export {
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_EXT_LEARNED,
  NEIGH_UPDATE_F_ISROUTER,
  NEIGH_UPDATE_F_OVERRIDE,
  NEIGH_UPDATE_F_OVERRIDE_ISROUTER,
  NEIGH_UPDATE_F_WEAK_OVERRIDE,
  NTF_EXT_LEARNED,
  NTF_PROXY,
  NTF_ROUTER,
  NTF_USE,
} from './update-flags.ts';
export type { NeighFilter, NeighSpec } from './verbs.ts';

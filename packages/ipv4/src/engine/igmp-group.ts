/**
 * One multicast group on one device, and whose packets to it are wanted: Linux `struct ip_mc_list`; RFC 3376 §3.2.
 * @module
 */
import { IPPROTO_IGMP } from '../protocol.ts';
import type { InDevice } from './in-device.ts';
import type { Timer } from './ports.ts';

/** Filter mode: all but the listed sources. */
export const MCAST_EXCLUDE = 0;
/** Filter mode: only the listed sources. */
export const MCAST_INCLUDE = 1;

/** A source in a group's filter: how many sockets include and exclude it. */
export interface GroupSource {
  includes: number;
  excludes: number;
}

/** A group of a device. */
export interface MulticastGroup {
  readonly device: InDevice;
  readonly address: number;
  /** Joins; 0 = left, and its last reports are due. */
  users: number;
  /** Joins in include mode. */
  includes: number;
  /** Joins in exclude mode. */
  excludes: number;
  /** By address. Bounded by the sockets' `igmp_max_msf` and `igmp_max_memberships`. */
  readonly sources: Map<number, GroupSource>;
  /** IGMPv3: reports of a change of mode still to send. */
  changes: number;
  /** IGMPv3: reports still to name a source that became wanted or unwanted. */
  readonly pending: Map<number, number>;
  /** Delays a report: the answer to a query, and the repetition of IGMPv1/v2 unsolicited ones. */
  timer: Timer | undefined;
  /** IGMPv1/v2: unsolicited reports still to send. */
  unsolicited: number;
  /** Whether the last report on the link was ours, so that leaving is ours to tell (RFC 2236 §3). */
  reporter: boolean;
  /** Sources that a group-and-source query asks about; `undefined` = all. */
  asked: Set<number> | undefined;
}

/** What the joins add up to: RFC 3376 §3.2. */
export interface FilterState {
  readonly mode: number;
  readonly sources: ReadonlySet<number>;
}

/** A group that nobody joined yet. */
export function createGroup(device: InDevice, address: number): MulticastGroup {
  return {
    device,
    address,
    users: 0,
    includes: 0,
    excludes: 0,
    sources: new Map(),
    changes: 0,
    pending: new Map(),
    timer: undefined,
    unsolicited: 0,
    reporter: false,
    asked: undefined,
  };
}

/** EXCLUDE as soon as one join excludes: what all of those exclude and nobody includes. Else INCLUDE, whatever one includes. */
export function filterState(group: MulticastGroup): FilterState {
  const sources = new Set<number>();
  const mode = group.excludes > 0 ? MCAST_EXCLUDE : MCAST_INCLUDE;
  for (const [address, source] of group.sources) {
    const listed =
      mode === MCAST_INCLUDE
        ? source.includes > 0
        : source.includes === 0 && source.excludes === group.excludes;
    if (listed) sources.add(address);
  }
  return { mode, sources };
}

/** Whether a state lets packets of a source through. */
export function lets(state: FilterState, source: number): boolean {
  return state.sources.has(source) === (state.mode === MCAST_INCLUDE);
}

/** Whether the device wants packets from `saddr` to a group (Linux `ip_check_mc_rcu`). IGMP goes to members whatever its source. */
export function isMember(device: InDevice, address: number, saddr: number, protocol: number): boolean {
  const group = device.groups.get(address);
  if (group === undefined) return false;
  if (protocol === IPPROTO_IGMP || saddr === 0) return true;
  const source = group.sources.get(saddr);
  if (source === undefined) return group.excludes !== 0;
  return source.includes !== 0 || source.excludes !== group.excludes;
}

/**
 * Which groups a socket joined, and from whom it wants to hear there: ip(7) `IP_ADD_MEMBERSHIP` and relatives; RFC 3376 §2, RFC 3678.
 *
 * Bounded: `igmp_max_memberships` groups a socket, `igmp_max_msf` sources each.
 * @module
 */
import { isMulticast } from '../address.ts';
import { findDevice } from './address-type.ts';
import { MCAST_EXCLUDE, MCAST_INCLUDE } from './igmp-group.ts';
import { changeGroup, joinGroup, leaveGroup } from './igmp-membership.ts';
import type { InDevice } from './in-device.ts';
import type { InetSock } from './inet-sock.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Errno } from './ports.ts';

/** A group that a socket joined. */
export interface Membership {
  readonly group: number;
  readonly ifindex: number;
  /** The address that named the device when it was joined; 0 = none. */
  readonly address: number;
  /** `MCAST_*`. */
  mode: number;
  /** Only these, or all but these: by mode. */
  sources: Set<number>;
  /** A source was named: the mode is then settled, even after the last one is gone. */
  settled: boolean;
}

/** A group and the device it is on (Linux `struct ip_mreqn`): by index, by an address of it, or by the routes. */
export interface MulticastRequest {
  group: number;
  /** 0 = not given. */
  ifindex?: number;
  /** 0 = not given. */
  address?: number;
}

/** {@link MulticastRequest} and a source (Linux `struct ip_mreq_source`). */
export interface SourceRequest extends MulticastRequest {
  source: number;
}

/** {@link MulticastRequest} and a whole filter (Linux `struct ip_msfilter`). */
export interface FilterRequest extends MulticastRequest {
  /** `MCAST_*`. */
  mode: number;
  sources: readonly number[];
}

/** Joins a group. `EINVAL`: it is none; `ENODEV`; `EADDRINUSE`: joined already; `ENOBUFS`: too many. */
export function join(
  ip: Ipv4,
  now: number,
  inet: InetSock,
  request: MulticastRequest,
  mode: number = MCAST_EXCLUDE,
): Errno | undefined {
  if (!isMulticast(request.group)) return 'EINVAL';
  const device = deviceOf(ip, now, request);
  if (device === undefined) return 'ENODEV';
  const { ifindex } = device.dev;
  const list = inet.memberships ?? [];
  if (list.some((one) => one.group === request.group && one.ifindex === ifindex)) return 'EADDRINUSE';
  if (list.length >= ip.sysctl.igmp_max_memberships) return 'ENOBUFS';
  list.push({
    group: request.group,
    ifindex,
    address: request.address ?? 0,
    mode,
    sources: new Set(),
    settled: false,
  });
  inet.memberships = list;
  joinGroup(ip, now, device, request.group, mode);
  return undefined;
}

/** Leaves a group. `ENODEV`; `EADDRNOTAVAIL`: it was not joined. */
export function leave(ip: Ipv4, now: number, inet: InetSock, request: MulticastRequest): Errno | undefined {
  const { group, ifindex = 0, address = 0 } = request;
  const device = deviceOf(ip, now, request);
  if (ifindex === 0 && address === 0 && device === undefined) return 'ENODEV';
  const membership = inet.memberships?.find((one) => {
    if (one.group !== group) return false;
    if (ifindex !== 0) return one.ifindex === ifindex;
    return address === 0 || one.address === address;
  });
  if (membership === undefined) return 'EADDRNOTAVAIL';
  take(ip, now, inet, membership);
  return undefined;
}

/** Leaves all groups: the socket is closed. */
export function leaveAll(ip: Ipv4, now: number, inet: InetSock): void {
  for (const membership of [...(inet.memberships ?? [])]) take(ip, now, inet, membership);
}

/**
 * Adds a source to a group's filter of `mode`. `EINVAL`: not joined, or joined in the other mode with sources; `EADDRNOTAVAIL`: it is
 * there already; `ENOBUFS`: too many.
 */
export function addSource(
  ip: Ipv4,
  now: number,
  inet: InetSock,
  request: SourceRequest,
  mode: number,
): Errno | undefined {
  const membership = forSource(ip, now, inet, request, mode);
  if (typeof membership === 'string') return membership;
  if (membership.sources.size >= ip.sysctl.igmp_max_msf && membership.sources.size > 0) return 'ENOBUFS';
  if (membership.sources.has(request.source)) return 'EADDRNOTAVAIL';
  replace(ip, now, membership, mode, new Set(membership.sources).add(request.source));
  membership.settled = true;
  return undefined;
}

/** Takes a source out of it; the last one that is included leaves the group. `EINVAL` as {@link addSource}; `EADDRNOTAVAIL`. */
export function removeSource(
  ip: Ipv4,
  now: number,
  inet: InetSock,
  request: SourceRequest,
  mode: number,
): Errno | undefined {
  const membership = forSource(ip, now, inet, request, mode);
  if (typeof membership === 'string') return membership;
  if (!membership.sources.has(request.source)) return 'EADDRNOTAVAIL';
  if (membership.sources.size === 1 && mode === MCAST_INCLUDE) {
    take(ip, now, inet, membership);
    return undefined;
  }
  const sources = new Set(membership.sources);
  sources.delete(request.source);
  replace(ip, now, membership, mode, sources);
  return undefined;
}

/** Sets a whole filter; no sources to include leaves the group. `EINVAL`, `ENODEV`, `ENOBUFS`. */
export function setFilter(ip: Ipv4, now: number, inet: InetSock, request: FilterRequest): Errno | undefined {
  const { group, mode, sources } = request;
  if (!isMulticast(group) || (mode !== MCAST_INCLUDE && mode !== MCAST_EXCLUDE)) return 'EINVAL';
  if (sources.length > ip.sysctl.igmp_max_msf) return 'ENOBUFS';
  const device = deviceOf(ip, now, request);
  if (device === undefined) return 'ENODEV';
  if (mode === MCAST_INCLUDE && sources.length === 0) return leave(ip, now, inet, request);
  const membership = find(inet, group, device);
  if (membership === undefined) return 'EINVAL';
  replace(ip, now, membership, mode, new Set(sources));
  membership.settled = sources.length > 0;
  return undefined;
}

/** The filter of a group. `EINVAL`, `ENODEV`, `EADDRNOTAVAIL`. */
export function filterOf(
  ip: Ipv4,
  now: number,
  inet: InetSock,
  request: MulticastRequest,
): { mode: number; sources: number[] } | Errno {
  if (!isMulticast(request.group)) return 'EINVAL';
  const device = deviceOf(ip, now, request);
  if (device === undefined) return 'ENODEV';
  const membership = find(inet, request.group, device);
  if (membership === undefined) return 'EADDRNOTAVAIL';
  return { mode: membership.mode, sources: [...membership.sources] };
}

/** Whether a socket gets a packet from `saddr` to `daddr` that came by a device (Linux `ip_mc_sf_allow`). Unicast: always. */
export function allowsSource(inet: InetSock, daddr: number, saddr: number, ifindex: number): boolean {
  if (!isMulticast(daddr)) return true;
  const { memberships } = inet;
  if (memberships !== undefined) {
    for (let i = 0; i < memberships.length; i++) {
      const one = memberships[i] as Membership;
      if (one.group !== daddr || one.ifindex !== ifindex) continue;
      return one.sources.has(saddr) === (one.mode === MCAST_INCLUDE);
    }
  }
  return inet.mcAll;
}

/** The device a request names, `undefined` = there is none (Linux `ip_mc_find_dev`). */
export function deviceOf(ip: Ipv4, now: number, request: MulticastRequest): InDevice | undefined {
  const { group, ifindex = 0, address = 0 } = request;
  if (ifindex !== 0) return ip.devices.get(ifindex);
  if (address !== 0) return findDevice(ip, address);
  const dst = ip.routeOutput(now, {
    daddr: group,
    saddr: 0,
    oif: 0,
    tos: 0,
    mark: 0,
    protocol: 0,
    sport: 0,
    dport: 0,
    flags: 0,
  });
  return typeof dst === 'string' ? undefined : ip.devices.get(dst.dev.ifindex);
}

function find(inet: InetSock, group: number, device: InDevice): Membership | undefined {
  return inet.memberships?.find((one) => one.group === group && one.ifindex === device.dev.ifindex);
}

/** The membership that a source is added to or taken out of. One that never named a source may change its mode. */
function forSource(
  ip: Ipv4,
  now: number,
  inet: InetSock,
  request: SourceRequest,
  mode: number,
): Membership | Errno {
  if (!isMulticast(request.group)) return 'EINVAL';
  const device = deviceOf(ip, now, request);
  if (device === undefined) return 'ENODEV';
  const membership = find(inet, request.group, device);
  if (membership === undefined) return 'EINVAL';
  if (membership.mode !== mode) {
    if (membership.settled) return 'EINVAL';
    replace(ip, now, membership, mode, new Set());
  }
  return membership;
}

function replace(ip: Ipv4, now: number, membership: Membership, mode: number, sources: Set<number>): void {
  const device = ip.devices.get(membership.ifindex);
  const from = { mode: membership.mode, sources: membership.sources };
  membership.mode = mode;
  membership.sources = sources;
  if (device !== undefined) changeGroup(ip, now, device, membership.group, from, { mode, sources });
}

function take(ip: Ipv4, now: number, inet: InetSock, membership: Membership): void {
  inet.memberships = inet.memberships?.filter((one) => one !== membership);
  const device = ip.devices.get(membership.ifindex);
  if (device !== undefined) {
    leaveGroup(ip, now, device, membership.group, membership.mode, membership.sources);
  }
}

/**
 * Groups of a device come, change and go: RFC 3376 §5.1, RFC 2236 §3; Linux `ip_mc_inc_group`, `ip_mc_add_src`, `igmp_group_added`.
 * @module
 */
import { isLocalMulticast } from '../address.ts';
import { IGMP_ALL_HOSTS } from './igmp-codec.ts';
import {
  createGroup,
  type FilterState,
  filterState,
  lets,
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
  type MulticastGroup,
} from './igmp-group.ts';
import { leaveV2, startChangeTimer, startGroupTimer, stopGroupTimer } from './igmp-timer.ts';
import { igmpVersion, robustness } from './igmp-version.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';

/** Delay of the first report of a change, µs: one tick. */
const INITIAL_REPORT_DELAY = 1000;

/** One more join of a group, in a mode, with sources. */
export function joinGroup(
  ip: Ipv4,
  now: number,
  device: InDevice,
  address: number,
  mode: number,
  sources: Iterable<number> = [],
): void {
  const known = device.groups.get(address);
  const group = known ?? device.leaving.get(address) ?? createGroup(device, address);
  const before = filterState(group);
  group.users++;
  count(group, mode, 1);
  for (const source of sources) countSource(group, source, mode, 1);
  if (known === undefined) {
    device.leaving.delete(address);
    device.groups.set(address, group);
    updateFilter(device);
    if (device.dev.up) announce(ip, now, group, before);
  } else changed(ip, now, group, before);
}

/** One join less; the last one leaves the group. */
export function leaveGroup(
  ip: Ipv4,
  now: number,
  device: InDevice,
  address: number,
  mode: number,
  sources: Iterable<number> = [],
): void {
  const group = device.groups.get(address);
  if (group === undefined) return;
  const before = filterState(group);
  group.users--;
  count(group, mode, -1);
  for (const source of sources) countSource(group, source, mode, -1);
  if (group.users > 0) {
    changed(ip, now, group, before);
    return;
  }
  device.groups.delete(address);
  updateFilter(device);
  dropped(ip, now, group, before);
}

/** A join changes its mode or its sources. */
export function changeGroup(
  ip: Ipv4,
  now: number,
  device: InDevice,
  address: number,
  from: { readonly mode: number; readonly sources: Iterable<number> },
  to: { readonly mode: number; readonly sources: Iterable<number> },
): void {
  const group = device.groups.get(address);
  if (group === undefined) return;
  const before = filterState(group);
  count(group, from.mode, -1);
  for (const source of from.sources) countSource(group, source, from.mode, -1);
  count(group, to.mode, 1);
  for (const source of to.sources) countSource(group, source, to.mode, 1);
  changed(ip, now, group, before);
}

/** The device came up: all hosts is joined, and what was joined before is told. */
export function groupsUp(ip: Ipv4, now: number, device: InDevice): void {
  const joined = [...device.groups.values()];
  if (device.dev.multicast) joinGroup(ip, now, device, IGMP_ALL_HOSTS, MCAST_EXCLUDE);
  for (const group of joined) announce(ip, now, group, NOTHING);
}

/** The device went down: there is nobody to tell. */
export function groupsDown(ip: Ipv4, now: number, device: InDevice): void {
  forgetReports(device);
  if (device.dev.multicast) leaveGroup(ip, now, device, IGMP_ALL_HOSTS, MCAST_EXCLUDE);
}

/** The device is gone: so are its groups; the sockets keep theirs in vain. */
export function groupsGone(device: InDevice): void {
  forgetReports(device);
  device.groups.clear();
}

/** What is to be told is told no more: the link is down, or its querier speaks an older version. */
export function forgetReports(device: InDevice): void {
  for (const group of device.groups.values()) stopGroupTimer(group);
  device.igmp.generalTimer?.del();
  forgetChanges(device);
}

/** IGMPv3's reports of changes are not sent any more. */
export function forgetChanges(device: InDevice): void {
  for (const group of device.groups.values()) {
    group.changes = 0;
    group.pending.clear();
  }
  device.igmp.changeTimer?.del();
  device.igmp.changesLeft = 0;
  device.leaving.clear();
}

/** Whether a group is told at all: RFC 3376 §5: 224.0.0.1 never; the link's own groups where the sysctl says so. */
export function isReported(ip: Ipv4, address: number): boolean {
  if (address === IGMP_ALL_HOSTS) return false;
  return !isLocalMulticast(address) || ip.sysctl.igmp_link_local_mcast_reports !== 0;
}

const NOTHING: FilterState = { mode: MCAST_INCLUDE, sources: new Set() };

/** A group that the link has not heard of. */
function announce(ip: Ipv4, now: number, group: MulticastGroup, before: FilterState): void {
  const { device } = group;
  if (!isReported(ip, group.address)) return;
  if (igmpVersion(now, device) < 3) {
    group.unsolicited = ip.sysctl.igmp_qrv;
    startGroupTimer(ip, now, group, INITIAL_REPORT_DELAY);
  } else changed(ip, now, group, before);
}

function dropped(ip: Ipv4, now: number, group: MulticastGroup, before: FilterState): void {
  const { device } = group;
  const { reporter } = group;
  stopGroupTimer(group);
  if (!device.dev.up || !isReported(ip, group.address)) return;
  const version = igmpVersion(now, device);
  if (version === 2 && reporter) leaveV2(ip, now, group);
  if (version < 3) return;
  device.leaving.set(group.address, group);
  changed(ip, now, group, before);
}

/** IGMPv3: notes what changed, to be told as often as robustness says. RFC 3376 §5.1. */
function changed(ip: Ipv4, now: number, group: MulticastGroup, before: FilterState): void {
  const { device } = group;
  const after = filterState(group);
  if (!device.dev.up || !isReported(ip, group.address) || igmpVersion(now, device) < 3) return;
  const times = robustness(ip, device);
  let any = false;
  if (after.mode !== before.mode) {
    group.changes = times;
    group.pending.clear(); // the change of mode names all sources
    any = true;
  } else {
    for (const source of [...before.sources, ...after.sources]) {
      if (lets(before, source) === lets(after, source)) continue;
      group.pending.set(source, times);
      any = true;
    }
  }
  if (!any) return;
  device.igmp.changesLeft = Math.max(device.igmp.changesLeft, times);
  startChangeTimer(ip, now, device, INITIAL_REPORT_DELAY);
}

function count(group: MulticastGroup, mode: number, by: number): void {
  if (mode === MCAST_INCLUDE) group.includes += by;
  else group.excludes += by;
}

function countSource(group: MulticastGroup, address: number, mode: number, by: number): void {
  let source = group.sources.get(address);
  if (source === undefined) {
    source = { includes: 0, excludes: 0 };
    group.sources.set(address, source);
  }
  if (mode === MCAST_INCLUDE) source.includes += by;
  else source.excludes += by;
  if (source.includes === 0 && source.excludes === 0) group.sources.delete(address);
}

function updateFilter(device: InDevice): void {
  device.dev.setMulticast([...device.groups.keys()]);
}

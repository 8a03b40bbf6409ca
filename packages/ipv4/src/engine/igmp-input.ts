/**
 * IGMP messages from the link: RFC 2236 §3, RFC 3376 §5.2, §7.2; Linux `igmp_rcv`.
 * @module
 */
import { PACKET_BROADCAST, PACKET_MULTICAST, type SkBuff } from '@stack/skbuff';
import { CB_FLAGS, IPSKB_LOOPED } from './constants.ts';
import {
  decodeTime,
  IGMP_HLEN,
  IGMP_HOST_MEMBERSHIP_QUERY,
  IGMP_HOST_MEMBERSHIP_REPORT,
  IGMPV2_HOST_MEMBERSHIP_REPORT,
  IGMPV3_QUERY_HLEN,
  igmpCode,
  igmpGroup,
  igmpType,
  queryInterval,
  queryRobustness,
  querySources,
  verifyIgmp,
} from './igmp-codec.ts';
import type { MulticastGroup } from './igmp-group.ts';
import { forgetChanges, isReported } from './igmp-membership.ts';
import { answerWithin, startGeneralTimer, stopGroupTimer } from './igmp-timer.ts';
import { igmpVersion, robustness } from './igmp-version.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Protocol } from './ports.ts';

/** Max Resp Code counts in this, µs. */
const TENTH = 100_000;
const SECOND = 1_000_000;
/** Max response time of a version 1 query, µs (RFC 2236 §4). */
const V1_RESPONSE = 10 * SECOND;
const DEFAULT_QUERY_INTERVAL = 125 * SECOND;

/** The handler of protocol 2. */
export function igmpProtocol(ip: Ipv4): Protocol {
  return { receive: (now, skb) => receive(ip, now, skb) };
}

function receive(ip: Ipv4, now: number, skb: SkBuff): void {
  const device = ip.devices.get(skb.ifindex);
  if (device === undefined || !skb.mayPull(IGMP_HLEN) || !verifyIgmp(skb)) {
    ip.ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  const type = igmpType(skb.view, skb.data);
  let sound = true;
  if (type === IGMP_HOST_MEMBERSHIP_QUERY) sound = query(ip, now, device, skb);
  else if (type === IGMP_HOST_MEMBERSHIP_REPORT || type === IGMPV2_HOST_MEMBERSHIP_REPORT) {
    report(ip, device, skb);
  }
  // Version 3 reports are for routers: hosts do not suppress theirs (RFC 3376 §7.2.2).
  if (sound) skb.free();
  else ip.ports.drop(skb, 'NOT_SPECIFIED');
}

/** Another member reports the group: ours is not needed. */
function report(ip: Ipv4, device: InDevice, skb: SkBuff): void {
  if (((skb.cb[CB_FLAGS] as number) & IPSKB_LOOPED) !== 0) return; // our own
  if (skb.pktType !== PACKET_MULTICAST && skb.pktType !== PACKET_BROADCAST) return;
  const group = device.groups.get(igmpGroup(skb.view, skb.data));
  if (group !== undefined && isReported(ip, group.address)) stopGroupTimer(group);
}

/** False for one that no querier sends. */
function query(ip: Ipv4, now: number, device: InDevice, skb: SkBuff): boolean {
  const { view, data } = skb;
  const { igmp } = device;
  const code = igmpCode(view, data);
  let group = igmpGroup(view, data);
  if (skb.len !== IGMP_HLEN && skb.len < IGMPV3_QUERY_HLEN) return false;
  if (skb.len === IGMP_HLEN) {
    const until = now + robustness(ip, device) * igmp.queryInterval + igmp.responseInterval;
    if (code === 0) igmp.v1Until = until;
    else igmp.v2Until = until;
    if (igmpVersion(now, device) < 3) forgetChanges(device);
    answer(ip, now, device, code === 0 ? 0 : group, code === 0 ? V1_RESPONSE : code * TENTH, undefined);
    return true;
  }
  const version = igmpVersion(now, device);
  let most = version === 1 ? V1_RESPONSE : Math.max(1, decodeTime(code) * TENTH);
  if (version === 1) group = 0;
  if (version < 3) {
    answer(ip, now, device, group, most, undefined);
    return true;
  }
  const count = querySources(view, data);
  if (skb.len < IGMPV3_QUERY_HLEN + count * 4 || !skb.mayPull(IGMPV3_QUERY_HLEN + count * 4)) return false;
  most = Math.max(1, most);
  igmp.robustness = queryRobustness(skb.view, skb.data);
  igmp.queryInterval = queryInterval(skb.view, skb.data) * SECOND || DEFAULT_QUERY_INTERVAL;
  // RFC 3376 §8.3: the response interval must be less than the query interval.
  if (igmp.responseInterval >= igmp.queryInterval) igmp.responseInterval = igmp.queryInterval - SECOND;
  if (group === 0) {
    if (count !== 0) return false;
    startGeneralTimer(ip, now, device, most);
    return true;
  }
  answer(ip, now, device, group, most, count === 0 ? undefined : sourcesOf(skb, count));
  return true;
}

function sourcesOf(skb: SkBuff, count: number): Set<number> {
  const sources = new Set<number>();
  for (let i = 0; i < count; i++) sources.add(skb.view.getUint32(skb.data + IGMPV3_QUERY_HLEN + i * 4));
  return sources;
}

/** Has the groups that a query is about (0 = all) reported within `most` µs. */
function answer(
  ip: Ipv4,
  now: number,
  device: InDevice,
  address: number,
  most: number,
  sources: Set<number> | undefined,
): void {
  for (const group of device.groups.values()) {
    if ((address !== 0 && group.address !== address) || !isReported(ip, group.address)) continue;
    ask(group, sources);
    if (group.asked === undefined || group.asked.size > 0) answerWithin(ip, now, group, most);
  }
}

/** What the answer is about: RFC 3376 §5.2 (4): a query for all sources wins, else the sources add up. Only ours count, so it stays small. */
function ask(group: MulticastGroup, sources: Set<number> | undefined): void {
  const pending = group.timer?.pending === true;
  if (sources === undefined || (pending && group.asked === undefined)) {
    group.asked = undefined;
    return;
  }
  const asked = pending && group.asked !== undefined ? group.asked : new Set<number>();
  for (const source of sources) {
    if (asked.size >= MAX_ASKED) break;
    asked.add(source);
  }
  group.asked = asked;
}

/** Sources remembered of queries: as many as fit one packet of an Ethernet. */
const MAX_ASKED = 366;

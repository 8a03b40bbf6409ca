/**
 * Reports as packets: RFC 2236 §2, RFC 3376 §4.2, §5.1, §5.2. They go out with TTL 1, DF, precedence internetwork control and a router
 * alert, from the device's address or from 0.0.0.0.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { MAX_HLEN } from '../fields.ts';
import { IPPROTO_IGMP } from '../protocol.ts';
import { IP_PMTUDISC_DO } from './constants.ts';
import {
  IGMP_HLEN,
  IGMPV3_ALL_MCR,
  IGMPV3_ALLOW_NEW_SOURCES,
  IGMPV3_BLOCK_OLD_SOURCES,
  IGMPV3_CHANGE_TO_EXCLUDE,
  IGMPV3_CHANGE_TO_INCLUDE,
  IGMPV3_MODE_IS_EXCLUDE,
  IGMPV3_MODE_IS_INCLUDE,
  RECORD_HLEN,
  writeIgmp,
  writeRecordHead,
  writeReportHead,
} from './igmp-codec.ts';
import { filterState, lets, MCAST_EXCLUDE, type MulticastGroup } from './igmp-group.ts';
import { isReported } from './igmp-membership.ts';
import type { InDevice } from './in-device.ts';
import { InetSock } from './inet-sock.ts';
import type { Ipv4 } from './ipv4.ts';
import { compileOptions, type SocketOptions } from './options-out.ts';

/** Precedence internetwork control (RFC 3376 §4). */
const TOS = 0xc0;
/** Linux `TC_PRIO_CONTROL`. */
const PRIORITY = 7;
/** Bytes of the IP header with its router alert, and of the head of a report. */
const IP_HLEN = 24;
const REPORT_HLEN = 8;

interface GroupRecord {
  readonly type: number;
  readonly group: number;
  readonly sources: readonly number[];
}

/** Sends a version 1 or 2 message. */
export function sendOld(
  ip: Ipv4,
  now: number,
  device: InDevice,
  type: number,
  group: number,
  daddr: number,
): void {
  const skb = ip.pool.alloc(IGMP_HLEN, device.dev.hardHeaderLen + MAX_HLEN);
  if (skb === undefined) return;
  writeIgmp(skb.view, skb.put(IGMP_HLEN), type, group);
  send(ip, now, device, skb, daddr);
}

/** IGMPv3: what is wanted now, of one group or of all: RFC 3376 §5.2. */
export function sendCurrent(ip: Ipv4, now: number, device: InDevice, only: MulticastGroup | undefined): void {
  const records: GroupRecord[] = [];
  for (const group of device.groups.values()) {
    if ((only !== undefined && group !== only) || !isReported(ip, group.address)) continue;
    const record = currentRecord(group);
    if (record !== undefined) records.push(record);
  }
  sendRecords(ip, now, device, records);
}

/** IGMPv3: what changed: RFC 3376 §5.1. */
export function sendChanges(ip: Ipv4, now: number, device: InDevice): void {
  const records: GroupRecord[] = [];
  for (const group of device.leaving.values()) {
    changeRecords(group, records);
    if (group.changes === 0 && group.pending.size === 0) device.leaving.delete(group.address);
  }
  for (const group of device.groups.values()) {
    if (isReported(ip, group.address)) changeRecords(group, records);
  }
  sendRecords(ip, now, device, records);
}

function currentRecord(group: MulticastGroup): GroupRecord | undefined {
  const state = filterState(group);
  const { asked, address } = group;
  const wanted = asked === undefined ? undefined : [...asked].filter((source) => lets(state, source));
  // Asked about sources of which none is wanted: nothing to say.
  if (wanted?.length === 0) return undefined;
  if (state.mode === MCAST_EXCLUDE) {
    // Linux: the whole state, where RFC 3376 §5.2 (5) names the sources that are wanted.
    return { type: IGMPV3_MODE_IS_EXCLUDE, group: address, sources: [...state.sources] };
  }
  return { type: IGMPV3_MODE_IS_INCLUDE, group: address, sources: wanted ?? [...state.sources] };
}

function changeRecords(group: MulticastGroup, records: GroupRecord[]): void {
  const state = filterState(group);
  const allowed: number[] = [];
  const blocked: number[] = [];
  for (const [source, times] of group.pending) {
    (lets(state, source) ? allowed : blocked).push(source);
    if (times > 1) group.pending.set(source, times - 1);
    else group.pending.delete(source);
  }
  if (group.changes > 0) {
    group.changes--;
    const type = state.mode === MCAST_EXCLUDE ? IGMPV3_CHANGE_TO_EXCLUDE : IGMPV3_CHANGE_TO_INCLUDE;
    // It names all sources, those that changed as well.
    records.push({ type, group: group.address, sources: [...state.sources] });
    return;
  }
  if (allowed.length > 0) {
    records.push({ type: IGMPV3_ALLOW_NEW_SOURCES, group: group.address, sources: allowed });
  }
  if (blocked.length > 0) {
    records.push({ type: IGMPV3_BLOCK_OLD_SOURCES, group: group.address, sources: blocked });
  }
}

/** As few reports as the MTU allows: RFC 3376 §4.2.16. */
function sendRecords(ip: Ipv4, now: number, device: InDevice, records: readonly GroupRecord[]): void {
  const room = device.dev.mtu - IP_HLEN - REPORT_HLEN;
  let batch: GroupRecord[] = [];
  let used = 0;
  for (const whole of records) {
    for (const record of pieces(whole, room)) {
      const size = RECORD_HLEN + record.sources.length * 4;
      if (used + size > room && batch.length > 0) {
        sendReport(ip, now, device, batch, used);
        batch = [];
        used = 0;
      }
      batch.push(record);
      used += size;
    }
  }
  if (batch.length > 0) sendReport(ip, now, device, batch, used);
}

/** A record that fits no packet is split; one that excludes names what fits, for a second one would undo the first. */
function pieces(record: GroupRecord, room: number): GroupRecord[] {
  const most = Math.max(1, (room - RECORD_HLEN) >> 2);
  if (record.sources.length <= most) return [record];
  const excludes = record.type === IGMPV3_MODE_IS_EXCLUDE || record.type === IGMPV3_CHANGE_TO_EXCLUDE;
  const list: GroupRecord[] = [];
  for (let i = 0; i < record.sources.length; i += most) {
    list.push({ type: record.type, group: record.group, sources: record.sources.slice(i, i + most) });
    if (excludes) break;
  }
  return list;
}

function sendReport(
  ip: Ipv4,
  now: number,
  device: InDevice,
  records: readonly GroupRecord[],
  size: number,
): void {
  const skb = ip.pool.alloc(REPORT_HLEN + size, device.dev.hardHeaderLen + MAX_HLEN);
  if (skb === undefined) return;
  const at = skb.put(REPORT_HLEN + size);
  let i = at + REPORT_HLEN;
  for (const { type, group, sources } of records) {
    writeRecordHead(skb.view, i, type, group, sources.length);
    i += RECORD_HLEN;
    for (const source of sources) {
      skb.view.setUint32(i, source);
      i += 4;
    }
  }
  writeReportHead(skb.view, at, records.length, REPORT_HLEN + size);
  send(ip, now, device, skb, IGMPV3_ALL_MCR);
}

function send(ip: Ipv4, now: number, device: InDevice, skb: SkBuff, daddr: number): void {
  const flow = {
    daddr,
    saddr: 0,
    oif: device.dev.ifindex,
    tos: TOS,
    mark: 0,
    protocol: IPPROTO_IGMP,
    sport: 0,
    dport: 0,
    flags: 0,
  };
  const dst = ip.routeOutput(now, flow);
  if (typeof dst === 'string') {
    skb.free();
    return;
  }
  const inet = new InetSock(IP_PMTUDISC_DO);
  inet.options = compileOptions(ip, Uint8Array.of(0x94, 4, 0, 0)) as SocketOptions; // router alert: RFC 2113
  ip.sendSkb(now, skb, dst, {
    saddr: flow.saddr,
    daddr,
    protocol: IPPROTO_IGMP,
    tos: TOS,
    ttl: 1,
    mark: 0,
    priority: PRIORITY,
    inet,
  });
}

/**
 * IGMP messages: RFC 1112 (version 1), RFC 2236 (2), RFC 3376 §4 (3). Readers and writers over `(view, at)`; nothing is kept.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { csumFold, csumPartial, csumSkb } from '@stack/skbuff/checksum';

/** Query; of which version is told by length and code. */
export const IGMP_HOST_MEMBERSHIP_QUERY = 0x11;
/** Report, version 1. */
export const IGMP_HOST_MEMBERSHIP_REPORT = 0x12;
/** Report, version 2. */
export const IGMPV2_HOST_MEMBERSHIP_REPORT = 0x16;
/** Leave, version 2. */
export const IGMP_HOST_LEAVE_MESSAGE = 0x17;
/** Report, version 3. */
export const IGMPV3_HOST_MEMBERSHIP_REPORT = 0x22;

/** Record: the state is INCLUDE with these sources. */
export const IGMPV3_MODE_IS_INCLUDE = 1;
/** Record: the state is EXCLUDE with these sources. */
export const IGMPV3_MODE_IS_EXCLUDE = 2;
/** Record: the mode became INCLUDE. */
export const IGMPV3_CHANGE_TO_INCLUDE = 3;
/** Record: the mode became EXCLUDE. */
export const IGMPV3_CHANGE_TO_EXCLUDE = 4;
/** Record: these sources are wanted now too. */
export const IGMPV3_ALLOW_NEW_SOURCES = 5;
/** Record: these sources are wanted no more. */
export const IGMPV3_BLOCK_OLD_SOURCES = 6;

/** 224.0.0.1: every multicast host; nobody reports it. */
export const IGMP_ALL_HOSTS = 0xe000_0001;
/** 224.0.0.2: routers, which version 2 leaves are for. */
export const IGMP_ALL_ROUTER = 0xe000_0002;
/** 224.0.0.22: version 3 routers, which version 3 reports are for. */
export const IGMPV3_ALL_MCR = 0xe000_0016;

/** Bytes of a version 1 or 2 message. */
export const IGMP_HLEN = 8;
/** Bytes of a version 3 query without sources. */
export const IGMPV3_QUERY_HLEN = 12;
/** Bytes of a record without sources. */
export const RECORD_HLEN = 8;

/** Message type. */
export function igmpType(view: DataView, at: number): number {
  return view.getUint8(at);
}

/** Max Resp Code, u8; 0 = a version 1 query. */
export function igmpCode(view: DataView, at: number): number {
  return view.getUint8(at + 1);
}

/** Group, u32; 0 = all, in a general query. */
export function igmpGroup(view: DataView, at: number): number {
  return view.getUint32(at + 4);
}

/** Querier's Robustness Variable of a version 3 query, 3 bits; 0 = above 7. */
export function queryRobustness(view: DataView, at: number): number {
  return view.getUint8(at + 8) & 7;
}

/** Querier's Query Interval of a version 3 query, seconds. */
export function queryInterval(view: DataView, at: number): number {
  return decodeTime(view.getUint8(at + 9));
}

/** Number of sources of a version 3 query. */
export function querySources(view: DataView, at: number): number {
  return view.getUint16(at + 10);
}

/** A code of up to 127 is itself, a larger one a floating-point number: RFC 3376 §4.1.1, §4.1.7. */
export function decodeTime(code: number): number {
  return code < 128 ? code : ((code & 0x0f) | 0x10) << (((code >> 4) & 7) + 3);
}

/** Whether the checksum over the whole message, `data` at its first byte, is right. */
export function verifyIgmp(skb: SkBuff): boolean {
  return csumSkb(skb, 0, skb.len) === 0xffff;
}

/** Writes a version 1 or 2 message of {@link IGMP_HLEN} bytes. */
export function writeIgmp(view: DataView, at: number, type: number, group: number): void {
  view.setUint8(at, type);
  view.setUint8(at + 1, 0);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, group);
  view.setUint16(at + 2, csumFold(csumPartial(view, at, IGMP_HLEN)));
}

/** Writes the head of a version 3 report whose `records` are behind it already; `length` is that of the whole message. */
export function writeReportHead(view: DataView, at: number, records: number, length: number): void {
  view.setUint8(at, IGMPV3_HOST_MEMBERSHIP_REPORT);
  view.setUint8(at + 1, 0);
  view.setUint32(at + 2, 0); // checksum, reserved
  view.setUint16(at + 6, records);
  view.setUint16(at + 2, csumFold(csumPartial(view, at, length)));
}

/** Writes the head of a record. */
export function writeRecordHead(
  view: DataView,
  at: number,
  type: number,
  group: number,
  sources: number,
): void {
  view.setUint8(at, type);
  view.setUint8(at + 1, 0);
  view.setUint16(at + 2, sources);
  view.setUint32(at + 4, group);
}

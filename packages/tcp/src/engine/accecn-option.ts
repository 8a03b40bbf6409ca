/**
 * The option of Accurate ECN, kinds 172 and 174: RFC 9768 §3.2.3. It tells how many bytes came with each mark, of which a sender learns more
 * than of the three bits of ACE, if boxes on the way let it pass.
 * @module
 */
import { SAW_ACCECN } from '../option-scan.ts';
import { ACCECN_FIELDS, accecnOptionLength, writeAccEcn } from '../write.ts';
import type { AccEcn } from './accecn.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';

/** {@link AccEcn.failMode}: what comes of the option is not to be believed. Linux `TCP_ACCECN_OPT_FAIL_RECV`. */
export const OPT_FAIL_RECV = 8;

/** {@link AccEcn.optSeen}: none came yet, one without counters, one with, one whose counters were zeroed on the way. Linux `TCP_ACCECN_OPT_*`. */
const NOT_SEEN = 0;
const EMPTY_SEEN = 1;
const COUNTER_SEEN = 2;
const FAIL_SEEN = 3;

/** `tcp_ecn_option`: in every segment that has room. */
const OPTION_FULL = 2;
const TCPOPT_ACCECN1 = 174;
const BASE = 2;
const PER_FIELD = 3;
const MAX_OPTIONS = 40;
const U24 = 0xff_ffff;
/** The option is sent at least once while a counter grows by so many bytes: 24 bits must not wrap unseen (§3.2.3.3). */
const UNSEEN = 22;
/** Bytes sent after which an option that comes for the first time is too late: counters may have wrapped. */
const TOO_LATE = 2 ** 23 - 1;

/** Index of the counter in `receivedBytes` by place in the option, order 1: ECT(1), CE, ECT(0); and what each begins with (§3.2.1). */
const ORDER_1 = [0, 2, 1];
const ORDER_0 = [1, 2, 0];
const INIT = [1, 1, 0];
/** How many counters an option needs so that the one of this index is in it, order 1. */
const PLACE = [1, 3, 2];

/** What counters are in a SYN-ACK: nothing came yet. */
const NOTHING: Uint32Array = /* @__PURE__ */ new Uint32Array(ACCECN_FIELDS);

/** `len` bytes came with the mark of this index. */
export function countBytes(accecn: AccEcn, index: number, len: number): void {
  const before = accecn.receivedBytes[index] as number;
  accecn.receivedBytes[index] = before + len;
  accecn.optFields = Math.max(accecn.optFields, PLACE[index] as number);
  if ((before ^ (before + len)) >>> UNSEEN !== 0) accecn.optDemand = Math.max(accecn.optDemand, 1);
}

/** Counters that an option has where so many bytes are free for it; 0 = it does not go. */
function fieldsIn(room: number, least: number): number {
  for (let fields = ACCECN_FIELDS; fields >= Math.max(least, 1); fields--) {
    if (accecnOptionLength(fields) <= room) return fields;
  }
  return 0;
}

/** Whether the next segment shall have the option: `tcp_ecn_option`, and the peer's options come through. */
export function wantsOption(sk: TcpSock, accecn: AccEcn): boolean {
  const { tcp_ecn_option, tcp_ecn_option_beacon } = sk.tcp.sysctl;
  if (tcp_ecn_option === 0 || accecn.optSeen === NOT_SEEN || accecn.optSeen === FAIL_SEEN) return false;
  if (tcp_ecn_option >= OPTION_FULL || accecn.optDemand > 0) return true;
  return (
    tcp_ecn_option_beacon !== 0 && (sk.rcvTstamp - accecn.optStamp) * tcp_ecn_option_beacon >= sk.srtt >> 3
  );
}

/** Counters in the option of the next segment, beside `sack` bytes of SACK. */
export function optionFields(sk: TcpSock, accecn: AccEcn, sack: number): number {
  if (!wantsOption(sk, accecn)) return 0;
  return fieldsIn(MAX_OPTIONS + 20 - sk.tcpHeaderLen - sack, accecn.optFields);
}

/** Writes it at `at`. Where the next option goes. */
export function writeOption(now: number, view: DataView, at: number, accecn: AccEcn, fields: number): number {
  accecn.optFields = 0;
  accecn.optStamp = now;
  if (accecn.optDemand > 0) accecn.optDemand--;
  return writeCounters(view, at, accecn.receivedBytes, fields);
}

/** Counters in the option of a SYN-ACK whose other options have `length` bytes. */
export function synackFields(tcp_ecn_option: number, length: number): number {
  return tcp_ecn_option === 0 ? 0 : fieldsIn(MAX_OPTIONS - length, 1);
}

/** Writes that. */
export function writeSynackOption(view: DataView, at: number, fields: number): number {
  return writeCounters(view, at, NOTHING, fields);
}

function writeCounters(view: DataView, at: number, bytes: Uint32Array, fields: number): number {
  return writeAccEcn(
    view,
    at,
    fields,
    (bytes[0] as number) + 1,
    bytes[2] as number,
    (bytes[1] as number) + 1,
  );
}

/** A segment of the handshake: whether its option came through (§3.2.3.2.3). */
export function firstOption(view: DataView, seg: Segment, accecn: AccEcn): void {
  if ((seg.options.saw & SAW_ACCECN) === 0) return;
  accecn.optSeen = judgeFirst(view, seg.options.accEcnAt);
  if (accecn.optSeen === FAIL_SEEN) accecn.failMode |= OPT_FAIL_RECV;
}

/** §3.2.3.2.4: its first counter begins with 1, so that zero was made on the way. */
function judgeFirst(view: DataView, at: number): number {
  const length = view.getUint8(at + 1);
  if (length < BASE + PER_FIELD) return EMPTY_SEEN;
  return u24(view, at + BASE) === 0 ? FAIL_SEEN : COUNTER_SEEN;
}

/** Reads the counters of a segment into {@link AccEcn.told}. To be called before {@link takeOption}, for each segment. */
export function readOption(sk: TcpSock, view: DataView, seg: Segment, accecn: AccEcn): void {
  accecn.toldFields = 0;
  if ((seg.options.saw & SAW_ACCECN) === 0) {
    if (accecn.optSeen === NOT_SEEN && sk.bytesSent >= TOO_LATE) accecn.optSeen = FAIL_SEEN;
    return;
  }
  const at = seg.options.accEcnAt;
  if (accecn.optSeen < COUNTER_SEEN) {
    accecn.optSeen = judgeFirst(view, at);
    if (accecn.optSeen === FAIL_SEEN) accecn.failMode |= OPT_FAIL_RECV;
  }
  if ((accecn.failMode & OPT_FAIL_RECV) !== 0 || accecn.optSeen === FAIL_SEEN) return;
  const order = view.getUint8(at) === TCPOPT_ACCECN1 ? ORDER_1 : ORDER_0;
  const fields = Math.min(Math.floor((view.getUint8(at + 1) - BASE) / PER_FIELD), ACCECN_FIELDS);
  for (let i = 0; i < fields; i++) {
    accecn.toldIndex[i] = order[i] as number;
    accecn.told[i] = u24(view, at + BASE + i * PER_FIELD);
  }
  accecn.toldFields = fields;
}

/** Takes in what was read: the bytes that were marked with CE since, or -1 where nothing is known of that. */
export function takeOption(accecn: AccEcn): number {
  let marked = -1;
  for (let i = 0; i < accecn.toldFields; i++) {
    const index = accecn.toldIndex[i] as number;
    const before = accecn.deliveredBytes[index] as number;
    // 24 bits, the counter's: what is above half of them went back.
    const delta = ((((accecn.told[i] as number) - (INIT[index] as number) - before) & U24) << 8) >> 8;
    if (delta < 0) return -1;
    accecn.deliveredBytes[index] = before + delta;
    if (index === 2) marked = delta;
  }
  // A counter that is left out did not change (§3.2.3.1).
  return marked < 0 && accecn.toldFields > 0 ? 0 : marked;
}

function u24(view: DataView, at: number): number {
  return (view.getUint16(at) << 8) | view.getUint8(at + 2);
}

/**
 * Headers for engines: written field by field where they lie, so that a packet costs no object (`push` makes two). Nothing is
 * checked: what does not fit is cut to its bits. Options are whole 32-bit words, as Linux aligns them, and each writer returns where
 * the next one goes.
 * @module
 */
import { ACK_SEQ, CHECK, DEST, DOFF_FLAGS, SEQ, SOURCE, URG_PTR, WINDOW } from './fields.ts';
import { TCPOPT_ACCECN1, TCPOPT_EXP, TCPOPT_FASTOPEN, TCPOPT_FASTOPEN_MAGIC } from './option-kinds.ts';

// The first word of each option, NOPs and length byte included.
const MSS = 0x0204_0000;
const NOP_WINDOW = 0x0103_0300;
const NOP_NOP_SACK_PERM = 0x0101_0402;
const NOP_NOP_TIMESTAMPS = 0x0101_080a;
const SACK_PERM_TIMESTAMPS = 0x0402_080a;
const NOP_NOP_SACK = 0x0101_0500;
const NOP = 0x01;

/** Bytes of {@link writeMss}, {@link writeWscale} and {@link writeSackPermitted}. Linux's `TCPOLEN_MSS_ALIGNED`. */
export const TCPOLEN_WORD = 4;
/** Bytes of {@link writeTimestamps} and {@link writeSackPermittedTimestamps}. Linux's `TCPOLEN_TSTAMP_ALIGNED`. */
export const TCPOLEN_TSTAMP_ALIGNED = 12;
/** Bytes of {@link writeSack} in front of its blocks. Linux's `TCPOLEN_SACK_BASE_ALIGNED`. */
export const TCPOLEN_SACK_BASE_ALIGNED = 4;
/** Bytes a SACK block adds. */
export const TCPOLEN_SACK_PERBLOCK = 8;

/** Counters of the AccECN option. */
export const ACCECN_FIELDS = 3;

/** Bytes of {@link writeAccEcn} with `fields` counters. */
export function accecnOptionLength(fields: number): number {
  return (5 + 3 * fields) & ~3;
}

/** Bytes of {@link writeFastopen} with a cookie of `length` bytes. */
export function fastopenLength(length: number, exp: boolean): number {
  return (length + (exp ? 4 : 2) + 3) & ~3;
}

/**
 * Writes the twenty fixed bytes at `at`. `length` is that of the whole header with its options, a multiple of four, 20..60; `seq` and
 * `ackSeq` are int32 or u32; `flags` u9; `check` what CHECKSUM_PARTIAL wants there, the pseudo-header's sum.
 */
export function writeHeader(
  view: DataView,
  at: number,
  source: number,
  dest: number,
  seq: number,
  ackSeq: number,
  length: number,
  flags: number,
  window: number,
  check: number,
  urgPtr: number,
): void {
  view.setUint16(at + SOURCE, source);
  view.setUint16(at + DEST, dest);
  view.setInt32(at + SEQ, seq);
  view.setInt32(at + ACK_SEQ, ackSeq);
  view.setUint16(at + DOFF_FLAGS, (length << 10) | flags);
  view.setUint16(at + WINDOW, window);
  view.setUint16(at + CHECK, check);
  view.setUint16(at + URG_PTR, urgPtr);
}

/** Maximum segment size, u16 bytes: one word. */
export function writeMss(view: DataView, at: number, mss: number): number {
  view.setInt32(at, MSS | mss);
  return at + 4;
}

/** Window scale, u8, behind a NOP: one word. */
export function writeWscale(view: DataView, at: number, wscale: number): number {
  view.setInt32(at, NOP_WINDOW | wscale);
  return at + 4;
}

/** SACK-permitted behind two NOPs: one word. */
export function writeSackPermitted(view: DataView, at: number): number {
  view.setInt32(at, NOP_NOP_SACK_PERM);
  return at + 4;
}

/** Timestamps behind two NOPs: three words. */
export function writeTimestamps(view: DataView, at: number, tsval: number, tsecr: number): number {
  view.setInt32(at, NOP_NOP_TIMESTAMPS);
  view.setInt32(at + 4, tsval);
  view.setInt32(at + 8, tsecr);
  return at + 12;
}

/** SACK-permitted and timestamps, which a SYN with both has in three words: no NOP is needed. */
export function writeSackPermittedTimestamps(
  view: DataView,
  at: number,
  tsval: number,
  tsecr: number,
): number {
  view.setInt32(at, SACK_PERM_TIMESTAMPS);
  view.setInt32(at + 4, tsval);
  view.setInt32(at + 8, tsecr);
  return at + 12;
}

/**
 * SACK behind two NOPs: a word and two for each of `count` blocks, 1..4, whose left and right edges stand in turn in `edges` from
 * index `from` on.
 */
export function writeSack(view: DataView, at: number, edges: Int32Array, count: number, from = 0): number {
  view.setInt32(at, NOP_NOP_SACK | (2 + count * TCPOLEN_SACK_PERBLOCK));
  let next = at + 4;
  for (let i = 0; i < count * 2; i++, next += 4) view.setInt32(next, edges[from + i]!);
  return next;
}

/**
 * The first `fields` counters, 0..3, of AccECN in its order 1: ECT(1), CE, ECT(0) (RFC 9768 §3.2.3), of which 24 bits go; NOPs fill its last
 * word.
 */
export function writeAccEcn(
  view: DataView,
  at: number,
  fields: number,
  ee1b: number,
  eceb: number,
  ee0b: number,
): number {
  const end = at + accecnOptionLength(fields);
  view.setUint16(at, (TCPOPT_ACCECN1 << 8) | (2 + 3 * fields));
  let next = at + 2;
  for (let i = 0; i < fields; i++, next += 3) {
    const counter = i === 0 ? ee1b : i === 1 ? eceb : ee0b;
    view.setUint8(next, counter >>> 16);
    view.setUint16(next + 1, counter);
  }
  while (next < end) view.setUint8(next++, NOP);
  return end;
}

/**
 * Fast open with `cookie`; an empty one asks for one (RFC 7413 §4.1.1); NOPs fill its last word. `exp`: as an experiment, the
 * encoding of appendix A.
 */
export function writeFastopen(view: DataView, at: number, cookie: Uint8Array, exp: boolean): number {
  const { length } = cookie;
  const end = at + fastopenLength(length, exp);
  view.setUint8(at, exp ? TCPOPT_EXP : TCPOPT_FASTOPEN);
  view.setUint8(at + 1, length + (exp ? 4 : 2));
  if (exp) view.setUint16(at + 2, TCPOPT_FASTOPEN_MAGIC);
  let next = at + (exp ? 4 : 2);
  for (let i = 0; i < length; i++) view.setUint8(next++, cookie[i]!);
  while (next < end) view.setUint8(next++, NOP);
  return end;
}

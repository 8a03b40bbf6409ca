/**
 * TCP header codec: RFC 9293 §3.1.
 * @module
 */
import { CHECKSUM_PARTIAL, requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import {
  ACK_SEQ,
  CHECK,
  checksum,
  DEST,
  DOFF_FLAGS,
  dest,
  doff,
  flags,
  HLEN,
  headerLength,
  res1,
  SEQ,
  SOURCE,
  source,
  URG_PTR,
  urgPtr,
  WINDOW,
  window,
} from './fields.ts';
import { MAX_TCP_OPTION_SPACE, type Option } from './option-kinds.ts';
import { readOptionList } from './option-read.ts';
import { optionsLength, writeOptions } from './option-write.ts';

/** One field per wire field, Linux `struct tcphdr` names, host byte order. */
export interface Header {
  /** Source Port, u16. */
  source: number;
  /** Destination Port, u16. */
  dest: number;
  /** Sequence Number, u32: of the first payload byte, or of the SYN. */
  seq: number;
  /** Acknowledgment Number, u32: the next sequence number expected; meaningful with ACK. */
  ackSeq: number;
  /** Data Offset, 4 bits, 32-bit words: 5..15. */
  doff: number;
  /** What is left of Reserved, 3 bits: sent as zero, ignored on receipt. */
  res1: number;
  /** Control bits, u9: `FIN | SYN | … | AE`. */
  flags: number;
  /** Window, u16: bytes the sender takes, to be shifted by its window scale (except in a SYN). */
  window: number;
  /** Checksum, u16, over pseudo-header + header + payload. */
  check: number;
  /** Urgent Pointer, u16: bytes from `seq`; meaningful with URG. */
  urgPtr: number;
  /** Options in wire order, up to 40 bytes; empty when `doff` is 5. */
  options: Option[];
}

/** What {@link push} needs: the rest is derived, or has a default. */
export interface PushHeader {
  source: number;
  dest: number;
  seq: number;
  /** Default 0: for a segment without ACK. */
  ackSeq?: number;
  /** Derived from `options`. */
  doff?: number;
  /** Default 0. */
  res1?: number;
  flags: number;
  window: number;
  /** Derived from the pseudo-header's sum, where {@link push} is given one; else 0. */
  check?: number;
  /** Default 0. */
  urgPtr?: number;
  /** Default none; padded with zeros to a multiple of four bytes. */
  options?: readonly Option[];
}

/** Why {@link check} or {@link checkPacket} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'TCP_TRUNCATED' | 'TCP_BAD_DOFF';

const NO_OPTIONS: readonly Option[] = [];

/** The checksum's place in the header, bytes: the `csumOffset` of a TCP packet with CHECKSUM_PARTIAL. */
export const CSUM_OFFSET: 16 = CHECK;

/**
 * Rules the header can break alone: it is there, and its data offset is 5 or more. Total: never throws. `decode` relies on
 * nothing else. Options are not judged, nor flags: those are for a connection to judge.
 */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  if (end - at < HLEN) return 'TCP_TRUNCATED';
  const length = headerLength(view, at);
  if (length < HLEN) return 'TCP_BAD_DOFF';
  return end - at < length ? 'TCP_TRUNCATED' : undefined;
}

/** {@link check}, and the header lies within the packet's `len` bytes. Total. `pull` relies on it. */
export function checkPacket(view: DataView, at: number, end: number, len: number): Drop | undefined {
  return check(view, at, end - at > len ? at + len : end); // len may end the packet before end does
}

/**
 * Bytes that `encode` writes: 20 and the options, rounded up to a multiple of four. `doff` is not asked.
 * @throws RangeError if a value in an option is out of its range.
 */
export function size(header: PushHeader | Pick<PushHeader, 'options'>): number {
  return header.options === undefined ? HLEN : HLEN + padded(optionsLength(header.options));
}

/** The header at `at`, after {@link check} passed. Bytes in options are copies. */
export function read(view: DataView, at: number): Header {
  return {
    source: source(view, at),
    dest: dest(view, at),
    seq: view.getUint32(at + SEQ),
    ackSeq: view.getUint32(at + ACK_SEQ),
    doff: doff(view, at),
    res1: res1(view, at),
    flags: flags(view, at),
    window: window(view, at),
    check: checksum(view, at),
    urgPtr: urgPtr(view, at),
    options: readOptionList(view, at + HLEN, at + headerLength(view, at)),
  };
}

/**
 * The header at `offset`, 0..`bytes.length`; what follows it is not looked at.
 * @throws WireError with a code of {@link check}; RangeError for an offset that is no place in the bytes.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('tcp', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, offset, bytes.length));
  return read(view, offset);
}

/**
 * Writes exactly `size(header)` bytes, every field as given, valid or not; options are padded with zeros.
 * @throws RangeError, and nothing written, if `into` is too short, `offset` no place in it, a field out of its range, or
 * options exceed 40 bytes.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  const { source, dest, seq, ackSeq, doff, res1, flags, window, check, urgPtr, options } = header;
  const length = HLEN + paddedOptions(options);
  checkRanges(source, dest, seq, ackSeq, doff, res1, flags, window, check, urgPtr);
  requireRange('tcp', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  const bytes = into ?? new Uint8Array(offset + length);
  if (offset + length > bytes.length) {
    throw new RangeError(`tcp: ${length} bytes at ${offset} do not fit into ${bytes.length}`);
  }
  const view = viewOf(bytes);
  const word = (doff << 12) | (res1 << 9) | flags;
  write(view, offset, source, dest, seq, ackSeq, word, window, check, urgPtr);
  writeOptions(view, offset + HLEN, offset + length, options);
  return bytes;
}

/**
 * Prepends a header and sets `skb.transportHeader`. `doff` is derived unless given. So is `check`, from `pseudoSum`: the sum
 * of the pseudo-header, whose length is `size(header) + skb.len` before the call. The sum goes into the header and the packet
 * becomes CHECKSUM_PARTIAL, to be completed by the device. Without both, `check` is 0.
 * @throws RangeError, and nothing changed, if a field does not fit, options exceed 40 bytes, or headroom is short.
 */
export function push(skb: SkBuff, header: PushHeader, pseudoSum?: number): void {
  // Field by field, and no whole header to hand on: that would be garbage for each packet (172 B).
  const { source, dest, seq, flags, window } = header;
  const options = header.options ?? NO_OPTIONS;
  const length = HLEN + paddedOptions(options);
  const ackSeq = header.ackSeq ?? 0;
  const doff = header.doff ?? length >>> 2;
  const res1 = header.res1 ?? 0;
  const check = header.check ?? pseudoSum ?? 0;
  const urgPtr = header.urgPtr ?? 0;
  checkRanges(source, dest, seq, ackSeq, doff, res1, flags, window, check, urgPtr);
  const at = skb.push(length);
  const word = (doff << 12) | (res1 << 9) | flags;
  write(skb.view, at, source, dest, seq, ackSeq, word, window, check, urgPtr);
  writeOptions(skb.view, at + HLEN, at + length, options);
  skb.transportHeader = at;
  if (header.check !== undefined || pseudoSum === undefined) return;
  skb.ipSummed = CHECKSUM_PARTIAL;
  skb.csumStart = at;
  skb.csumOffset = CSUM_OFFSET;
}

/**
 * Strips the header off `skb` and sets `transportHeader`. A wrong checksum is not refused: call `verify` first.
 * @throws WireError with a code of {@link checkPacket}; the packet stays as it was.
 */
export function pull(skb: SkBuff): Header {
  if (skb.mayPull(HLEN)) skb.mayPull(headerLength(skb.view, skb.data));
  const drop = checkPacket(skb.view, skb.data, skb.tail, skb.len);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, 0, skb.len));
  const header = read(skb.view, skb.data);
  skb.transportHeader = skb.data;
  skb.pull(header.doff << 2);
  return header;
}

/** Where the field at fault stands; for missing bytes, where they ran out. */
function faultAt(drop: Drop, at: number, end: number): number {
  return drop === 'TCP_BAD_DOFF' ? at + DOFF_FLAGS : end;
}

/** Writes the fixed part; `word` is data offset, reserved bits and flags. */
function write(
  view: DataView,
  at: number,
  source: number,
  dest: number,
  seq: number,
  ackSeq: number,
  word: number,
  window: number,
  check: number,
  urgPtr: number,
): void {
  view.setUint16(at + SOURCE, source);
  view.setUint16(at + DEST, dest);
  view.setUint32(at + SEQ, seq);
  view.setUint32(at + ACK_SEQ, ackSeq);
  view.setUint16(at + DOFF_FLAGS, word);
  view.setUint16(at + WINDOW, window);
  view.setUint16(at + CHECK, check);
  view.setUint16(at + URG_PTR, urgPtr);
}

function checkRanges(
  source: number,
  dest: number,
  seq: number,
  ackSeq: number,
  doff: number,
  res1: number,
  flags: number,
  window: number,
  check: number,
  urgPtr: number,
): void {
  // A value that fits is the same behind a mask; only where one is not, is it asked which.
  if (
    (source & 0xffff) === source &&
    (dest & 0xffff) === dest &&
    seq >>> 0 === seq &&
    ackSeq >>> 0 === ackSeq &&
    (doff & 0x0f) === doff &&
    (res1 & 7) === res1 &&
    (flags & 0x1ff) === flags &&
    (window & 0xffff) === window &&
    (check & 0xffff) === check &&
    (urgPtr & 0xffff) === urgPtr
  ) {
    return;
  }
  requireRange('tcp', 'source', source, 0xffff);
  requireRange('tcp', 'dest', dest, 0xffff);
  requireRange('tcp', 'seq', seq, 0xffff_ffff);
  requireRange('tcp', 'ackSeq', ackSeq, 0xffff_ffff);
  requireRange('tcp', 'doff', doff, 0x0f);
  requireRange('tcp', 'res1', res1, 7);
  requireRange('tcp', 'flags', flags, 0x1ff);
  requireRange('tcp', 'window', window, 0xffff);
  requireRange('tcp', 'check', check, 0xffff);
  requireRange('tcp', 'urgPtr', urgPtr, 0xffff);
}

/** Bytes of options as they are written. @throws RangeError for more than fit, and for a value out of its range. */
function paddedOptions(options: readonly Option[]): number {
  const length = optionsLength(options);
  if (length <= MAX_TCP_OPTION_SPACE) return padded(length);
  throw new RangeError(`tcp: options of ${length} bytes, at most ${MAX_TCP_OPTION_SPACE} fit`);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

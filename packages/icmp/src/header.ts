/**
 * ICMP header codec: RFC 792. The eight bytes that all types have; `decodeMessage` reads what each adds.
 * @module
 */
import { requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { csumFold, csumSkb } from '@stack/skbuff/checksum';
import { CHECK, CODE, checksum, code, HLEN, REST, rest, TYPE, type } from './fields.ts';

/** One field per wire field, Linux `struct icmphdr` names, host byte order. */
export interface Header {
  /** Type, u8: `ICMP_ECHO`, …; any is legal. */
  type: number;
  /** Code, u8: what it means is the type's. */
  code: number;
  /** Checksum, u16, over header + payload. */
  check: number;
  /** The second word, u32: identifier and sequence, MTU, pointer, gateway, …: see `mtu`, `id` and the others for its parts. */
  rest: number;
}

/** What {@link push} needs: the rest is derived, or has a default. `echo`, `unreachable` and the others make one. */
export interface PushHeader {
  type: number;
  /** Default 0. */
  code?: number;
  /** Derived. */
  check?: number;
  /** Default 0. */
  rest?: number;
}

/** Why {@link check} or {@link checkPacket} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'ICMP_TRUNCATED';

/** The rule the header can break alone: it is there. Total: never throws. The checksum is another matter: see `verify`. */
export function check(_view: DataView, at: number, end: number): Drop | undefined {
  return end - at < HLEN ? 'ICMP_TRUNCATED' : undefined;
}

/** {@link check}, within the packet's `len` bytes. Total. `pull` relies on it. */
export function checkPacket(_view: DataView, at: number, end: number, len: number): Drop | undefined {
  return end - at < HLEN || len < HLEN ? 'ICMP_TRUNCATED' : undefined;
}

/** Bytes that `encode` writes: 8. */
export function size(_header?: unknown): number {
  return HLEN;
}

/** The header at `at`, after {@link check} passed. */
export function read(view: DataView, at: number): Header {
  return { type: type(view, at), code: code(view, at), check: checksum(view, at), rest: rest(view, at) };
}

/**
 * The header at `offset`, 0..`bytes.length`; what follows it is not looked at.
 * @throws WireError with a code of {@link check}; RangeError for an offset that is no place in the bytes.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('icmp', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, bytes.length);
  return read(view, offset);
}

/**
 * Writes exactly eight bytes, every field as given, valid or not.
 * @throws RangeError, and nothing written, if `into` is too short, `offset` no place in it, or a field out of its range.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  checkRanges(header.type, header.code, header.check, header.rest);
  requireRange('icmp', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  const bytes = into ?? new Uint8Array(offset + HLEN);
  if (offset + HLEN > bytes.length) {
    throw new RangeError(`icmp: ${HLEN} bytes at ${offset} do not fit into ${bytes.length}`);
  }
  write(viewOf(bytes), offset, header.type, header.code, header.check, header.rest);
  return bytes;
}

/**
 * Prepends a header and sets `skb.transportHeader`. The checksum, over the header and all of the packet behind it, is computed
 * unless given.
 * @throws RangeError, and nothing changed, if a field does not fit or headroom is short.
 */
export function push(skb: SkBuff, header: PushHeader): void {
  const { type, code = 0, check = 0, rest = 0 } = header;
  checkRanges(type, code, check, rest);
  const at = skb.push(HLEN);
  write(skb.view, at, type, code, check, rest);
  if (header.check === undefined) skb.view.setUint16(at + CHECK, csumFold(csumSkb(skb, 0, skb.len)));
  skb.transportHeader = at;
}

/**
 * Strips the header off `skb` and sets `transportHeader`. A wrong checksum is not refused: call `verify` first.
 * @throws WireError with a code of {@link checkPacket}; the packet stays as it was.
 */
export function pull(skb: SkBuff): Header {
  skb.mayPull(HLEN);
  const drop = checkPacket(skb.view, skb.data, skb.tail, skb.len);
  if (drop !== undefined) throw new WireError(drop, skb.len);
  const header = read(skb.view, skb.data);
  skb.transportHeader = skb.data;
  skb.pull(HLEN);
  return header;
}

/** Writes all eight bytes at `at`; allocates nothing, checks nothing. */
export function write(
  view: DataView,
  at: number,
  type: number,
  code: number,
  check: number,
  rest: number,
): void {
  view.setUint8(at + TYPE, type);
  view.setUint8(at + CODE, code);
  view.setUint16(at + CHECK, check);
  view.setUint32(at + REST, rest);
}

function checkRanges(type: number, code: number, check: number, rest: number): void {
  requireRange('icmp', 'type', type, 0xff);
  requireRange('icmp', 'code', code, 0xff);
  requireRange('icmp', 'check', check, 0xffff);
  requireRange('icmp', 'rest', rest, 0xffff_ffff);
}

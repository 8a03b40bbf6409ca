/**
 * EXAMPLE header codec: RFC and section here.
 * @module
 */
import { requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';

/** Bytes in an EXAMPLE header. */
export const HLEN = 4;

// Byte offsets, in wire order.
const TYPE = 0;
const LEN = 2;

/** One field per wire field, host byte order. */
export interface Header {
  /** Type of the message, u16. */
  type: number;
  /** Length, u16, bytes: header + payload, so never below {@link HLEN}. */
  len: number;
}

/** What {@link push} is given: `len` is the packet's unless said. */
export type PushHeader = Omit<Header, 'len'> & { len?: number };

/** Why {@link check} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'EXAMPLE_TRUNCATED' | 'EXAMPLE_BAD_LEN';

/** Rules the header can break alone. Total: never throws. */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  if (end - at < HLEN) return 'EXAMPLE_TRUNCATED';
  return len(view, at) < HLEN ? 'EXAMPLE_BAD_LEN' : undefined;
}

/** {@link check}, and the bytes the header promises are among `len`, which counts frags. Total. */
export function checkPacket(view: DataView, at: number, end: number, length: number): Drop | undefined {
  return check(view, at, end) ?? (len(view, at) > length ? 'EXAMPLE_TRUNCATED' : undefined);
}

/** Where the payload starts, bytes after `at`: always {@link HLEN}. */
export function headerLength(_view: DataView, _at: number): number {
  return HLEN;
}

/** Bytes {@link encode} writes. */
export function size(_header: PushHeader): number {
  return HLEN;
}

/** Type of the message, u16. */
export function type(view: DataView, at: number): number {
  return view.getUint16(at + TYPE);
}

/** Length of header and payload, u16, bytes. */
export function len(view: DataView, at: number): number {
  return view.getUint16(at + LEN);
}

/** Reads a header that {@link check} accepts. */
export function read(view: DataView, at: number): Header {
  return { type: type(view, at), len: len(view, at) };
}

/** The header at `offset`. @throws WireError with a {@link Drop}, at the field at fault or where the bytes run out. */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('EXAMPLE', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, offset, bytes.length));
  return read(view, offset);
}

/**
 * Writes a header as it is given, into a fresh array where there is no `into`. @throws RangeError if it does not fit there, or
 * a field not its range; then nothing is written.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  refuseRanges(header.type, header.len);
  requireRange('EXAMPLE', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  if (into !== undefined && into.length - offset < HLEN) {
    throw new RangeError(`EXAMPLE: a header of ${HLEN} bytes at ${offset} of ${into.length}`);
  }
  const target = into ?? new Uint8Array(offset + HLEN);
  write(viewOf(target), offset, header.type, header.len);
  return target;
}

/**
 * Prepends a header and sets `transportHeader`; `len` is derived unless given. @throws RangeError if headroom is short or a field
 * does not fit; the packet is then as it was.
 */
export function push(skb: SkBuff, header: PushHeader): void {
  const length = header.len ?? skb.len + HLEN;
  refuseRanges(header.type, length);
  const at = skb.push(HLEN);
  write(skb.view, at, header.type, length);
  skb.transportHeader = at;
}

/**
 * Strips the header, trims what is not its payload and sets `transportHeader`. @throws WireError with a {@link Drop}; the packet is
 * then as it was.
 */
export function pull(skb: SkBuff): Header {
  const drop = skb.mayPull(HLEN) ? checkPacket(skb.view, skb.data, skb.tail, skb.len) : 'EXAMPLE_TRUNCATED';
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, 0, skb.len));
  const header = read(skb.view, skb.data);
  skb.trim(header.len);
  skb.transportHeader = skb.data;
  skb.pull(HLEN);
  return header;
}

/** One line, as tcpdump would print it. */
export function format(header: Header): string {
  return `EXAMPLE, type ${header.type}, length ${header.len}`;
}

function faultAt(drop: Drop, at: number, end: number): number {
  return drop === 'EXAMPLE_TRUNCATED' ? end : at + LEN;
}

function refuseRanges(type: number, length: number): void {
  requireRange('EXAMPLE', 'type', type, 0xffff);
  requireRange('EXAMPLE', 'len', length, 0xffff);
}

function write(view: DataView, at: number, type: number, length: number): void {
  view.setUint16(at + TYPE, type);
  view.setUint16(at + LEN, length);
}

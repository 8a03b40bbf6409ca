/**
 * A small codec that keeps every law, for the test of the law suite: a fixed part of ten bytes, `hlen - 10` bytes of extra,
 * and a length field that covers the payload.
 * @module
 */
import { type SkBuff, viewOf, WireError } from '@stack/skbuff';
import fc from 'fast-check';

export const HLEN = 10;

/** Offsets in wire order. */
export const KIND = 0;
export const SAMPLE_HLEN = 1;
export const LEN = 2;
export const ID = 4;
export const RESERVED = 8;

export interface Header {
  kind: number;
  /** Bytes of header, extra included. */
  hlen: number;
  /** Bytes of header and payload. */
  len: number;
  id: number;
  /** Zero in every header a peer should send; kept as it is. */
  reserved: number;
  extra: Uint8Array;
}

export type Pushed = Omit<Header, 'len'>;

export const headers: fc.Arbitrary<Header> = fc
  .record(
    {
      kind: fc.nat(0xff),
      len: fc.integer({ min: HLEN + 20, max: 0xffff }),
      id: fc.nat(0xffff_ffff),
      extra: fc.uint8Array({ maxLength: 20 }),
    },
    { noNullPrototype: true },
  )
  .map(({ kind, len, id, extra }) => ({ kind, hlen: HLEN + extra.length, len, id, reserved: 0, extra }));

export const pushed: fc.Arbitrary<Pushed> = headers.map(({ len: _, ...rest }) => rest);

export const size = (h: Pushed): number => HLEN + h.extra.length;
export const headerLength = (view: DataView, at: number): number => view.getUint8(at + SAMPLE_HLEN);
export const kind = (view: DataView, at: number): number => view.getUint8(at + KIND);
export const len = (view: DataView, at: number): number => view.getUint16(at + LEN);
export const id = (view: DataView, at: number): number => view.getInt32(at + ID);

export function check(view: DataView, at: number, end: number): string | undefined {
  if (end - at < HLEN) return 'SAMPLE_TRUNCATED';
  if (headerLength(view, at) < HLEN) return 'SAMPLE_BAD_HLEN';
  if (headerLength(view, at) > end - at) return 'SAMPLE_TRUNCATED';
  return len(view, at) < headerLength(view, at) ? 'SAMPLE_BAD_LEN' : undefined;
}

export function checkPacket(view: DataView, at: number, end: number, packet: number): string | undefined {
  return check(view, at, end) ?? (len(view, at) > packet ? 'SAMPLE_CUT' : undefined);
}

export function read(view: DataView, at: number): Header {
  return {
    kind: kind(view, at),
    hlen: headerLength(view, at),
    len: len(view, at),
    id: id(view, at) >>> 0,
    reserved: view.getUint16(at + RESERVED),
    extra: Uint8Array.from({ length: headerLength(view, at) - HLEN }, (_, i) => view.getUint8(at + HLEN + i)),
  };
}

export function decode(bytes: Uint8Array, offset = 0): Header {
  const view = viewOf(bytes);
  const code = check(view, offset, bytes.length);
  if (code !== undefined) throw new WireError(code, offset);
  return read(view, offset);
}

export function encode(h: Header, into?: Uint8Array, offset = 0): Uint8Array {
  const target = into ?? new Uint8Array(offset + size(h));
  if (target.length - offset < size(h)) throw new RangeError('sample: target too short');
  write(viewOf(target), offset, h, h.len);
  return target;
}

export function write(view: DataView, at: number, h: Pushed, length: number): void {
  view.setUint8(at + KIND, h.kind);
  view.setUint8(at + SAMPLE_HLEN, h.hlen);
  view.setUint16(at + LEN, length);
  view.setUint32(at + ID, h.id);
  view.setUint16(at + RESERVED, h.reserved);
  for (const [i, byte] of h.extra.entries()) view.setUint8(at + HLEN + i, byte);
}

export function push(skb: SkBuff, h: Pushed): void {
  const length = skb.len + size(h);
  if (length > 0xffff) throw new RangeError('sample: too long');
  write(skb.view, skb.push(size(h)), h, length);
}

/** What `pull` would refuse `skb` with; brings the header into the linear part. */
export function refused(skb: SkBuff): string | undefined {
  if (!skb.mayPull(HLEN)) return 'SAMPLE_TRUNCATED';
  const length = headerLength(skb.view, skb.data);
  if (length >= HLEN && !skb.mayPull(length)) return 'SAMPLE_TRUNCATED';
  return checkPacket(skb.view, skb.data, skb.tail, skb.len);
}

export function pull(skb: SkBuff): Header {
  const code = refused(skb);
  if (code !== undefined) throw new WireError(code, 0);
  const h = read(skb.view, skb.data);
  skb.trim(h.len);
  skb.pull(h.hlen);
  return h;
}

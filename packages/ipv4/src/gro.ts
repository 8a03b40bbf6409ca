/**
 * Receive offload: which packets may become one, and what their header is then (Linux `inet_gro_receive`). What is merged here and cut
 * with `gsoFixup` is the same bytes again. Nothing is allocated.
 * @module
 */
import { csumPartial } from '@stack/skbuff/checksum';
import {
  CHECK,
  DADDR,
  FRAG_OFF,
  HLEN,
  ID,
  PROTOCOL,
  SADDR,
  TOS,
  TOT_LEN,
  TTL,
  VERSION_IHL,
} from './fields.ts';
import { sendCheck } from './header.ts';

/** Don't Fragment, in the word of flags and offset. */
const DF = 0x4000;

/** {@link groFollows}: not the next packet. */
export const GRO_OTHER = -1;
/** {@link groFollows}: the next packet, ids count up. */
export const GRO_COUNTS = 0;
/** {@link groFollows}: the next packet, ids stay. */
export const GRO_FIXED = 1;

/**
 * Whether the packet of `length` bytes at `at`, 20 of them linear, may be merged with others: no options, no fragment, no padding behind
 * it, a right checksum in the form that `sendCheck` writes.
 */
export function groStarts(view: DataView, at: number, length: number): boolean {
  return (
    view.getUint8(at + VERSION_IHL) === 0x45 &&
    view.getUint16(at + TOT_LEN) === length &&
    (view.getUint16(at + FRAG_OFF) & ~DF) === 0 &&
    view.getUint16(at + CHECK) !== 0xffff &&
    csumPartial(view, at, HLEN) === 0xffff
  );
}

/** Whether both packets go the same way: protocol and both addresses. */
export function groSame(view: DataView, at: number, next: DataView, nextAt: number): boolean {
  return (
    view.getInt32(at + SADDR) === next.getInt32(nextAt + SADDR) &&
    view.getInt32(at + DADDR) === next.getInt32(nextAt + DADDR) &&
    view.getUint8(at + PROTOCOL) === next.getUint8(nextAt + PROTOCOL)
  );
}

/**
 * Whether the packet at `nextAt` is the next of a super-packet of `count` at `at`: the same TTL, TOS and DF, and an id that counts up
 * ({@link GRO_COUNTS}) or, with DF, stays (RFC 6864: it then means nothing; {@link GRO_FIXED}). The second packet settles which; from
 * then on `ids` is what it was.
 */
export function groFollows(
  view: DataView,
  at: number,
  count: number,
  ids: number,
  next: DataView,
  nextAt: number,
): number {
  if (view.getUint8(at + TTL) !== next.getUint8(nextAt + TTL)) return GRO_OTHER;
  if (view.getUint8(at + TOS) !== next.getUint8(nextAt + TOS)) return GRO_OTHER;
  const fragOff = view.getUint16(at + FRAG_OFF);
  if (fragOff !== next.getUint16(nextAt + FRAG_OFF)) return GRO_OTHER;
  const step = (next.getUint16(nextAt + ID) - view.getUint16(at + ID)) & 0xffff;
  if (count === 1 && step === 0) return fragOff === DF ? GRO_FIXED : GRO_OTHER;
  if (count > 1 && ids === GRO_FIXED) return step === 0 ? GRO_FIXED : GRO_OTHER;
  return step === count ? GRO_COUNTS : GRO_OTHER;
}

/** Makes the first packet's header that of the whole, `totLen` bytes, up to 65,535. */
export function groComplete(view: DataView, at: number, totLen: number): void {
  view.setUint16(at + TOT_LEN, totLen);
  sendCheck(view, at);
}

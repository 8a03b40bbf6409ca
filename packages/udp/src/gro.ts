/**
 * Receive offload, for sockets that asked for it (`UDP_GRO`): which datagrams become one, and what their header is then (Linux
 * `udp_gro_receive_segment`). What is merged here and cut with `gsoFixup` is the same bytes again. Nothing is allocated.
 * @module
 */
import { CHECK, DEST, HLEN, LEN, SOURCE } from './fields.ts';

/** Most datagrams in one: a flood of small ones must not grow a packet without end. Linux's `UDP_GRO_CNT_MAX`. */
export const GRO_CNT_MAX = 64;

/** Whether both datagrams, of the same two hosts, are of one flow: their ports are the same. */
export function groSame(view: DataView, at: number, next: DataView, nextAt: number): boolean {
  return (
    view.getUint16(at + SOURCE) === next.getUint16(nextAt + SOURCE) &&
    view.getUint16(at + DEST) === next.getUint16(nextAt + DEST)
  );
}

/**
 * Whether the datagram at `at`, of `length` bytes with its header, may be merged with others: there is payload, it ends where the packet
 * does, and it has a checksum, for what is cut again has one.
 */
export function groStarts(view: DataView, at: number, length: number): boolean {
  return length > HLEN && view.getUint16(at + LEN) === length && view.getUint16(at + CHECK) !== 0;
}

/** Whether a datagram of `nextPayload` bytes continues a super-packet in steps of `mss`: only the last may be shorter. */
export function groFollows(mss: number, nextPayload: number): boolean {
  return nextPayload > 0 && nextPayload <= mss;
}

/** Whether a datagram of `payload` bytes is the last of a super-packet that now has `count`, in steps of `mss`. */
export function groEnds(payload: number, mss: number, count: number): boolean {
  return payload < mss || count >= GRO_CNT_MAX;
}

/** Makes the first datagram's header that of the whole, as CHECKSUM_PARTIAL has it: `pseudoSum` of all `len` bytes, up to 65,535. */
export function groComplete(view: DataView, at: number, len: number, pseudoSum: number): void {
  view.setUint16(at + LEN, len);
  view.setUint16(at + CHECK, pseudoSum);
}

/**
 * The fixed header, RFC 9293 §3.1: where each field stands, and one reader a field. Readers are for bytes that `check`
 * accepted; they allocate nothing. 32-bit fields are int32, which engines keep (see `seq.ts`); `read` gives them as u32.
 * @module
 */

/** Bytes in a TCP header without options (RFC 9293 §3.1). */
export const HLEN = 20;
/** Bytes in the longest TCP header, a data offset of 15: headroom to reserve in front of any payload. */
export const MAX_HLEN = 60;

// Byte offsets, RFC 9293 figure 1, in wire order.
export const SOURCE = 0;
export const DEST = 2;
export const SEQ = 4;
export const ACK_SEQ = 8;
export const DOFF_FLAGS = 12;
export const WINDOW = 14;
export const CHECK = 16;
export const URG_PTR = 18;

/** Source Port, u16. */
export function source(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE);
}

/** Destination Port, u16. */
export function dest(view: DataView, at: number): number {
  return view.getUint16(at + DEST);
}

/** Sequence Number, int32: `>>> 0` gives what `read` gives. */
export function seq(view: DataView, at: number): number {
  return view.getInt32(at + SEQ);
}

/** Acknowledgment Number, int32: `>>> 0` gives what `read` gives. */
export function ackSeq(view: DataView, at: number): number {
  return view.getInt32(at + ACK_SEQ);
}

/** Data Offset, 4 bits, 32-bit words. */
export function doff(view: DataView, at: number): number {
  return view.getUint8(at + DOFF_FLAGS) >>> 4;
}

/** What is left of Reserved, 3 bits. */
export function res1(view: DataView, at: number): number {
  return (view.getUint8(at + DOFF_FLAGS) >>> 1) & 7;
}

/** Control bits, u9: FIN | SYN | … | AE. */
export function flags(view: DataView, at: number): number {
  return view.getUint16(at + DOFF_FLAGS) & 0x1ff;
}

/** Window, u16, not scaled. */
export function window(view: DataView, at: number): number {
  return view.getUint16(at + WINDOW);
}

/** Checksum, u16: the field that headers call `check`, whose name is taken by the verb. */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECK);
}

/** Urgent Pointer, u16, bytes from the sequence number. */
export function urgPtr(view: DataView, at: number): number {
  return view.getUint16(at + URG_PTR);
}

/** Bytes from `at` to the payload: `doff * 4`. */
export function headerLength(view: DataView, at: number): number {
  return (view.getUint8(at + DOFF_FLAGS) >>> 2) & 0x3c;
}

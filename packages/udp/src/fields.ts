/**
 * The header, RFC 768 "Format": where each field stands, and one reader a field. Readers are for bytes that `check` accepted;
 * they allocate nothing.
 * @module
 */

/** Bytes in a UDP header (RFC 768 "Format"). */
export const HLEN = 8;

// Byte offsets, RFC 768 figure, in wire order.
export const SOURCE = 0;
export const DEST = 2;
export const LEN = 4;
export const CHECK = 6;

/** Source Port, u16. */
export function source(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE);
}

/** Destination Port, u16. */
export function dest(view: DataView, at: number): number {
  return view.getUint16(at + DEST);
}

/** Length, u16, bytes, header included. */
export function len(view: DataView, at: number): number {
  return view.getUint16(at + LEN);
}

/** Checksum, u16: the field that headers call `check`, whose name is taken by the verb. 0 = none was sent. */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECK);
}

/** Bytes from `at` to the payload: 8. */
export function headerLength(_view: DataView, _at: number): number {
  return HLEN;
}

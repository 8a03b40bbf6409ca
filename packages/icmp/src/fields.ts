/**
 * The first eight bytes of a message, RFC 792: where each field stands, and one reader a field. What the second word holds depends
 * on the type: there are readers for each of its uses. Readers are for bytes that `check` accepted; they allocate nothing.
 * @module
 */

/** Bytes that every message has: type, code, checksum, and a word whose meaning is the type's (RFC 792). */
export const HLEN = 8;

// Byte offsets, RFC 792 figures, in wire order.
export const TYPE = 0;
export const CODE = 1;
export const CHECK = 2;
export const REST = 4;
/** Of redirects. */
export const GATEWAY = 4;
/** Of queries. */
export const ID = 4;
export const SEQUENCE = 6;
/** Of errors. */
export const POINTER = 4;
export const LENGTH = 5;
export const MTU = 6;

/** Type, u8. */
export function type(view: DataView, at: number): number {
  return view.getUint8(at + TYPE);
}

/** Code, u8. */
export function code(view: DataView, at: number): number {
  return view.getUint8(at + CODE);
}

/** Checksum, u16: the field that headers call `check`, whose name is taken by the verb. */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECK);
}

/** The second word, u32, whatever the type makes of it (Linux `icmphdr.un`). */
export function rest(view: DataView, at: number): number {
  return view.getUint32(at + REST);
}

/** Identifier, u16, of echo, timestamp, information, address mask and extended echo. */
export function id(view: DataView, at: number): number {
  return view.getUint16(at + ID);
}

/** Sequence Number, u16, of the same types; of extended echo only its upper byte. */
export function sequence(view: DataView, at: number): number {
  return view.getUint16(at + SEQUENCE);
}

/** Gateway Internet Address, u32, of a redirect. */
export function gateway(view: DataView, at: number): number {
  return view.getUint32(at + GATEWAY);
}

/** Pointer, u8, of a parameter problem: the octet of the quoted packet at fault. */
export function pointer(view: DataView, at: number): number {
  return view.getUint8(at + POINTER);
}

/** Length, u8, 32-bit words of quoted packet before extensions, RFC 4884 §3; 0 = not said. Of types 3, 11 and 12. */
export function length(view: DataView, at: number): number {
  return view.getUint8(at + LENGTH);
}

/** Next-Hop MTU, u16, bytes, of a destination unreachable with code 4 (RFC 1191 §4); 0 from a router that does not say. */
export function mtu(view: DataView, at: number): number {
  return view.getUint16(at + MTU);
}

/** Bytes from `at` to what the type adds: 8. */
export function headerLength(_view: DataView, _at: number): number {
  return HLEN;
}

/**
 * The fixed header, RFC 791 §3.1: where each field stands, and one reader a field. Readers are for bytes that `check`
 * accepted; they allocate nothing. A file without imports: only then does the build put the constants into the readers.
 * @module
 */

/** Bytes in an IPv4 header without options (RFC 791 §3.1). */
export const HLEN = 20;
/** Bytes in the longest IPv4 header, an IHL of 15: headroom to reserve in front of any payload. */
export const MAX_HLEN = 60;

// Byte offsets, RFC 791 figure 4, in wire order.
export const VERSION_IHL = 0;
export const TOS = 1;
export const TOT_LEN = 2;
export const ID = 4;
export const FRAG_OFF = 6;
export const TTL = 8;
export const PROTOCOL = 9;
export const CHECK = 10;
export const SADDR = 12;
export const DADDR = 16;

/** Bytes from `at` to the payload: `ihl * 4`. */
export function headerLength(view: DataView, at: number): number {
  return (view.getUint8(at + VERSION_IHL) & 0x0f) << 2;
}

/** Version, 4 bits. */
export function version(view: DataView, at: number): number {
  return view.getUint8(at + VERSION_IHL) >>> 4;
}

/** Internet Header Length, 4 bits, 32-bit words. */
export function ihl(view: DataView, at: number): number {
  return view.getUint8(at + VERSION_IHL) & 0x0f;
}

/** Type of Service, u8. */
export function tos(view: DataView, at: number): number {
  return view.getUint8(at + TOS);
}

/** Total Length, u16, bytes. */
export function totLen(view: DataView, at: number): number {
  return view.getUint16(at + TOT_LEN);
}

/** Identification, u16. */
export function id(view: DataView, at: number): number {
  return view.getUint16(at + ID);
}

/** Flags, 3 bits. */
export function flags(view: DataView, at: number): number {
  return view.getUint8(at + FRAG_OFF) >>> 5;
}

/** Fragment Offset, 13 bits, in units of 8 bytes. */
export function fragOff(view: DataView, at: number): number {
  return view.getUint16(at + FRAG_OFF) & 0x1fff;
}

/** True for every fragment of a datagram, the first and the last included (Linux `ip_is_fragment`). */
export function isFragment(view: DataView, at: number): boolean {
  return (view.getUint16(at + FRAG_OFF) & 0x3fff) !== 0;
}

/** Time to Live, u8. */
export function ttl(view: DataView, at: number): number {
  return view.getUint8(at + TTL);
}

/** Protocol, u8. */
export function protocol(view: DataView, at: number): number {
  return view.getUint8(at + PROTOCOL);
}

/** Header Checksum, u16: the field that headers call `check`, whose name is taken by the verb. */
export function checksum(view: DataView, at: number): number {
  return view.getUint16(at + CHECK);
}

/** Source Address, u32. */
export function saddr(view: DataView, at: number): number {
  return view.getUint32(at + SADDR);
}

/** Destination Address, u32. */
export function daddr(view: DataView, at: number): number {
  return view.getUint32(at + DADDR);
}

/**
 * Fields written where they lie, to send a packet on: the header checksum moves with them (RFC 1624), right or wrong as it was.
 * For headers that `check` accepted. Nothing is allocated.
 *
 * The pseudo-header of TCP and UDP has the addresses in it: their checksum is the caller's, by `csumReplace4` of
 * `@stack/skbuff/checksum`.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import { csumReplace2, csumReplace4 } from '@stack/skbuff/checksum';
import { anyAddress } from './address-range.ts';
import { CHECK, DADDR, SADDR, TOS, TTL } from './fields.ts';
import { ECN_CE, ECN_NOT_ECT } from './tos.ts';

/** Writes the Time to Live, u8, of the header at `at`. @throws RangeError, and nothing written, if it does not fit. */
export function setTtl(view: DataView, at: number, ttl: number): void {
  requireRange('ipv4', 'ttl', ttl, 0xff);
  writeTtl(view, at, ttl);
}

/**
 * Takes one hop off the header at `at` and gives the Time to Live that is left (Linux `ip_decrease_ttl`). A router drops a
 * packet of 1 or 0 before (RFC 1812 §5.3.1): 0 becomes 255.
 */
export function decTtl(view: DataView, at: number): number {
  const ttl = (view.getUint8(at + TTL) - 1) & 0xff;
  writeTtl(view, at, ttl);
  return ttl;
}

/**
 * Writes the source of the header at `at`, u32 or int32. The transport's checksum is the caller's: `csumReplace4`.
 * @throws RangeError, and nothing written, if it does not fit.
 */
export function setSaddr(view: DataView, at: number, address: number): void {
  anyAddress('saddr', address);
  writeAddress(view, at, at + SADDR, address);
}

/**
 * Writes the destination of the header at `at`, u32 or int32. The transport's checksum is the caller's: `csumReplace4`.
 * @throws RangeError, and nothing written, if it does not fit.
 */
export function setDaddr(view: DataView, at: number, address: number): void {
  anyAddress('daddr', address);
  writeAddress(view, at, at + DADDR, address);
}

/**
 * Marks the header at `at`: congestion was met, RFC 3168 §5 (Linux `IP_ECN_set_ce`). False, and nothing written, where it is not ECN-capable:
 * such a packet is to be dropped instead.
 */
export function setCe(view: DataView, at: number): boolean {
  const from = view.getUint16(at); // with version and length: checksums are over 16-bit words
  if ((from & ECN_CE) === ECN_NOT_ECT) return false;
  view.setUint8(at + TOS, from | ECN_CE);
  view.setUint16(at + CHECK, csumReplace2(view.getUint16(at + CHECK), from, from | ECN_CE));
  return true;
}

function writeTtl(view: DataView, at: number, ttl: number): void {
  const from = view.getUint16(at + TTL); // with the protocol: checksums are over 16-bit words
  const to = (ttl << 8) | (from & 0xff);
  view.setUint16(at + TTL, to);
  view.setUint16(at + CHECK, csumReplace2(view.getUint16(at + CHECK), from, to));
}

function writeAddress(view: DataView, at: number, field: number, address: number): void {
  const from = view.getInt32(field);
  view.setInt32(field, address);
  view.setUint16(at + CHECK, csumReplace4(view.getUint16(at + CHECK), from, address));
}

/**
 * MAC addresses as 48-bit safe integers, the first octet in the high bits: `===`, map keys and no allocation. Bit operators
 * work on 32 bits and must not be used on them.
 * @module
 */
import { requireRange } from '@stack/skbuff';

/** The broadcast address, ff:ff:ff:ff:ff:ff. */
export const BROADCAST = 0xffff_ffff_ffff;

/** How {@link formatMac} writes an address: `00:1f:29:da:2d:79`, `00-1f-29-da-2d-79` or Cisco's `001f.29da.2d79`. */
export type MacStyle = 'colon' | 'dash' | 'dot';

const OCTETS =
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$|^[0-9a-f]{2}(-[0-9a-f]{2}){5}$|^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/i;

/** An address from its text in any {@link MacStyle}, in either case. @throws RangeError for any other text. */
export function parseMac(text: string): number {
  if (!OCTETS.test(text)) throw new RangeError(`ethernet: ${JSON.stringify(text)} is not a MAC address`);
  return Number.parseInt(text.replace(/[:.-]/g, ''), 16);
}

/** The text of an address in lower case. @throws RangeError if it is not a 48-bit unsigned integer. */
export function formatMac(mac: number, style: MacStyle = 'colon'): string {
  macRange('address', mac);
  const digits = mac.toString(16).padStart(12, '0');
  if (style === 'dot') return `${digits.slice(0, 4)}.${digits.slice(4, 8)}.${digits.slice(8)}`;
  return (digits.match(/../g) as string[]).join(style === 'dash' ? '-' : ':');
}

/** @throws RangeError, naming the field, unless it is an address. */
export function macRange(name: string, mac: number): void {
  requireRange('ethernet', name, mac, BROADCAST, '; parseMac reads text');
}

/** Whether a number is an address: an integer of at most 48 bits. */
export function isMac(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= BROADCAST;
}

/** Whether the I/G bit says that the address is a group's; broadcast is one. IEEE 802 §8.2.2. */
export function isMulticast(mac: number): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 1) === 1;
}

/** Whether the address is everybody's. */
export function isBroadcast(mac: number): boolean {
  return mac === BROADCAST;
}

/** Whether the U/L bit says that the address was not assigned by its manufacturer. IEEE 802 §8.2.2. */
export function isLocallyAdministered(mac: number): boolean {
  return (Math.floor(mac / 0x100_0000_0000) & 2) === 2;
}

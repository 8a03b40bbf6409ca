/**
 * Headers for engines: written field by field where they lie, so that a packet costs no object (`push` makes two).
 * @module
 */
import { CHECK, DADDR, FRAG_OFF, ID, SADDR, TOT_LEN, TTL, VERSION_IHL } from './fields.ts';

/**
 * Writes a header of twenty bytes at `at`, its checksum included. Nothing is checked: what does not fit is cut to its bits.
 * `fragOff` is the whole word, flags in its upper three bits (`FLAG_DF << 13`) and the offset in units of 8 bytes; addresses are u32
 * or int32. A header with options: put them behind it, set the first byte, and call `sendCheck`. A super-packet of more than 65,535
 * bytes has no total length, 0: it is as long as its buffer (BIG TCP, Linux `iph_set_totlen`).
 */
export function writeHeader(
  view: DataView,
  at: number,
  tos: number,
  totLen: number,
  id: number,
  fragOff: number,
  ttl: number,
  protocol: number,
  saddr: number,
  daddr: number,
): void {
  // The checksum comes from the values, not from the bytes: a store that is read back at once in another width waits for itself.
  const first = 0x4500 | (tos & 0xff);
  const hop = ((ttl & 0xff) << 8) | (protocol & 0xff);
  const total = totLen > 0xffff ? 0 : totLen;
  let sum = first + total + (id & 0xffff) + (fragOff & 0xffff) + hop;
  sum += (saddr >>> 16) + (saddr & 0xffff) + (daddr >>> 16) + (daddr & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(at + VERSION_IHL, first);
  view.setUint16(at + TOT_LEN, total);
  view.setUint16(at + ID, id);
  view.setUint16(at + FRAG_OFF, fragOff);
  view.setUint16(at + TTL, hop);
  view.setUint16(at + CHECK, ~(sum + (sum >>> 16)));
  view.setInt32(at + SADDR, saddr);
  view.setInt32(at + DADDR, daddr);
}

/**
 * What segmentation has to repair in an IPv4 header.
 * @module
 */
import { sendCheck } from './header.ts';

const TOT_LEN = 2;
const ID = 4;

/**
 * Turns the super-packet's header, copied to `at`, into that of segment `index`: `id` grows by `index` (u16, wraps),
 * `totLen` is this segment's in bytes, 20..65535, and the checksum is computed anew, as Linux `inet_gso_segment` does.
 * Ids grow for DF packets too; keeping them (`SKB_GSO_TCP_FIXEDID`) is the caller's: pass `index` 0.
 */
export function gsoFixup(view: DataView, at: number, index: number, totLen: number): void {
  view.setUint16(at + TOT_LEN, totLen);
  view.setUint16(at + ID, view.getUint16(at + ID) + index); // setUint16 keeps the low 16 bits
  sendCheck(view, at);
}

/**
 * Segmentation: what changes in the UDP header when a super-packet is cut (Linux `__udp_gso_segment`).
 * @module
 */
import { csumAdd, csumSub } from '@stack/skbuff/checksum';
import { CHECK, LEN } from './fields.ts';

/**
 * Makes a super-packet's header, copied to `at`, that of one of its datagrams. Both lengths are UDP header + payload, bytes; the
 * old one may exceed 0xffff.
 *
 * `check` must hold what CHECKSUM_PARTIAL keeps there, the folded sum of the pseudo-header (of any IP version): its length
 * changes from `oldLength` to `newLength`.
 */
export function gsoFixup(view: DataView, at: number, oldLength: number, newLength: number): void {
  view.setUint16(at + LEN, newLength);
  const sum = csumSub(view.getUint16(at + CHECK), lengthSum(oldLength));
  view.setUint16(at + CHECK, csumAdd(sum, lengthSum(newLength)));
}

/** What a length adds to a pseudo-header's sum: its two 16-bit words. */
function lengthSum(length: number): number {
  return csumAdd(length & 0xffff, length >>> 16);
}

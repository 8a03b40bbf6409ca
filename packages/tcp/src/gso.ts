/**
 * Segmentation: what changes in the TCP header when a super-packet is cut (Linux `tcp_gso_segment`).
 * @module
 */
import { csumAdd, csumSub } from '@stack/skbuff/checksum';
import { CHECK, DOFF_FLAGS, SEQ } from './fields.ts';
import { CWR, FIN, PSH } from './flags.ts';

/**
 * Makes a super-packet's header, copied to `at`, that of segment `index` of `count`. `seq` moves by `offset`, the payload
 * bytes before it; FIN and PSH stay on the last segment only, `firstOnly` on the first.
 *
 * `firstOnly` is CWR unless given (RFC 3168 §6.1.2: one CWR for one reduction). With Accurate ECN, CWR is a bit of the ACE
 * counter, which every segment carries (RFC 9768 §3.2.2): give 0 (Linux `SKB_GSO_TCP_ACCECN`).
 *
 * `check` must hold what CHECKSUM_PARTIAL keeps there, the folded sum of the pseudo-header (of any IP version): its length
 * changes from `oldLength` to `newLength`, both TCP header + payload in bytes, the old one possibly above 0xffff.
 */
export function gsoFixup(
  view: DataView,
  at: number,
  index: number,
  count: number,
  offset: number,
  oldLength: number,
  newLength: number,
  firstOnly: number = CWR,
): void {
  view.setInt32(at + SEQ, (view.getInt32(at + SEQ) + offset) | 0);
  let clear = 0;
  if (index < count - 1) clear |= FIN | PSH;
  if (index > 0) clear |= firstOnly;
  if (clear !== 0) view.setUint16(at + DOFF_FLAGS, view.getUint16(at + DOFF_FLAGS) & ~clear);
  const sum = csumSub(view.getUint16(at + CHECK), lengthSum(oldLength));
  view.setUint16(at + CHECK, csumAdd(sum, lengthSum(newLength)));
}

/** What a length adds to a pseudo-header's sum: its two 16-bit words. */
function lengthSum(length: number): number {
  return csumAdd(length & 0xffff, length >>> 16);
}

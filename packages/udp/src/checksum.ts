/**
 * The UDP checksum: RFC 768 "Fields", over any pseudo-header's sum.
 * @module
 */
import { CHECKSUM_COMPLETE, CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, type SkBuff } from '@stack/skbuff';
import { csumAdd, csumFold, csumPartial, csumSkb } from '@stack/skbuff/checksum';
import { CHECK } from './fields.ts';

/**
 * Whether the checksum of the datagram `skb` (`data` at its UDP header, at least eight linear bytes, trimmed to its length) is
 * right. `pseudoSum` is the sum of the pseudo-header with `skb.len` as length. A checksum of 0 is none and counts as right: IPv6
 * hosts ask `checksum(view, at) !== 0` before (RFC 8200 §8.1). What the device said counts: CHECKSUM_UNNECESSARY is right,
 * CHECKSUM_COMPLETE gives its sum, CHECKSUM_PARTIAL has not been on a wire. Else the whole datagram is summed.
 */
export function verify(skb: SkBuff, pseudoSum: number): boolean {
  switch (skb.ipSummed) {
    case CHECKSUM_UNNECESSARY:
    case CHECKSUM_PARTIAL:
      return true;
    default:
      break;
  }
  if (skb.view.getUint16(skb.data + CHECK) === 0) return true;
  if (skb.ipSummed === CHECKSUM_COMPLETE) return csumAdd(skb.csum, pseudoSum) === 0xffff;
  return csumSkb(skb, 0, skb.len, pseudoSum) === 0xffff;
}

/**
 * What the checksum field of the datagram of `len` bytes at `at` should be, 1..0xffff; what it holds is not counted. `len` is 8
 * or more; `pseudoSum` as for {@link verify}.
 */
export function checksumOf(view: DataView, at: number, len: number, pseudoSum: number): number {
  const sum = csumPartial(view, at, CHECK, pseudoSum);
  const check = csumFold(csumPartial(view, at + CHECK + 2, len - CHECK - 2, sum));
  // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
  return check === 0 ? 0xffff : check;
}

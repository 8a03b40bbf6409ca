/**
 * The TCP checksum: RFC 9293 §3.1, over any pseudo-header's sum.
 * @module
 */
import { CHECKSUM_COMPLETE, CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, type SkBuff } from '@stack/skbuff';
import { csumAdd, csumFold, csumPartial, csumSkb } from '@stack/skbuff/checksum';
import { CHECK } from './fields.ts';

/**
 * Whether the checksum of the segment `skb` (`data` at its TCP header, trimmed to its length) is right. `pseudoSum` is the
 * sum of the pseudo-header with `skb.len` as length. What the device said counts: CHECKSUM_UNNECESSARY is right,
 * CHECKSUM_COMPLETE gives its sum, CHECKSUM_PARTIAL has not been on a wire. Else the whole segment is summed.
 */
export function verify(skb: SkBuff, pseudoSum: number): boolean {
  switch (skb.ipSummed) {
    case CHECKSUM_UNNECESSARY:
    case CHECKSUM_PARTIAL:
      return true;
    case CHECKSUM_COMPLETE:
      return csumAdd(skb.csum, pseudoSum) === 0xffff;
    default:
      return csumSkb(skb, 0, skb.len, pseudoSum) === 0xffff;
  }
}

/**
 * What the checksum field of the segment of `len` bytes at `at` should be, 0..0xffff; what it holds is not counted. `len` is
 * 20 or more; `pseudoSum` as for {@link verify}.
 */
export function checksumOf(view: DataView, at: number, len: number, pseudoSum: number): number {
  const sum = csumPartial(view, at, CHECK, pseudoSum);
  return csumFold(csumPartial(view, at + CHECK + 2, len - CHECK - 2, sum));
}

/**
 * The ICMP checksum: RFC 792, over the whole message and no pseudo-header.
 * @module
 */
import { CHECKSUM_COMPLETE, CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, type SkBuff } from '@stack/skbuff';
import { csumFold, csumPartial, csumSkb } from '@stack/skbuff/checksum';
import { CHECK } from './fields.ts';

/**
 * Whether the checksum of the message `skb` (`data` at its ICMP header, link padding trimmed) is right. What the device said
 * counts: CHECKSUM_UNNECESSARY is right, CHECKSUM_COMPLETE gives its sum, CHECKSUM_PARTIAL has not been on a wire. Else the whole
 * message is summed.
 */
export function verify(skb: SkBuff): boolean {
  switch (skb.ipSummed) {
    case CHECKSUM_UNNECESSARY:
    case CHECKSUM_PARTIAL:
      return true;
    case CHECKSUM_COMPLETE:
      return skb.csum === 0xffff;
    default:
      return csumSkb(skb, 0, skb.len) === 0xffff;
  }
}

/** What the checksum field of the message of `len` bytes at `at` should be, 0..0xffff; what it holds is not counted. `len` is 4 or more. */
export function checksumOf(view: DataView, at: number, len: number): number {
  const sum = csumPartial(view, at, CHECK);
  return csumFold(csumPartial(view, at + CHECK + 2, len - CHECK - 2, sum));
}

/** Computes and writes the checksum of the message of `len` bytes at `at`, after it was changed in place. */
export function sendCheck(view: DataView, at: number, len: number): void {
  view.setUint16(at + CHECK, checksumOf(view, at, len));
}

/**
 * The software half of transmit checksum offload.
 * @module
 */
import { csumFold, csumSkb } from './checksum.ts';
import { CHECKSUM_NONE, CHECKSUM_PARTIAL } from './constants.ts';
import type { SkBuff } from './skbuff.ts';

/**
 * Completes a `CHECKSUM_PARTIAL` packet in place, as the device would have: sums from `csumStart` to the end, the seed in
 * the checksum field included, and writes the complement there. Needs no knowledge of the protocol. Any other state is left
 * alone. A shared head is made private first. False, and nothing changed, at the pool's limit.
 * @throws RangeError if `csumStart` or the checksum field lie outside the packet.
 */
export function checksumHelp(skb: SkBuff): boolean {
  if (skb.ipSummed !== CHECKSUM_PARTIAL) return true;
  const offset = skb.csumStart - skb.data;
  if (offset < 0 || skb.csumOffset < 0 || offset + skb.csumOffset + 2 > skb.len) {
    throw new RangeError(`skb: checksum at ${offset} + ${skb.csumOffset} of ${skb.len} bytes`);
  }
  if (!skb.mayPull(offset + skb.csumOffset + 2) || !skb.cow()) return false;
  const check = csumFold(csumSkb(skb, offset, skb.len - offset));
  // UDP sends 0 for "no checksum", so a computed 0 goes out as its other form; for TCP both mean the same.
  skb.view.setUint16(skb.csumStart + skb.csumOffset, check === 0 ? 0xffff : check);
  skb.ipSummed = CHECKSUM_NONE;
  return true;
}

/**
 * The frame check sequence: CRC-32 over the frame, sent low byte first (IEEE 802.3 §3.2.9). Computed only when asked for.
 * @module
 */
import { MAX_SKB_FRAGS, type SkBuff } from '@stack/skbuff';
import { CRC32_RESIDUE, crc32, crc32Skb } from '@stack/skbuff/crc32';
import { addTailroom } from './pad.ts';

/** Bytes of the frame check sequence. */
export const ETH_FCS_LEN = 4;

/** The FCS of `len` bytes at `at`, u32; on the wire it is little-endian. */
export function fcs(view: DataView, at: number, len: number): number {
  return crc32(view, at, len);
}

/**
 * Appends the FCS; behind frags it becomes a frag of its own, so that no payload moves. False, and nothing changed, where the
 * pool is at its limit.
 */
export function appendFcs(skb: SkBuff): boolean {
  const sum = crc32Skb(skb, 0, skb.len);
  if (skb.nrFrags > 0 && skb.nrFrags < MAX_SKB_FRAGS) {
    const page = skb.pool.page(ETH_FCS_LEN);
    if (page === undefined) return false;
    page.arena.view.setUint32(page.start, sum, true);
    skb.addFrag(page, page.start, ETH_FCS_LEN);
    return true;
  }
  if (!addTailroom(skb, ETH_FCS_LEN)) return false;
  const at = skb.put(ETH_FCS_LEN);
  skb.view.setUint32(at, sum, true);
  return true;
}

/** Whether the last four bytes are the FCS of those before; a packet of fewer than five has none. */
export function verifyFcs(skb: SkBuff): boolean {
  return skb.len > ETH_FCS_LEN && crc32Skb(skb, 0, skb.len) === CRC32_RESIDUE;
}

/** Takes the FCS off, right or wrong. @throws RangeError if the packet is shorter than one. */
export function stripFcs(skb: SkBuff): void {
  skb.trim(skb.len - ETH_FCS_LEN);
}

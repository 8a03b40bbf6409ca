/**
 * Padding to the least size of a frame: the device's work, since Ethernet II has no length to undo it with.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** Least bytes of a frame without its FCS (IEEE 802.3 §3.2.8). Linux's `ETH_ZLEN`. */
export const ETH_ZLEN = 60;

/**
 * Appends zeros up to {@link ETH_ZLEN} bytes; a longer frame stays. A frame so short is made linear. False, and nothing sent
 * can be read from it, where the pool is at its limit.
 */
export function pad(skb: SkBuff): boolean {
  const missing = ETH_ZLEN - skb.len;
  if (missing <= 0) return true;
  if (!addTailroom(skb, missing)) return false;
  const at = skb.put(missing);
  skb.bytes.fill(0, at, at + missing);
  return true;
}

/** Makes the packet linear and private, with room for `n` bytes behind it. False at the pool's limit. */
export function addTailroom(skb: SkBuff, n: number): boolean {
  if (!skb.linearize()) return false;
  return (skb.tailroom >= n && !skb.cloned) || skb.expandHead(0, n);
}

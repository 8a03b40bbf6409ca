/**
 * Marks of queueing disciplines (Linux `INET_ECN_set_ce`).
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import type { SkBuff } from '@stack/skbuff';

/** Says in the packet's IP header that congestion was met, where it has one that is ECN-capable. A head that others see is copied. */
export function setCe(skb: SkBuff): void {
  const at = skb.networkHeader;
  if (at < skb.data || at + ipv4.HLEN > skb.tail || skb.view.getUint8(at) >>> 4 !== 4) return;
  if (skb.cow()) ipv4.setCe(skb.view, skb.networkHeader);
}

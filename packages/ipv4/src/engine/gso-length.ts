/**
 * How long the segments of a super-packet will be.
 * @module
 */
import { SKB_GSO_UDP_L4, type SkBuff } from '@stack/skbuff';

/** Whether each segment is an IP packet of at most `mtu` bytes (Linux `skb_gso_validate_network_len`). `transportHeader` is set. */
export function gsoFits(skb: SkBuff, mtu: number): boolean {
  const transport = skb.transportHeader;
  return transport - skb.networkHeader + transportLength(skb, transport) + skb.gsoSize <= mtu;
}

/** Bytes of its UDP or TCP header; more than any packet has where a device said that there is one, and there is none. */
function transportLength(skb: SkBuff, transport: number): number {
  if ((skb.gsoType & SKB_GSO_UDP_L4) !== 0) return 8;
  return transport + 13 > skb.tail ? 0x1_0000 : (skb.view.getUint8(transport + 12) >>> 4) << 2;
}

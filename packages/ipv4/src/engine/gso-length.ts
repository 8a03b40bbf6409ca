/**
 * How long the segments of a super-packet will be.
 * @module
 */
import { SKB_GSO_UDP_L4, type SkBuff } from '@stack/skbuff';

/** Whether each segment is an IP packet of at most `mtu` bytes (Linux `skb_gso_validate_network_len`). `transportHeader` is set and linear. */
export function gsoFits(skb: SkBuff, mtu: number): boolean {
  const transport = skb.transportHeader;
  const headers = (skb.gsoType & SKB_GSO_UDP_L4) !== 0 ? 8 : (skb.view.getUint8(transport + 12) >>> 4) << 2;
  return transport - skb.networkHeader + headers + skb.gsoSize <= mtu;
}

/**
 * A tag that a packet carries beside its bytes, put between them.
 * @module
 */
import { VLAN_HLEN } from '@stack/ethernet';
import type { SkBuff } from '@stack/skbuff';

/** Bytes of both MAC addresses: a tag goes behind them. */
const ADDRESSES = 12;

/**
 * Moves the out-of-band tag into the packet, `data` at its Ethernet header (Linux `__vlan_hwaccel_push_inside`). False, and the tag still
 * beside the packet, at the pool's limit or where there are no addresses.
 */
export function pushTag(skb: SkBuff): boolean {
  if (!skb.mayPull(ADDRESSES) || !skb.cow(VLAN_HLEN)) return false;
  const at = skb.push(VLAN_HLEN);
  skb.bytes.copyWithin(at, at + VLAN_HLEN, at + VLAN_HLEN + ADDRESSES);
  skb.view.setUint16(at + ADDRESSES, skb.vlanProto);
  skb.view.setUint16(at + ADDRESSES + 2, skb.vlanTci);
  skb.macHeader = at;
  skb.vlanProto = 0;
  skb.vlanTci = 0;
  return true;
}

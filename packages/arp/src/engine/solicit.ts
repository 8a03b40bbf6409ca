/**
 * Asking who has an address (Linux `arp_solicit`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ARPOP_REQUEST } from '../codes.ts';
import { isOnLink } from './addresses.ts';
import type { Arp } from './arp.ts';
import { BROADCAST_MAC, ETH_P_IP, NUD_VALID } from './constants.ts';
import type { ArpDevice, ArpNeigh } from './ports.ts';
import { transmit } from './transmit.ts';

const IPV4_HLEN = 20;
const SADDR = 12;

/** See {@link Arp.solicit}. */
export function solicit<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  entry: ArpNeigh<D>,
  skb: SkBuff | undefined,
): void {
  const { device, address, probes } = entry;
  const { ucast_solicit, app_solicit } = entry.parms.values;
  const isUnicast = probes < ucast_solicit && (entry.state & NUD_VALID) !== 0;
  if (probes >= ucast_solicit && probes < ucast_solicit + app_solicit) {
    arp.ports.appSolicit?.(now, entry);
    return;
  }
  const source = sourceOf(arp, device, address, skb);
  transmit(now, arp, device, isUnicast ? entry.lladdr : BROADCAST_MAC, ARPOP_REQUEST, source, 0, address);
}

/**
 * RFC 826 does not say whose address a request carries; whoever hears it learns it. The packet's own source is the best guess where
 * `arp_announce` lets it.
 */
function sourceOf<D extends ArpDevice>(
  arp: Arp<D>,
  device: D,
  target: number,
  skb: SkBuff | undefined,
): number {
  const announce = arp.ports.conf(device).arp_announce;
  if (announce < 2 && skb !== undefined) {
    const saddr = saddrOf(skb);
    const isOurs = arp.ports.addressType(saddr) === 'local';
    if (isOurs && (announce !== 1 || isOnLink(arp, device, target, saddr))) return saddr;
  }
  return arp.ports.selectAddress(device, target);
}

/** The source of the packet that waits; 0 where it is no IPv4 packet. */
function saddrOf(skb: SkBuff): number {
  const at = skb.networkHeader;
  if (at < skb.head || at + IPV4_HLEN > skb.tail || skb.view.getUint8(at) >>> 4 !== 4) return 0;
  return skb.protocol === ETH_P_IP || skb.protocol === 0 ? skb.view.getUint32(at + SADDR) : 0;
}

/**
 * Packets on their way out, written where they lie (Linux `arp_send_dst`, `arp_create`).
 * @module
 */
import { ARPHRD_ETHER, ETH_P_ARP } from '../codes.ts';
import { ETHERNET_IPV4_LENGTH } from '../ethernet-ipv4.ts';
import type { Arp } from './arp.ts';
import { ETH_P_IP } from './constants.ts';
import type { ArpDevice } from './ports.ts';

/**
 * Sends a packet from `device.address` to the link-layer address `dest`. Nothing is sent on a device without ARP, or without memory:
 * whoever needs an answer asks again.
 */
export function transmit<D extends ArpDevice>(
  now: number,
  arp: Arp<D>,
  device: D,
  dest: number,
  op: number,
  spa: number,
  tha: number,
  tpa: number,
): void {
  if (device.noarp) return;
  const skb = arp.ports.pool.alloc(ETHERNET_IPV4_LENGTH, device.hardHeaderLen);
  if (skb === undefined) return;
  const at = skb.put(ETHERNET_IPV4_LENGTH);
  const { view } = skb;
  const sha = device.address;
  view.setUint32(at, ARPHRD_ETHER * 0x1_0000 + ETH_P_IP);
  view.setUint32(at + 4, 0x0604_0000 + op);
  view.setUint16(at + 8, sha / 0x1_0000_0000);
  view.setUint32(at + 10, sha % 0x1_0000_0000);
  view.setUint32(at + 14, spa);
  view.setUint16(at + 18, tha / 0x1_0000_0000);
  view.setUint32(at + 20, tha % 0x1_0000_0000);
  view.setUint32(at + 24, tpa);
  skb.networkHeader = at;
  skb.protocol = ETH_P_ARP;
  skb.dev = device;
  arp.ports.send(now, skb, device, dest);
}

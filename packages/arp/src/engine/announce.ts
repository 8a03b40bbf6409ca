/**
 * Announcements: requests from an address for itself, so that whoever knows it learns where it is now. RFC 5227 §2.3.
 * @module
 */
import { ARPOP_REQUEST } from '../codes.ts';
import type { Arp } from './arp.ts';
import { BROADCAST_MAC } from './constants.ts';
import type { ArpDevice } from './ports.ts';
import { transmit } from './transmit.ts';

/** See {@link Arp.announce}. */
export function announce<D extends ArpDevice>(now: number, arp: Arp<D>, device: D, address: number): void {
  transmit(now, arp, device, BROADCAST_MAC, ARPOP_REQUEST, address, 0, address);
}

/** See {@link Arp.notifyPeers}. */
export function notifyPeers<D extends ArpDevice>(now: number, arp: Arp<D>, device: D): void {
  for (const { local } of arp.ports.addresses(device)) announce(now, arp, device, local);
}

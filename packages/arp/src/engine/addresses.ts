/**
 * Questions about our own addresses.
 * @module
 */
import type { Arp } from './arp.ts';
import { IFA_F_SECONDARY, RT_SCOPE_LINK } from './constants.ts';
import type { ArpAddress, ArpDevice } from './ports.ts';

/** Whether some primary address of the device has a subnet with both in it (Linux `inet_addr_onlink`). */
export function isOnLink<D extends ArpDevice>(arp: Arp<D>, device: D, a: number, b: number): boolean {
  for (const own of arp.ports.addresses(device)) {
    if ((own.flags & IFA_F_SECONDARY) === 0 && isInSubnet(own, a) && isInSubnet(own, b)) return true;
  }
  return false;
}

/** Whether the device has `address`. */
export function hasAddress<D extends ArpDevice>(arp: Arp<D>, device: D, address: number): boolean {
  for (const own of arp.ports.addresses(device)) if (own.local === address) return true;
  return false;
}

/** Whether a request from `sip` for `tip`, one of our addresses, goes unanswered: `arp_ignore`. */
export function isIgnored<D extends ArpDevice>(arp: Arp<D>, device: D, sip: number, tip: number): boolean {
  switch (arp.ports.conf(device).arp_ignore) {
    case 1:
      return !hasAddress(arp, device, tip);
    case 2:
      return !hasAddress(arp, device, tip) || (sip !== 0 && !shareSubnet(arp, device, sip, tip));
    case 3:
      return !hasWiderScope(arp, tip);
    case 8:
      return true;
    default:
      return false;
  }
}

/** Whether an announcement from `sip` may make an entry: `arp_accept`. */
export function isAccepted<D extends ArpDevice>(arp: Arp<D>, device: D, sip: number): boolean {
  const { arp_accept } = arp.ports.conf(device);
  if (arp_accept !== 2) return arp_accept === 1;
  for (const own of arp.ports.addresses(device)) {
    if (own.scope <= RT_SCOPE_LINK && isInSubnet(own, sip)) return true;
  }
  return false;
}

/** Secondary addresses count here, unlike in {@link isOnLink}. */
function shareSubnet<D extends ArpDevice>(arp: Arp<D>, device: D, a: number, b: number): boolean {
  for (const own of arp.ports.addresses(device)) if (isInSubnet(own, a) && isInSubnet(own, b)) return true;
  return false;
}

function hasWiderScope<D extends ArpDevice>(arp: Arp<D>, address: number): boolean {
  for (const own of arp.ports.addresses(undefined)) {
    if (own.local === address && own.scope <= RT_SCOPE_LINK) return true;
  }
  return false;
}

function isInSubnet(own: ArpAddress, address: number): boolean {
  return ((own.address ^ address) & own.mask) === 0;
}

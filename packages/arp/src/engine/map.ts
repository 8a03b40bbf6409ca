/**
 * Link-layer addresses that need no asking (Linux `arp_constructor`, `arp_mc_map`).
 * @module
 */
import type { Arp } from './arp.ts';
import { BROADCAST_MAC } from './constants.ts';
import type { ArpDevice } from './ports.ts';

/** RFC 1112 §6.4: the low 23 bits of the group go into 01:00:5e:00:00:00. */
const MULTICAST_MAC = 0x0100_5e00_0000;
const GROUP_BITS = 0x7f_ffff;

/** See {@link Arp.mapped}. */
export function mapped<D extends ArpDevice>(arp: Arp<D>, device: D, address: number): number {
  const type = arp.ports.addressType(address);
  if (type === 'multicast') return MULTICAST_MAC + (address & GROUP_BITS);
  if (device.noarp || device.loopback) return device.address;
  if (type === 'broadcast' || device.pointToPoint) return BROADCAST_MAC;
  return -1;
}

/** See {@link Arp.key}: on such a device the address makes no difference. */
export function keyOf(device: ArpDevice, address: number): number {
  return device.loopback || device.pointToPoint ? 0 : address;
}

/**
 * The routes that come and go with addresses and devices: Linux fib_frontend.c.
 * @module
 */
import { INADDR_BROADCAST, INADDR_LOOPBACK } from '../address.ts';
import {
  IFA_F_NOPREFIXROUTE,
  IFA_F_SECONDARY,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTPROT_KERNEL,
} from './constants.ts';
import { addAddress, sameSubnet } from './devinet.ts';
import type { IfAddress, InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { KernelRoute } from './ports.ts';

/** The routes of an address: itself, and while its device is up its broadcast addresses and its subnet. */
export function addAddressRoutes(ip: Ipv4, address: IfAddress): void {
  const { device, broadcast, prefixLength } = address;
  ip.fib.add(route(address, 'local', address.local, 32));
  if (!device.dev.up) return;
  if (broadcast !== 0 && broadcast !== INADDR_BROADCAST)
    ip.fib.add(route(address, 'broadcast', broadcast, 32));
  if (!hasSubnet(address)) return;
  if ((address.flags & IFA_F_NOPREFIXROUTE) === 0) ip.fib.add(subnetRoute(address));
  if (prefixLength < 31) ip.fib.add(route(address, 'broadcast', lastOf(address), 32));
}

/** Takes them away again, except what another address of the device needs too. `address` is no longer among those. */
export function deleteAddressRoutes(ip: Ipv4, address: IfAddress): void {
  const { device, broadcast, local } = address;
  const others = device.addresses;
  if (hasSubnet(address)) {
    if ((address.flags & IFA_F_NOPREFIXROUTE) === 0) ip.fib.delete(subnetRoute(address));
    dropBroadcast(ip, address, lastOf(address));
  }
  if (broadcast !== 0 && broadcast !== INADDR_BROADCAST) dropBroadcast(ip, address, broadcast);
  if (!others.some((one) => one.local === local)) ip.fib.delete(route(address, 'local', local, 32));
  if (!ip.local.has(local)) ip.fib.addressGone(local);
}

/** The device came up. */
export function deviceUp(ip: Ipv4, now: number, device: InDevice): void {
  if (device.dev.loopback && device.addresses.length === 0) {
    addAddress(ip, now, device, { local: INADDR_LOOPBACK, prefixLength: 8 });
  }
  ip.fib.linkUp(device.dev.ifindex);
  for (const address of device.addresses) addAddressRoutes(ip, address);
}

/** The device went down. */
export function deviceDown(ip: Ipv4, device: InDevice): void {
  ip.fib.linkDown(device.dev.ifindex);
}

/** The device is gone; its addresses went before. */
export function deviceGone(ip: Ipv4, device: InDevice): void {
  ip.fib.deviceGone(device.dev.ifindex);
}

/** Only a primary brings its subnet, and no subnet is 0.0.0.0/8 or the address alone. */
function hasSubnet(address: IfAddress): boolean {
  const prefix = prefixOf(address);
  if ((address.flags & IFA_F_SECONDARY) !== 0 || prefix === 0) return false;
  return prefix !== address.local || address.prefixLength < 32;
}

function subnetRoute(address: IfAddress): KernelRoute {
  const type = address.device.dev.loopback ? 'local' : 'unicast';
  return route(address, type, prefixOf(address), address.prefixLength);
}

/** Deletes a broadcast address unless another subnet of the device has it. */
function dropBroadcast(ip: Ipv4, address: IfAddress, broadcast: number): void {
  const used = address.device.addresses.some(
    (one) =>
      one.broadcast === broadcast || (one.prefixLength < 31 && hasSubnet(one) && lastOf(one) === broadcast),
  );
  if (!used) ip.fib.delete(route(address, 'broadcast', broadcast, 32));
}

function prefixOf(address: IfAddress): number {
  return (address.address & address.mask) >>> 0;
}

function lastOf(address: IfAddress): number {
  return (address.address | ~address.mask) >>> 0;
}

function route(address: IfAddress, type: KernelRoute['type'], dst: number, length: number): KernelRoute {
  return {
    dst,
    length,
    table: type === 'unicast' ? RT_TABLE_MAIN : RT_TABLE_LOCAL,
    type,
    scope: type === 'local' ? RT_SCOPE_HOST : RT_SCOPE_LINK,
    protocol: RTPROT_KERNEL,
    metric: type === 'local' && length === 32 ? 0 : type === 'broadcast' ? 0 : address.metric,
    prefsrc: primaryOf(address).local,
    ifindex: address.device.dev.ifindex,
  };
}

/** A secondary's routes prefer the source of its primary. */
function primaryOf(address: IfAddress): IfAddress {
  if ((address.flags & IFA_F_SECONDARY) === 0) return address;
  for (const one of address.device.addresses) {
    if ((one.flags & IFA_F_SECONDARY) === 0 && sameSubnet(one, address)) return one;
  }
  return address;
}

/**
 * Addresses of devices: which may be added, in which order they stand, what goes with one that is deleted. Linux devinet.c.
 * @module
 */
import { isLoopback } from '../address.ts';
import { mask } from '../prefix.ts';
import { IFA_F_SECONDARY, RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from './constants.ts';
import { addAddressRoutes, deleteAddressRoutes } from './fib-frontend.ts';
import type { IfAddress, InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Errno } from './ports.ts';

/** An address to add. */
export interface NewAddress {
  /** u32. */
  local: number;
  /** 0..32. */
  prefixLength: number;
  /** The other end of a point-to-point link, u32; its prefix is then the subnet. Default `local`. */
  peer?: number;
  /** Broadcast address, u32. Default none is kept; packets to the subnet's last address are broadcast in any case. */
  broadcast?: number;
  /** `RT_SCOPE_*`. Default host for 127.0.0.0/8, else universe. */
  scope?: number;
  /** Default the device's name. */
  label?: string;
  /** `IFA_F_NOPREFIXROUTE`. */
  flags?: number;
  /** Metric of the subnet's route. Default 0. */
  metric?: number;
}

/** See `Ipv4.addAddress`. */
export function addAddress(ip: Ipv4, now: number, device: InDevice, from: NewAddress): Errno | undefined {
  if (!Number.isInteger(from.prefixLength) || from.prefixLength < 0 || from.prefixLength > 32)
    return 'EINVAL';
  if (from.local === 0) return undefined; // Linux takes it, and does nothing
  const address: IfAddress = {
    device,
    local: from.local,
    address: from.peer ?? from.local,
    prefixLength: from.prefixLength,
    mask: mask(from.prefixLength),
    broadcast: from.broadcast ?? 0,
    scope: from.scope ?? (isLoopback(from.local) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE),
    flags: (from.flags ?? 0) & ~IFA_F_SECONDARY,
    metric: from.metric ?? 0,
    label: from.label ?? device.dev.name,
  };
  for (const other of device.addresses) {
    if (!sameSubnet(other, address)) continue;
    if (other.local === address.local) return 'EEXIST';
    if (other.scope !== address.scope) return 'EINVAL';
    address.flags |= IFA_F_SECONDARY;
  }
  insert(device, address);
  remember(ip, address);
  addAddressRoutes(ip, address);
  ip.genid++;
  ip.ports.addressChanged?.(now, 'NETDEV_UP', address);
  return undefined;
}

/** See `Ipv4.deleteAddress`. */
export function deleteAddress(
  ip: Ipv4,
  now: number,
  device: InDevice,
  local: number,
  prefixLength: number | undefined,
): Errno | undefined {
  const address = device.addresses.find(
    (one) => one.local === local && (prefixLength === undefined || one.prefixLength === prefixLength),
  );
  if (address === undefined) return 'EADDRNOTAVAIL';
  remove(ip, now, device, address, device.conf.promote_secondaries !== 0);
  return undefined;
}

/** Takes all addresses away, secondaries with their primaries. */
export function flushAddresses(ip: Ipv4, now: number, device: InDevice): void {
  for (let first = device.addresses[0]; first !== undefined; first = device.addresses[0]) {
    remove(ip, now, device, first, false);
  }
}

/** Whether two addresses of a device are of one subnet: the same mask and prefix. */
export function sameSubnet(a: IfAddress, b: IfAddress): boolean {
  return a.prefixLength === b.prefixLength && ((a.address ^ b.address) & a.mask) === 0;
}

/** Primaries come first, the wider scope before the narrower, in order of arrival; secondaries after all. */
function insert(device: InDevice, address: IfAddress): void {
  const list = device.addresses;
  if ((address.flags & IFA_F_SECONDARY) !== 0) {
    list.push(address);
    return;
  }
  let at = 0;
  for (let i = 0; i < list.length; i++) {
    const other = list[i] as IfAddress;
    if ((other.flags & IFA_F_SECONDARY) === 0 && address.scope <= other.scope) at = i + 1;
  }
  list.splice(at, 0, address);
}

function remove(ip: Ipv4, now: number, device: InDevice, address: IfAddress, promote: boolean): void {
  const primary = (address.flags & IFA_F_SECONDARY) === 0;
  const followers = primary
    ? device.addresses.filter((one) => (one.flags & IFA_F_SECONDARY) !== 0 && sameSubnet(one, address))
    : [];
  // The routes of followers name the primary as their source.
  if (!promote) for (const one of followers) take(ip, now, device, one);
  take(ip, now, device, address);
  const heir = promote ? followers[0] : undefined;
  if (heir === undefined) return;
  heir.flags &= ~IFA_F_SECONDARY;
  device.addresses.splice(device.addresses.indexOf(heir), 1);
  insert(device, heir);
  for (const one of followers) addAddressRoutes(ip, one);
  ip.genid++;
  ip.ports.addressChanged?.(now, 'NETDEV_UP', heir);
}

function take(ip: Ipv4, now: number, device: InDevice, address: IfAddress): void {
  device.addresses.splice(device.addresses.indexOf(address), 1);
  forget(ip, address);
  deleteAddressRoutes(ip, address);
  ip.genid++;
  ip.ports.addressChanged?.(now, 'NETDEV_DOWN', address);
}

function remember(ip: Ipv4, address: IfAddress): void {
  const list = ip.local.get(address.local);
  if (list === undefined) ip.local.set(address.local, [address]);
  else list.push(address);
}

function forget(ip: Ipv4, address: IfAddress): void {
  const list = ip.local.get(address.local) as IfAddress[];
  list.splice(list.indexOf(address), 1);
  if (list.length === 0) ip.local.delete(address.local);
}

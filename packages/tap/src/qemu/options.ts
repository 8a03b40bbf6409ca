/**
 * What all devices over sockets are told.
 * @module
 */
import { randomInt } from 'node:crypto';
import type { Pool } from '@stack/skbuff';
import { type DeviceDrop, ETH_HLEN, freeDropped } from '@stack/skbuff/netdev';

/** What every device over a socket may be told. */
export interface SocketDeviceOptions {
  /** Where received frames get their memory: the host's. */
  pool: Pool;
  /** Interface name. Default `eth0`. */
  name?: string;
  /** Bytes behind the Ethernet header, 68..65535. Default 1500. */
  mtu?: number;
  /** MAC address, u48. Default: random, locally administered. */
  address?: number;
  /** Takes over what the device drops, with Linux's reason. Default: frees it. */
  drop?: DeviceDrop;
}

/** The same, complete and in range. */
export type CheckedOptions = Required<SocketDeviceOptions>;

/** Bytes of a VLAN tag, by which a frame may exceed the MTU. */
export const VLAN_HLEN = 4;

const MAX_MAC = 0xffff_ffff_ffff;
const LOCAL_MAC = 0x02_00_00_00_00_00;

/** @throws RangeError for an option out of its range. */
export function checkOptions(options: SocketDeviceOptions): CheckedOptions {
  const { pool, name = 'eth0', mtu = 1500, address = randomAddress(), drop = freeDropped } = options;
  return {
    pool,
    name,
    mtu: within('mtu', mtu, 68, 0xffff),
    address: within('address', address, 0, MAX_MAC),
    drop,
  };
}

/** Bytes of the longest frame of an MTU, with one VLAN tag. */
export function longestFrame(mtu: number): number {
  return mtu + ETH_HLEN + VLAN_HLEN;
}

/** @throws RangeError unless `value` is a whole number within the bounds. */
export function within(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`tap: ${name} ${String(value)} is not within ${min}..${max}`);
  }
  return value;
}

/** A unicast address of nobody's. */
function randomAddress(): number {
  return LOCAL_MAC + randomInt(2 ** 40);
}

/**
 * What a NIC is made with.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { Clock } from './clock.ts';
import { type Features, MAX_MTU, MIN_MTU, type Segmenter } from './core.ts';
import type { Memory } from './memory.ts';
import type { Nic } from './nic.ts';
import type { Trace } from './trace.ts';

/** How to make a {@link Nic}. */
export interface NicOptions {
  clock: Clock;
  /** Where receive buffers and frames in flight come from. */
  pool: Pool;
  /** MAC address, a 48-bit integer. */
  address: number;
  /** Interface name. Default `eth0`. */
  name?: string;
  /** Interface index. Default 0: whoever takes the NIC assigns one. */
  ifindex?: number;
  /** Bytes of payload behind the Ethernet header, 68..16110. Default 1500. */
  mtu?: number;
  /** See {@link Nic.receive}. */
  receive?: (skb: SkBuff) => void;
  /** See {@link Nic.interrupt}. */
  interrupt?: (nic: Nic) => void;
  /** See {@link Nic.segment}. */
  segment?: Segmenter;
  /** What differs from `rx tx tso rxvlan txvlan` on, `rx-fcs rx-all` off. */
  features?: Partial<Features>;
  /** Descriptors, a multiple of 8 within 8..4096. Default 256. */
  txRing?: number;
  /** Descriptors, a multiple of 8 within 8..4096. Default 256. */
  rxRing?: number;
  /** Bytes in front of received packets, 0..1024. Default 66: room for headers, and IP headers aligned to four bytes. */
  rxHeadroom?: number;
  /** Least time between interrupts, in units of 256 ns. Default 0. */
  itr?: number;
  /** Whether each frame gets its FCS at once, or only when someone looks. Default `lazy`. */
  fcs?: 'lazy' | 'always';
  /** Bytes of the largest super-packet the device cuts. Default 65536. */
  gsoMaxSize?: number;
  /** Segments of the largest super-packet the device cuts. Default 65535. */
  gsoMaxSegs?: number;
  /** The physical memory it shares with others. Default: its own. */
  memory?: Memory;
  /** Told of each step. An error it throws comes out of the clock, at the same moment; the NIC goes on. */
  trace?: Trace;
  /** See {@link Nic.linkChange}. */
  linkChange?: (nic: Nic, up: boolean) => void;
}

/** All features, as a NIC is made with them. @throws RangeError for a name that is none. */
export function allFeatures(changes: Partial<Features> = {}): Features {
  return {
    rx: true,
    tx: true,
    tso: true,
    rxvlan: true,
    txvlan: true,
    'rx-fcs': false,
    'rx-all': false,
    ...checkFeatures(changes),
  };
}

/** @throws RangeError for a name that is none. */
export function checkFeatures(changes: Partial<Features>): Partial<Features> {
  for (const name of Object.keys(changes)) {
    if (!FEATURES.includes(name)) throw new RangeError(`nic: no feature ${name}`);
  }
  return changes;
}

const FEATURES: readonly string[] = ['rx', 'tx', 'tso', 'rxvlan', 'txvlan', 'rx-fcs', 'rx-all'];

/** @throws RangeError if it is not within 68..16110. */
export function checkMtu(mtu: number): number {
  if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > MAX_MTU) {
    throw new RangeError(`nic: mtu ${mtu} is not within ${MIN_MTU}..${MAX_MTU}`);
  }
  return mtu;
}

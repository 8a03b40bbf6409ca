/**
 * What the parts of one NIC share: device engines and driver halves alike.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { LinkStats } from '@stack/skbuff/netdev';
import type { Clock } from './clock.ts';
import type { Filter } from './filter.ts';
import type { Interrupts } from './interrupt.ts';
import type { Memory } from './memory.ts';
import type { Drop, EthtoolStats } from './stats.ts';
import type { TraceStep } from './trace.ts';

/** `xmit` and `push` took the packet over. */
export const OK = 0;
/** `xmit` and `push` had no room: the caller still owns the packet. */
export const BUSY = 1;

/** EtherType of the tag the device inserts and strips: the 8254x's VET register. */
export const VET = 0x8100;
/** EtherType of a service tag (802.1ad). */
export const ETH_P_8021AD = 0x88a8;

/** The largest MTU: what Linux's e1000 allows. */
export const MAX_MTU = 16_110;
/** The smallest MTU: what IPv4 needs (RFC 791). */
export const MIN_MTU = 68;
/** Bytes of the longest frame the device handles, without FCS: the largest MTU, header and tag. */
export const MAX_FRAME: number = MAX_MTU + 18;

/**
 * Cuts a super-packet: returns the segments, each from its Ethernet header on, or `undefined` where it cannot. `skb.data` is at
 * the Ethernet header; `networkHeader`, `transportHeader`, `gsoSize`, `gsoType` and the checksum fields are set. The caller
 * keeps `skb`; the segments are the caller's, too.
 */
export type Segmenter = (skb: SkBuff) => SkBuff[] | undefined;

/** What the device or its driver may do for the host, by the names of `ethtool -K`. A type, so that it is a record of flags, too. */
export type Features = {
  /** Receive checksums: CHECKSUM_COMPLETE on what is delivered. */
  rx: boolean;
  /** Transmit checksums: the device completes CHECKSUM_PARTIAL. */
  tx: boolean;
  /** TCP segmentation by the device. Has no effect without `tx`, as in Linux. */
  tso: boolean;
  /** Strip VLAN tags off received frames. */
  rxvlan: boolean;
  /** Insert VLAN tags into sent frames. */
  txvlan: boolean;
  /** Keep the FCS at the end of received packets. */
  'rx-fcs': boolean;
  /** Deliver frames with a wrong FCS or length, too. */
  'rx-all': boolean;
};

/** State of one NIC. */
export interface Core {
  readonly name: string;
  readonly clock: Clock;
  readonly pool: Pool;
  readonly memory: Memory;
  readonly filter: Filter;
  readonly interrupts: Interrupts;
  readonly stats: LinkStats;
  readonly ethtool: EthtoolStats;
  readonly drops: Record<Drop, number>;
  readonly features: Features;
  segment: Segmenter | undefined;
  /** Told of packets that are done with, as byte queue limits want it. */
  completed: ((packets: number, bytes: number) => void) | undefined;
  readonly fcs: 'lazy' | 'always';
  readonly gsoMaxSize: number;
  readonly gsoMaxSegs: number;
  readonly trace: ((step: TraceStep) => void) | undefined;
  mtu: number;
  /** Whether there is a link, and it is up. */
  carrier: boolean;
  closed: boolean;
  /** What the segment function threw last. */
  lastError: unknown;
}

/**
 * Bytes a frame may have under this MTU: header and payload, and one tag where it carries any. A second tag counts to the payload, as
 * in Linux, which allows for one VLAN_HLEN.
 */
export function frameLimit(mtu: number, etherType: number): number {
  return mtu + (etherType === VET || etherType === ETH_P_8021AD ? 18 : 14);
}

/** Counts a frame that the device had no memory for. Linux's `tx_errors` includes `tx_fifo_errors`. */
export function countTxFifo(core: Core): void {
  core.drops.NIC_TX_NOMEM++;
  core.stats.txErrors++;
  core.stats.txFifoErrors++;
}

/** Counts a packet that could not be sent. */
export function countTxDrop(core: Core, drop: Drop): void {
  core.drops[drop]++;
  if (drop === 'NIC_CLOSED' || drop === 'NIC_TX_NOMEM') core.stats.txDropped++;
  else core.stats.txErrors++;
  if (drop === 'NIC_NO_CARRIER') core.stats.txCarrierErrors++;
  if (drop === 'NIC_TX_ABORT') core.stats.txAbortedErrors++;
}

/** @throws RangeError unless `count` is a multiple of 8 (TDLEN and RDLEN are in units of 128 bytes) within 8..4096. */
export function checkRingSize(count: number): void {
  if (!Number.isInteger(count) || count < 8 || count > 4096 || count % 8 !== 0) {
    throw new RangeError(`nic: a ring of ${count} descriptors; give a multiple of 8 within 8..4096`);
  }
}

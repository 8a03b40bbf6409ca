/**
 * What the neighbour table needs from those around it, as small as it can be. The host passes the real things.
 * @module
 */
import type { Neighbour } from './neighbour.ts';

/** An error by its name in errno.h, such as `ENOENT`. */
export type Errno = string;

/** A packet went to the device's queue, or waits for an address. */
export const OK = 0;

/** A packet, as far as a queue of them cares. `@stack/skbuff` packets are such. */
export interface QueuedSkb {
  /** What it costs in Linux's books, bytes. */
  readonly truesize: number;
  /** The link of whoever queues it. */
  next: this | undefined;
}

/** A device as its neighbours see it (Linux `struct net_device`). Live: fields are read when they are needed. */
export interface NeighDevice {
  /** From 1. */
  readonly ifindex: number;
  /** Such as `eth0`. */
  readonly name: string;
}

/** `net.ipv4.neigh.<device>.*`, live, in the units of /proc/sys. */
export interface NeighParms {
  /** Broadcast probes of an entry without an address. */
  readonly mcast_solicit: number;
  /** Unicast probes of an entry that is in doubt. */
  readonly ucast_solicit: number;
  /** Probes that are left to a daemon. */
  readonly app_solicit: number;
  /** Broadcast probes of an entry in doubt, after the unicast ones. */
  readonly mcast_resolicit: number;
  /** Time between probes, ms; below 10 it counts as 10. */
  readonly retrans_time_ms: number;
  /** An entry stays reachable for half to three halves of this, at random, ms. */
  readonly base_reachable_time_ms: number;
  /** How long a stale entry that is used waits for a confirmation before it is probed, s. */
  readonly delay_first_probe_time: number;
  /** Time after which an entry that is not used may be collected, s. */
  readonly gc_stale_time: number;
  /** Truesize that may wait for one entry to resolve, bytes. */
  readonly unres_qlen_bytes: number;
  /** Requests that may wait to be answered for others, packets. */
  readonly proxy_qlen: number;
  /** Longest random wait before such an answer, 1/100 s. */
  readonly proxy_delay: number;
  /** How long an answer is not overwritten by another one, 1/100 s. */
  readonly locktime: number;
}

/** `net.ipv4.neigh.default.*`: what is there once for the table, beside the values of new devices. */
export interface NeighTableParms {
  /** Entries below which none is collected. */
  readonly gc_thresh1: number;
  /** Entries above which those older than five seconds go. */
  readonly gc_thresh2: number;
  /** Entries that no new one is made past. */
  readonly gc_thresh3: number;
  /** Half of it is the time between two looks for entries to collect, ms. */
  readonly base_reachable_time_ms: number;
}

/** One timer, Linux `struct timer_list`. */
export interface Timer {
  /** Whether it will fire. */
  readonly pending: boolean;
  /** When, absolute µs. */
  readonly expires: number;
  /** Arms it, again or anew, for an absolute time in µs; never fires from within the call. */
  mod(expires: number): void;
  /** Disarms it; whether it was armed. */
  del(): boolean;
}

/** Where timers come from. */
export interface Timers {
  /** A timer that calls `fire(now, argument)` at its time. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
}

/** What an address is, to the table. Addresses are never looked into. */
export interface AddressOps<A> {
  /** An int32 that equal addresses have in common; the table mixes it with a secret of its own. */
  hash(address: A): number;
  /** Whether two are the same. */
  same(a: A, b: A): boolean;
  /** As text, for people. */
  format(address: A): string;
}

/** Why the table drops a packet: Linux's `enum skb_drop_reason` without prefix. */
export type NeighDrop = 'NEIGH_FAILED' | 'NEIGH_QUEUEFULL' | 'NEIGH_DEAD' | 'QUEUE_PURGE' | 'NOT_SPECIFIED';

/** The layers around the table. */
export interface NeighPorts<A, S extends QueuedSkb, D extends NeighDevice> {
  readonly timers: Timers;
  /** A u32, at random. */
  readonly random: () => number;
  /** The table's own settings, live. */
  readonly table: NeighTableParms;
  /** The settings of a device, live; asked once for each device. */
  parms(device: D): NeighParms;
  /**
   * The address under which an entry is kept. ARP keeps one entry, 0.0.0.0, for a whole loopback or point-to-point device.
   * Default: the address itself.
   */
  key?(device: D, address: A): A;
  /**
   * The link-layer address that needs no asking, for a new entry: of a group, of the broadcast address, of any on a device where
   * there is nobody to ask; the entry is then NOARP. -1 = it must be resolved.
   */
  mapped(device: D, address: A): number;
  /**
   * Asks who has `entry.address` (Linux `ops->solicit`): to `entry.lladdr` while `entry.probes` is below `ucast_solicit`, then a
   * daemon, then everybody. `skb` is the packet that waits, lent for a look at its source address.
   */
  solicit(now: number, entry: Neighbour<A, S, D>, skb: S | undefined): void;
  /**
   * Sends a packet to `entry.lladdr` over `entry.device`: pushes the link-layer header (keep a ready one in `entry.hh`) and queues it.
   * Takes it over and answers OK 0, DROP 1 or CN 2.
   */
  send(now: number, skb: S, entry: Neighbour<A, S, D>): number;
  /**
   * Nobody answered (Linux `ops->error_report`): tells the packet's source, EHOSTUNREACH or ICMP host unreachable. The packet is
   * lent; {@link drop} gets it next.
   */
  unreachable(now: number, skb: S, entry: Neighbour<A, S, D>): void;
  /** Takes a packet over that is dropped: counts, traces, frees. */
  drop(skb: S, reason: NeighDrop): void;
  /** A request that {@link NeighTable.proxyEnqueue} kept is due. Takes it over. */
  proxyRedo?(now: number, skb: S, device: D): void;
  /**
   * An entry changed its state or its link-layer address, or went (`entry.dead`); `old` is the state before, the same one where only the
   * address changed. What Linux tells by `neigh:neigh_update` and RTM_NEWNEIGH. It must not change the table.
   */
  notify?(now: number, entry: Neighbour<A, S, D>, old: number): void;
}

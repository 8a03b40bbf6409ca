/**
 * net.ipv4.neigh.{default,<device>}.*.
 * @module
 */

/** `net.ipv4.neigh.<device>.*` */
export const NEIGH = {
  /** Broadcast or multicast probes of an entry without an address. */
  mcast_solicit: { kind: 'int', default: 3, min: 0, unit: 'probes' },
  /** Unicast probes of an entry that is in doubt. */
  ucast_solicit: { kind: 'int', default: 3, min: 0, unit: 'probes' },
  /** Probes that are left to a daemon. */
  app_solicit: { kind: 'int', default: 0, min: 0, unit: 'probes' },
  /** Broadcast or multicast probes after the unicast ones. */
  mcast_resolicit: { kind: 'int', default: 0, min: 0, unit: 'probes' },
  /** Time between probes. */
  retrans_time_ms: { kind: 'ms', default: 1000, unit: 'ms' },
  /** Base of the time an entry stays reachable: half to three halves of this, at random. */
  base_reachable_time_ms: { kind: 'ms', default: 30_000, unit: 'ms' },
  /** How long a stale entry that is used waits for a confirmation before it is probed. */
  delay_first_probe_time: { kind: 'seconds', default: 5, unit: 's' },
  /** Time after which an unused entry may be collected. */
  gc_stale_time: { kind: 'seconds', default: 60, unit: 's' },
  /** Bytes that may wait for an entry to resolve. */
  unres_qlen_bytes: { kind: 'int', default: 212_992, min: 0, unit: 'bytes' },
  /** The same in full Ethernet frames: writing one writes the other. */
  unres_qlen: { kind: 'int', default: 101, min: 0, max: 1_027_504, unit: 'packets' },
  /** Requests that may wait to be answered for others. */
  proxy_qlen: { kind: 'int', default: 64, min: 0, unit: 'packets' },
  /** Longest random wait before such an answer. */
  proxy_delay: { kind: 'ticks', default: 80, unit: '1/100 s' },
  /** How long an entry is not overwritten by another answer. */
  locktime: { kind: 'ticks', default: 100, unit: '1/100 s' },
} as const;

/** `net.ipv4.neigh.default.*`, what there is besides {@link NEIGH}: the whole table's. */
export const NEIGH_TABLE = {
  /** Entries below which none is collected. */
  gc_thresh1: { kind: 'int', default: 128, min: 0, unit: 'entries' },
  /** Entries above which those older than five seconds go. */
  gc_thresh2: { kind: 'int', default: 512, min: 0, unit: 'entries' },
  /** Entries above which no new one is made. */
  gc_thresh3: { kind: 'int', default: 1024, min: 0, unit: 'entries' },
} as const;

/** Truesize of a full Ethernet frame, bytes: what one packet of `unres_qlen` counts for. */
export const FRAME_TRUESIZE = 2090;

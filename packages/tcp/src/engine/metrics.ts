/**
 * What a host remembers of the paths it had connections over (Linux net/ipv4/tcp_metrics.c): for the next connection to the same peer.
 * @module
 */
import type { FastopenCookie } from './fastopen-cookie.ts';
import type { DstMetrics, Family } from './ports.ts';

/** µs that what was measured is believed. */
const TIMEOUT = 3_600_000_000;
/** Entries that may share a bucket: the one that was used longest ago gives way. */
const MOST_IN_BUCKET = 6;
const BUCKETS = 4096;

/** What is remembered for fast open. It does not grow too old. */
export interface FastopenMetrics {
  /** MSS of the peer's last SYN-ACK, bytes; 0 = none. */
  mss: number;
  cookie: FastopenCookie | undefined;
  /** 1: ask for a cookie in the other encoding next time; 2: that was tried in vain. */
  tryExp: 0 | 1 | 2;
  /** Handshakes in a row whose SYN with data got lost, or its answer. */
  synLoss: number;
  /** When that was last, µs. */
  lastSynLoss: number;
}

/** One path: the names are those of `ip tcp_metrics`. 0 = not known. */
export interface PathMetrics {
  readonly family: Family<unknown>;
  readonly saddr: unknown;
  readonly daddr: unknown;
  /** When it was written last, µs. */
  stamp: number;
  /** Eight times the round trip, µs. */
  rtt: number;
  /** Four times its deviation, µs. */
  rttvar: number;
  /** Segments. */
  ssthresh: number;
  /** Segments. */
  cwnd: number;
  /** Segments. */
  reordering: number;
  /** `LOCK_*` bits: what the route says and nothing changes. */
  locks: number;
  readonly fastopen: FastopenMetrics;
}

/** All paths of a host, bounded. */
export class MetricsCache {
  readonly #secret: number;
  readonly #buckets: (PathMetrics[] | undefined)[] = [];

  constructor(secret: number) {
    this.#secret = secret | 0;
  }

  /** What is known of a path; `route` takes the place of what is too old. */
  find(
    now: number,
    family: Family<unknown>,
    saddr: unknown,
    daddr: unknown,
    route?: DstMetrics,
  ): PathMetrics | undefined {
    const entry = this.#buckets[this.#slot(family, daddr)]?.find((one) => isPath(one, family, saddr, daddr));
    if (entry !== undefined && now - entry.stamp > TIMEOUT) takeRoute(now, entry, route);
    return entry;
  }

  /** The same, to be written to. A new one begins with what `route` says. */
  make(
    now: number,
    family: Family<unknown>,
    saddr: unknown,
    daddr: unknown,
    route?: DstMetrics,
  ): PathMetrics {
    const known = this.find(now, family, saddr, daddr, route);
    if (known !== undefined) return known;
    const slot = this.#slot(family, daddr);
    this.#buckets[slot] ??= [];
    const bucket = this.#buckets[slot];
    if (bucket.length >= MOST_IN_BUCKET) {
      bucket.splice(bucket.indexOf(bucket.reduce((a, b) => (b.stamp < a.stamp ? b : a))), 1);
    }
    const entry: PathMetrics = {
      family,
      saddr,
      daddr,
      stamp: now,
      rtt: 0,
      rttvar: 0,
      ssthresh: 0,
      cwnd: 0,
      reordering: 0,
      locks: 0,
      fastopen: { mss: 0, cookie: undefined, tryExp: 0, synLoss: 0, lastSynLoss: 0 },
    };
    takeRoute(now, entry, route);
    bucket.push(entry);
    return entry;
  }

  /** All that is known. */
  *entries(): Generator<PathMetrics, void, undefined> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket;
  }

  /** Forgets what `which` says. How many. */
  forget(which: (entry: PathMetrics) => boolean): number {
    let count = 0;
    for (const [slot, bucket] of this.#buckets.entries()) {
      if (bucket === undefined) continue;
      const left = bucket.filter((entry) => !which(entry));
      count += bucket.length - left.length;
      this.#buckets[slot] = left.length === 0 ? undefined : left;
    }
    return count;
  }

  #slot(family: Family<unknown>, daddr: unknown): number {
    const mixed = Math.imul(family.hash(daddr) ^ this.#secret, 0x9e37_79b1);
    return (mixed ^ (mixed >>> 15)) & (BUCKETS - 1);
  }
}

function isPath(entry: PathMetrics, family: Family<unknown>, saddr: unknown, daddr: unknown): boolean {
  return entry.family === family && family.same(entry.daddr, daddr) && family.same(entry.saddr, saddr);
}

/** What is known is what the route says (Linux `tcpm_suck_dst`). */
function takeRoute(now: number, entry: PathMetrics, route: DstMetrics | undefined): void {
  entry.stamp = now;
  entry.rtt = route === undefined ? 0 : route.rtt * 1000;
  entry.rttvar = route === undefined ? 0 : route.rttvar * 1000;
  entry.ssthresh = route === undefined ? 0 : route.ssthresh;
  entry.cwnd = route === undefined ? 0 : route.cwnd;
  entry.reordering = route === undefined ? 0 : route.reordering;
  entry.locks = route === undefined ? 0 : route.locks;
}

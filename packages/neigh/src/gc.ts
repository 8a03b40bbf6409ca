/**
 * Who has to go when there are too many: Linux's three thresholds.
 * @module
 */
import { MIN_DELAY } from './device-parms.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighDevice, QueuedSkb } from './ports.ts';
import { NUD_FAILED, NUD_IN_TIMER, NUD_NOARP, NUD_PERMANENT } from './state.ts';
import type { NeighTable } from './table.ts';
import { NTF_EXT_LEARNED } from './update-flags.ts';

/** Between `gc_thresh2` and `gc_thresh3` a collection is forced at most this often, and spares what changed since, µs. */
const FLUSH_INTERVAL = 5_000_000;

/** The entries that may be collected, oldest member first: all but permanent ones and those that a daemon learned. */
export class GcList<A, S extends QueuedSkb, D extends NeighDevice> {
  first: Neighbour<A, S, D> | undefined = undefined;
  last: Neighbour<A, S, D> | undefined = undefined;
  size = 0;

  /** Appends an entry, unless it is in the list. */
  add(entry: Neighbour<A, S, D>): void {
    if (entry.collectible) return;
    entry.collectible = true;
    entry.gcPrev = this.last;
    if (this.last === undefined) this.first = entry;
    else this.last.gcNext = entry;
    this.last = entry;
    this.size++;
  }

  /** Takes an entry out, if it is in the list. */
  remove(entry: Neighbour<A, S, D>): void {
    if (!entry.collectible) return;
    const { gcNext, gcPrev } = entry;
    if (gcPrev === undefined) this.first = gcNext;
    else gcPrev.gcNext = gcNext;
    if (gcNext === undefined) this.last = gcPrev;
    else gcNext.gcPrev = gcPrev;
    entry.gcNext = undefined;
    entry.gcPrev = undefined;
    entry.collectible = false;
    this.size--;
  }
}

/** Puts an entry whose state or flags changed into the list, or takes it out. */
export function updateGcList<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
  entry: Neighbour<A, S, D>,
): void {
  if (entry.dead) return;
  if (entry.state === NUD_PERMANENT || (entry.flags & NTF_EXT_LEARNED) !== 0) table.gcList.remove(entry);
  else table.gcList.add(entry);
  schedulePeriodic(now, table);
}

/**
 * Whether there is room for one more entry that may be collected (Linux `neigh_alloc`): past `gc_thresh3` always, past `gc_thresh2`
 * every five seconds, after a collection.
 */
export function makeRoom<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
): boolean {
  const { gc_thresh2, gc_thresh3 } = table.ports.table;
  const { size } = table.gcList;
  if (size < gc_thresh3 && (size < gc_thresh2 || now <= table.lastFlush + FLUSH_INTERVAL)) return true;
  if (forcedGc(now, table) > 0 || size < gc_thresh3) return true;
  table.stats.table_fulls++;
  return false;
}

/** Removes entries that nothing waits for, down to `gc_thresh2`; how many (Linux `neigh_forced_gc`). */
function forcedGc<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
): number {
  const excess = table.gcList.size - table.ports.table.gc_thresh2;
  let removed = 0;
  table.stats.forced_gc_runs++;
  table.lastFlush = now;
  let entry = table.gcList.first;
  while (entry !== undefined) {
    const { gcNext } = entry;
    if (isIdle(entry) && (isWorthless(entry) || now - entry.updated > FLUSH_INTERVAL)) {
      table.kill(now, entry);
      removed++;
      if (removed >= excess) break;
    }
    entry = gcNext;
  }
  return removed;
}

/** A timer holds an entry, as in Linux its reference does. */
function isIdle<A, S extends QueuedSkb, D extends NeighDevice>(entry: Neighbour<A, S, D>): boolean {
  return (entry.state & NUD_IN_TIMER) === 0;
}

function isWorthless<A, S extends QueuedSkb, D extends NeighDevice>(entry: Neighbour<A, S, D>): boolean {
  return entry.state === NUD_FAILED || entry.state === NUD_NOARP;
}

/**
 * Has {@link periodicGc} run while there are `gc_thresh1` entries or more, some of which may be collected. Differs: Linux looks at its
 * table every `base_reachable_time` / 2 in any case, and finds nothing to do. Without that a host at rest has no timer.
 */
export function schedulePeriodic<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
): void {
  const { gc_thresh1, base_reachable_time_ms } = table.ports.table;
  if (table.gcTimer.pending || table.gcList.size === 0 || table.hash.size < gc_thresh1) return;
  table.gcTimer.mod(now + Math.max(base_reachable_time_ms * 500, MIN_DELAY));
}

/** Removes what failed, and what was neither used nor confirmed for `gc_stale_time` (Linux `neigh_periodic_work`). */
export function periodicGc<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
): void {
  table.stats.periodic_gc_runs++;
  if (table.hash.size >= table.ports.table.gc_thresh1) {
    for (let entry = table.gcList.first; entry !== undefined; ) {
      const { gcNext } = entry;
      if (isIdle(entry) && isExpired(now, entry)) table.kill(now, entry);
      entry = gcNext;
    }
  }
  schedulePeriodic(now, table);
}

function isExpired<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): boolean {
  if (entry.used < entry.confirmed && entry.confirmed <= now) entry.used = entry.confirmed;
  return entry.state === NUD_FAILED || now - entry.used >= entry.parms.values.gc_stale_time * 1_000_000;
}

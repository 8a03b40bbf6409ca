/**
 * Sending to a neighbour that is not connected: start resolving, wait in the queue, ask (Linux `__neigh_event_send`,
 * `neigh_probe`, `neigh_invalidate`).
 * @module
 */
import type { Neighbour } from './neighbour.ts';
import type { NeighDevice, QueuedSkb } from './ports.ts';
import {
  NUD_CONNECTED,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PROBE,
  NUD_STALE,
  setState,
} from './state.ts';

/**
 * Notes that the entry is used and moves it on where that starts something. True = `skb` was taken over: it waits, or is dropped.
 * False = send it.
 */
export function eventSend<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  skb: S | undefined,
): boolean {
  const { table, state: old } = entry;
  entry.used = now;
  if (entry.dead) {
    if (skb !== undefined) table.ports.drop(skb, 'NEIGH_DEAD');
    return true;
  }
  if ((old & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) !== 0) return false;
  if (old === NUD_STALE) {
    setState(entry, NUD_DELAY);
    entry.updated = now;
    table.arm(now, entry, now + entry.parms.delayProbeTime());
    table.notify(now, entry, old);
    return false;
  }
  if (old === NUD_INCOMPLETE) {
    if (skb !== undefined) enqueue(entry, skb);
    return true;
  }
  return begin(now, entry, skb);
}

/** From NONE or FAILED: the first packet asks at once, and from then on the timer does, once in `retrans_time_ms`. */
function begin<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  skb: S | undefined,
): true {
  const { table, parms, state: old } = entry;
  const { mcast_solicit, app_solicit, ucast_solicit } = parms.values;
  entry.updated = now;
  if (mcast_solicit + app_solicit === 0) {
    if (old !== NUD_FAILED) {
      setState(entry, NUD_FAILED);
      table.notify(now, entry, old);
    }
    if (skb !== undefined) table.ports.drop(skb, 'NEIGH_FAILED');
    return true;
  }
  // There is no address to ask by unicast.
  entry.probes = ucast_solicit;
  setState(entry, NUD_INCOMPLETE);
  table.arm(now, entry, now + parms.retransTime());
  table.notify(now, entry, old);
  if (skb !== undefined) enqueue(entry, skb);
  probe(now, entry);
  return true;
}

/** The youngest packets wait; a packet larger than the limit waits alone. */
function enqueue<A, S extends QueuedSkb, D extends NeighDevice>(entry: Neighbour<A, S, D>, skb: S): void {
  const { queue, table } = entry;
  const room = entry.parms.values.unres_qlen_bytes - skb.truesize;
  while (queue.bytes > room) {
    const oldest = queue.shift();
    if (oldest === undefined) break;
    table.stats.unresolved_discards++;
    table.ports.drop(oldest, 'NEIGH_QUEUEFULL');
  }
  queue.push(skb);
}

/** Asks once more. */
export function probe<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  entry.table.ports.solicit(now, entry, entry.queue.last);
  entry.probes++;
}

/** What waited will not leave: its sources are told. Telling may use this very entry again, so the queue is detached first. */
export function invalidate<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  const { ports, stats } = entry.table;
  stats.res_failed++;
  entry.updated = now;
  let skb = entry.queue.take();
  while (skb !== undefined) {
    const { next } = skb;
    skb.next = undefined;
    ports.unreachable(now, skb, entry);
    ports.drop(skb, 'NEIGH_FAILED');
    skb = next;
  }
}

/** What waited leaves, each packet as if it came now: sending the first may change the entry. */
export function sendQueue<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  let skb = entry.queue.take();
  while (skb !== undefined) {
    const { next } = skb;
    skb.next = undefined;
    entry.table.output(now, entry, skb);
    skb = next;
  }
}

/** What waited is dropped, and nobody is told. */
export function purgeQueue<A, S extends QueuedSkb, D extends NeighDevice>(entry: Neighbour<A, S, D>): void {
  let skb = entry.queue.take();
  while (skb !== undefined) {
    const { next } = skb;
    skb.next = undefined;
    entry.table.ports.drop(skb, 'QUEUE_PURGE');
    skb = next;
  }
}

/**
 * What time does to a neighbour (Linux `neigh_timer_handler`; RFC 4861 §7.3.3).
 * @module
 */
import { MIN_DELAY } from './device-parms.ts';
import type { Neighbour } from './neighbour.ts';
import type { NeighDevice, QueuedSkb } from './ports.ts';
import { invalidate, probe } from './resolve.ts';
import {
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  setState,
} from './state.ts';

/** The timer of an entry fired. */
export function timeout<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  if (entry.dead) return;
  if (entry.state === NUD_REACHABLE) reachableTimeout(now, entry);
  else if (entry.state === NUD_DELAY) delayTimeout(now, entry);
  else if (entry.state === NUD_PROBE || entry.state === NUD_INCOMPLETE) probeTimeout(now, entry);
}

/** RFC 4861 §7.3.3: "REACHABLE … When ReachableTime milliseconds have passed since receipt of the last [confirmation], STALE." */
function reachableTimeout<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  const expires = entry.confirmed + entry.parms.reachableTime(now);
  if (now < expires) {
    rearm(now, entry, expires);
    return;
  }
  // Linux: what was used within the delay would be in DELAY a moment later anyway.
  const wait = entry.parms.delayProbeTime();
  if (now <= entry.used + wait) {
    move(now, entry, NUD_DELAY);
    rearm(now, entry, now + wait);
  } else move(now, entry, NUD_STALE);
}

/** A proof came by itself, or it is asked for. */
function delayTimeout<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  // Not `<`: a proof and the packet that began the delay may belong to one event.
  if (now <= entry.confirmed + entry.parms.delayProbeTime()) {
    move(now, entry, NUD_REACHABLE);
    rearm(now, entry, entry.confirmed + entry.parms.reachableTime(now));
    return;
  }
  entry.probes = 0;
  move(now, entry, NUD_PROBE);
  probeTimeout(now, entry);
}

function probeTimeout<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
): void {
  if (entry.probes >= entry.parms.maxProbes(entry.state)) {
    move(now, entry, NUD_FAILED);
    invalidate(now, entry);
    return;
  }
  rearm(now, entry, now + entry.parms.retransTime());
  probe(now, entry);
}

function move<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  to: number,
): void {
  const { state: old } = entry;
  setState(entry, to);
  entry.updated = now;
  entry.table.notify(now, entry, old);
}

function rearm<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  at: number,
): void {
  entry.table.arm(now, entry, Math.max(at, now + MIN_DELAY));
}

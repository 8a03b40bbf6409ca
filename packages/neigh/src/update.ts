/**
 * What somebody says about a neighbour: an answer, a request from it, or a person (Linux `__neigh_update`; RFC 4861 §7.2.5).
 * @module
 */
import { updateGcList } from './gc.ts';
import type { Neighbour } from './neighbour.ts';
import type { Errno, NeighDevice, QueuedSkb } from './ports.ts';
import { invalidate, purgeQueue, sendQueue } from './resolve.ts';
import {
  isEdge,
  isState,
  NUD_CONNECTED,
  NUD_FAILED,
  NUD_IN_TIMER,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_VALID,
  setByHand,
  setState,
} from './state.ts';
import {
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_EXT_LEARNED,
  NEIGH_UPDATE_F_ISROUTER,
  NEIGH_UPDATE_F_OVERRIDE,
  NEIGH_UPDATE_F_OVERRIDE_ISROUTER,
  NEIGH_UPDATE_F_WEAK_OVERRIDE,
  NTF_EXT_LEARNED,
  NTF_ROUTER,
} from './update-flags.ts';

/** {@link update}: no link-layer address is given. */
export const NO_LLADDR = -1;

/** See {@link NeighTable.update}. */
export function update<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  lladdr: number,
  state: number,
  flags: number,
): Errno | undefined {
  const { state: old } = entry;
  const byHand = (flags & NEIGH_UPDATE_F_ADMIN) !== 0;
  if (entry.dead) return 'EINVAL';
  if (!isState(state) || state === NUD_INCOMPLETE) return 'EINVAL';
  if (!byHand && (old & (NUD_NOARP | NUD_PERMANENT)) !== 0) return 'EPERM';
  if (!byHand && state !== old && !isEdge(old, state)) return 'EINVAL';
  if (byHand) setExtLearned(now, entry, flags);
  if ((state & NUD_VALID) === 0) {
    discard(now, entry, state, byHand);
    return undefined;
  }
  const known = (old & NUD_VALID) !== 0;
  if (lladdr === NO_LLADDR) {
    if (!known) return 'EINVAL';
    lladdr = entry.lladdr;
  }
  // Before anything is refused: that the neighbour spoke is a proof, whatever address it gave.
  if ((state & NUD_CONNECTED) !== 0) entry.confirmed = now;

  const differs = !known || lladdr !== entry.lladdr;
  if (known && differs && (flags & NEIGH_UPDATE_F_OVERRIDE) === 0) {
    if ((flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) === 0 || (old & NUD_CONNECTED) === 0) return undefined;
    change(now, entry, entry.lladdr, NUD_STALE, byHand);
    return undefined;
  }
  // A neighbour that is known to be reachable does not become stale by saying what was known.
  const next = known && !differs && state === NUD_STALE && !byHand ? old : state;
  change(now, entry, lladdr, next, byHand);
  if ((flags & NEIGH_UPDATE_F_OVERRIDE_ISROUTER) !== 0) setRouter(now, entry, flags);
  return undefined;
}

/** The new state has no address. */
function discard<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  state: number,
  byHand: boolean,
): void {
  const { state: old, table } = entry;
  entry.timer?.del();
  go(entry, state, byHand);
  updateGcList(now, table, entry);
  if (old !== state) table.notify(now, entry, old);
  if (state !== NUD_FAILED) purgeQueue(entry);
  else if ((old & (NUD_INCOMPLETE | NUD_PROBE)) !== 0) invalidate(now, entry);
}

/** Address and state are decided. */
function change<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  lladdr: number,
  state: number,
  byHand: boolean,
): void {
  const { state: old, lladdr: before, table } = entry;
  // Not without a change: what nobody noticed shall not start the lock time anew.
  if (state !== old || lladdr !== before) entry.updated = now;
  if (state !== old) {
    entry.timer?.del();
    if (state === NUD_PROBE) entry.probes = 0;
    go(entry, state, byHand);
    if ((state & NUD_IN_TIMER) !== 0) {
      table.arm(now, entry, now + (state === NUD_REACHABLE ? entry.parms.reachableTime(now) : 0));
    }
    updateGcList(now, table, entry);
  }
  if (lladdr !== before) {
    entry.lladdr = lladdr;
    entry.hh = undefined;
    if ((state & NUD_CONNECTED) === 0)
      entry.confirmed = now - 2000 * entry.parms.values.base_reachable_time_ms;
  }
  if (state !== old || lladdr !== before) table.notify(now, entry, old);
  if ((old & NUD_VALID) === 0) sendQueue(now, entry);
}

function go(entry: { state: number }, state: number, byHand: boolean): void {
  if (byHand) setByHand(entry, state);
  else if (entry.state !== state) setState(entry, state);
}

function setExtLearned<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  flags: number,
): void {
  const bit = (flags & NEIGH_UPDATE_F_EXT_LEARNED) !== 0 ? NTF_EXT_LEARNED : 0;
  if (((entry.flags ^ bit) & NTF_EXT_LEARNED) === 0) return;
  entry.flags ^= NTF_EXT_LEARNED;
  updateGcList(now, entry.table, entry);
  entry.table.notify(now, entry, entry.state);
}

function setRouter<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  entry: Neighbour<A, S, D>,
  flags: number,
): void {
  const bit = (flags & NEIGH_UPDATE_F_ISROUTER) !== 0 ? NTF_ROUTER : 0;
  if (((entry.flags ^ bit) & NTF_ROUTER) === 0) return;
  entry.flags ^= NTF_ROUTER;
  entry.table.notify(now, entry, entry.state);
}

/**
 * What `ip neigh` does: add, change, replace, delete, list, flush (Linux `neigh_add`, `neigh_delete`; iproute2 for flush).
 * @module
 */
import type { Neighbour } from './neighbour.ts';
import type { Errno, NeighDevice, QueuedSkb } from './ports.ts';
import { NUD_FAILED, NUD_NOARP, NUD_PERMANENT } from './state.ts';
import type { NeighTable } from './table.ts';
import { NO_LLADDR, update } from './update.ts';
import {
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_EXT_LEARNED,
  NEIGH_UPDATE_F_ISROUTER,
  NEIGH_UPDATE_F_OVERRIDE,
  NEIGH_UPDATE_F_OVERRIDE_ISROUTER,
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NTF_USE,
} from './update-flags.ts';

/** An entry as somebody wants it. */
export interface NeighSpec<A, D> {
  readonly device: D;
  readonly address: A;
  /** Link-layer address, u48; without one an existing entry keeps its own. */
  readonly lladdr?: number | undefined;
  /** `NUD_*`; default PERMANENT. */
  readonly state?: number | undefined;
  /** `NTF_*`: USE, EXT_LEARNED, ROUTER. */
  readonly flags?: number | undefined;
  /** `RTPROT_*`; default 0. */
  readonly protocol?: number | undefined;
}

/** Which entries; what is not said does not matter. */
export interface NeighFilter<D> {
  readonly device?: D | undefined;
  /** Bits of `NUD_*`; an entry in NONE is matched only where nothing is said. */
  readonly state?: number | undefined;
}

/** Whether an entry may be there before, and whether it may be missing. */
export type NeighVerb = 'add' | 'change' | 'replace';

/** See {@link NeighTable.add}, `change` and `replace`. */
export function set<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
  spec: NeighSpec<A, D>,
  verb: NeighVerb,
): Errno | undefined {
  const { device, address, lladdr = NO_LLADDR, state = NUD_PERMANENT, flags = 0, protocol = 0 } = spec;
  if (lladdr !== NO_LLADDR && !isMac(lladdr)) return 'EINVAL';
  let entry = table.lookup(device, address);
  if (entry === undefined) {
    if (verb === 'change') return 'ENOENT';
    const made = table.create(
      now,
      device,
      address,
      state !== NUD_PERMANENT && (flags & NTF_EXT_LEARNED) === 0,
    );
    if (typeof made === 'string') return made;
    entry = made;
  } else if (verb === 'add') return 'EEXIST';
  if (protocol !== 0) entry.protocol = protocol;
  if ((flags & NTF_USE) !== 0) {
    table.use(now, entry);
    return undefined;
  }
  let bits = NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE_ISROUTER;
  if ((flags & NTF_ROUTER) !== 0) bits |= NEIGH_UPDATE_F_ISROUTER;
  if ((flags & NTF_EXT_LEARNED) !== 0) bits |= NEIGH_UPDATE_F_EXT_LEARNED;
  return update(now, entry, lladdr, state, bits);
}

/** See {@link NeighTable.delete}. */
export function remove<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
  device: D,
  address: A,
): Errno | undefined {
  const entry = table.lookup(device, address);
  if (entry === undefined) return 'ENOENT';
  dispose(now, table, entry);
  return undefined;
}

/** See {@link NeighTable.flush}. */
export function flush<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
  filter: NeighFilter<D>,
): number {
  const entries = list(table, filter).filter(
    ({ state }) => filter.state !== undefined || (state & (NUD_PERMANENT | NUD_NOARP)) === 0,
  );
  for (const entry of entries) dispose(now, table, entry);
  return entries.length;
}

/** See {@link NeighTable.list}. */
export function list<A, S extends QueuedSkb, D extends NeighDevice>(
  table: NeighTable<A, S, D>,
  { device, state }: NeighFilter<D>,
): Neighbour<A, S, D>[] {
  return table.hash
    .all()
    .filter((entry) => device === undefined || entry.device.ifindex === device.ifindex)
    .filter((entry) => state === undefined || (entry.state & state) !== 0);
}

/** What waits for it is told that it is unreachable; then it goes. */
function dispose<A, S extends QueuedSkb, D extends NeighDevice>(
  now: number,
  table: NeighTable<A, S, D>,
  entry: Neighbour<A, S, D>,
): void {
  update(now, entry, NO_LLADDR, NUD_FAILED, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE);
  table.kill(now, entry);
}

function isMac(lladdr: number): boolean {
  return Number.isSafeInteger(lladdr) && lladdr >= 0 && lladdr <= 0xffff_ffff_ffff;
}

/**
 * One neighbour: Linux `struct neighbour`, fields only.
 * @module
 */
import type { DeviceParms } from './device-parms.ts';
import type { NeighDevice, QueuedSkb, Timer } from './ports.ts';
import { NUD_NONE } from './state.ts';
import type { NeighTable } from './table.ts';
import { UnresolvedQueue } from './unresolved-queue.ts';

/** An entry of a {@link NeighTable}. Read it; the table changes it. Times are absolute µs. */
export class Neighbour<A, S extends QueuedSkb, D extends NeighDevice> {
  /** The table it was made in. @internal */
  readonly table: NeighTable<A, S, D>;
  /** The device it is reached over. */
  readonly device: D;
  /** The network-layer address. */
  readonly address: A;
  /** Link-layer address, u48; means nothing while the state is not in `NUD_VALID`. */
  lladdr = 0;
  /** One of `NUD_*`. */
  state: number = NUD_NONE;
  /** `NTF_*` bits. */
  flags = 0;
  /** Who made it: `RTPROT_*`, 0 = the kernel. */
  protocol = 0;
  /** Out of the table: look the address up again. Nothing can be sent to a dead entry. */
  dead = false;
  /** Whatever the host keeps to send faster, such as a ready header; `undefined` again whenever {@link lladdr} changes. */
  hh: unknown = undefined;
  /** Solicitations since the state began; resolving from nothing begins at `ucast_solicit`. */
  probes = 0;
  /** When somebody last proved that it is reachable. Write it, `entry.confirmed = now`, on every proof. */
  confirmed: number;
  /** When its state or address last changed. */
  updated: number;
  /** When a packet last took the slow path to it. */
  used: number;
  /** What waits for it to resolve. */
  readonly queue: UnresolvedQueue<S> = new UnresolvedQueue<S>();
  /** The settings of its device. */
  readonly parms: DeviceParms;
  /** Made when it is first armed. @internal */
  timer: Timer | undefined = undefined;
  /** Hash of {@link address}, before the table mixes it. @internal */
  readonly hash: number;
  /** The next one of its chain. @internal */
  next: Neighbour<A, S, D> | undefined = undefined;
  /** Links of the list of those that may be collected. @internal */
  gcNext: Neighbour<A, S, D> | undefined = undefined;
  /** @internal */
  gcPrev: Neighbour<A, S, D> | undefined = undefined;
  /** Whether it is in that list. @internal */
  collectible = false;

  /** @internal */
  constructor(
    now: number,
    table: NeighTable<A, S, D>,
    device: D,
    address: A,
    hash: number,
    parms: DeviceParms,
  ) {
    this.table = table;
    this.device = device;
    this.address = address;
    this.hash = hash;
    this.parms = parms;
    this.updated = now;
    this.used = now;
    // As long ago as makes it no proof at all.
    this.confirmed = now - 2000 * parms.values.base_reachable_time_ms;
  }
}

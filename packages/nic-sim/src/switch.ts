/**
 * A learning switch (IEEE 802.1D): store and forward, one table of addresses, one wire per port.
 * @module
 */
import type { Clock } from './clock.ts';
import { ETH_HLEN, type Frame, isGroupAt, macAt } from './frame.ts';
import type { Endpoint, Link } from './link.ts';
import { need } from './options.ts';

/** Why a switch drops a frame. */
export type SwitchDrop =
  | 'SWITCH_CRC'
  | 'SWITCH_SHORT'
  | 'SWITCH_BAD_SOURCE'
  | 'SWITCH_RESERVED'
  | 'SWITCH_SAME_PORT'
  | 'SWITCH_NO_PORT'
  | 'SWITCH_CLOSED';

/** How to make a {@link Switch}. */
export interface SwitchOptions {
  clock: Clock;
  /** Ports, 1..256. */
  ports: number;
  /** How long an address is remembered after its last frame, µs. Default 300 s (802.1D table 7-5). */
  ageing?: number;
  /** Addresses remembered at most; further ones are flooded to, as if unknown. Default 8192. */
  tableSize?: number;
  /** For captures. Default `switch`. */
  name?: string;
}

/** What one port counts. Bytes are without FCS. */
export interface PortStats {
  rxFrames: number;
  rxBytes: number;
  txFrames: number;
  txBytes: number;
  /** Frames received here that went to all other ports. */
  flooded: number;
  drops: Record<SwitchDrop, number>;
}

interface Entry {
  port: SwitchPort;
  /** Last frame from this address, µs. */
  seen: number;
}

/** 01:80:c2:00:00:00 to :0f: between neighbours, never forwarded (802.1D table 7-10). */
const RESERVED_FIRST = 0x0180_c200_0000;
const RESERVED_LAST = 0x0180_c200_000f;
/** Between two searches for old entries while the table is full, µs. */
const SWEEP = 1_000_000;

/** A switch; plug a wire into each port: `new Wire({ clock, a: nic, b: switch.ports[0] })`. */
export class Switch {
  readonly name: string;
  /** The ports, endpoints of wires. */
  readonly ports: readonly SwitchPort[];
  /** Addresses not learned because the table was full. */
  tableFull = 0;
  readonly #clock: Clock;
  readonly #ageing: number;
  readonly #tableSize: number;
  readonly #table: Map<number, Entry> = new Map();
  #swept = Number.MIN_SAFE_INTEGER;
  #closed = false;

  /** @throws RangeError for an option out of its range, TypeError for one that is missing. */
  constructor(options: SwitchOptions) {
    need('switch', options, ['clock', 'ports']);
    const { clock, ports, ageing = 300_000_000, tableSize = 8192, name = 'switch' } = options;
    if (!Number.isInteger(ports) || ports < 1 || ports > 256) throw new RangeError(`switch: ${ports} ports`);
    if (!Number.isSafeInteger(ageing) || ageing < 0) throw new RangeError(`switch: ageing ${ageing}`);
    if (!Number.isSafeInteger(tableSize) || tableSize < 0)
      throw new RangeError(`switch: tableSize ${tableSize}`);
    this.#clock = clock;
    this.#ageing = ageing;
    this.#tableSize = tableSize;
    this.name = name;
    this.ports = Array.from({ length: ports }, (_, index) => new SwitchPort(this, index));
  }

  /** Addresses in the table, those too old included. */
  get size(): number {
    return this.#table.size;
  }

  /** The index of the port an address is known at; `undefined` if it is not, or not any more. */
  portOf(address: number): number | undefined {
    return this.#find(address)?.index;
  }

  /** Unplugs every port. */
  close(): void {
    this.#closed = true;
    this.#table.clear();
    for (const port of this.ports) port.link?.unplug();
  }

  /** Forgets what was learned at a port that lost its carrier. @internal */
  forget(port: SwitchPort): void {
    for (const [address, entry] of this.#table) if (entry.port === port) this.#table.delete(address);
  }

  /** Takes a frame that arrived at `port`. @internal */
  forward(port: SwitchPort, frame: Frame): void {
    const drop = this.#judge(port, frame);
    if (drop !== undefined) {
      port.stats.drops[drop]++;
      frame.free();
      return;
    }
    const { view } = frame.page.arena;
    port.stats.rxFrames++;
    port.stats.rxBytes += frame.length;
    this.#learn(port, macAt(view, frame.start + 6));
    const to = isGroupAt(view, frame.start) ? undefined : this.#find(macAt(view, frame.start));
    if (to === undefined) this.#flood(port, frame);
    else if (to !== port) to.transmit(frame);
    else {
      port.stats.drops.SWITCH_SAME_PORT++;
      frame.free();
    }
  }

  #judge(port: SwitchPort, frame: Frame): SwitchDrop | undefined {
    if (this.#closed || port.link === undefined) return 'SWITCH_CLOSED';
    if (!frame.isIntact()) return 'SWITCH_CRC';
    if (frame.length < ETH_HLEN) return 'SWITCH_SHORT';
    const { view } = frame.page.arena;
    if (isGroupAt(view, frame.start + 6)) return 'SWITCH_BAD_SOURCE';
    const destination = macAt(view, frame.start);
    return destination >= RESERVED_FIRST && destination <= RESERVED_LAST ? 'SWITCH_RESERVED' : undefined;
  }

  #flood(from: SwitchPort, frame: Frame): void {
    from.stats.flooded++;
    let sent = 0;
    for (const port of this.ports) {
      if (port === from || port.link?.up !== true) continue;
      sent++;
      port.transmit(frame.share());
    }
    if (sent === 0) from.stats.drops.SWITCH_NO_PORT++;
    frame.free();
  }

  #find(address: number): SwitchPort | undefined {
    const entry = this.#table.get(address);
    if (entry === undefined) return undefined;
    if (this.#clock.now() - entry.seen <= this.#ageing) return entry.port;
    this.#table.delete(address);
    return undefined;
  }

  #learn(port: SwitchPort, address: number): void {
    const now = this.#clock.now();
    const entry = this.#table.get(address);
    if (entry !== undefined) {
      entry.port = port;
      entry.seen = now;
      return;
    }
    if (this.#table.size >= this.#tableSize) this.#sweep(now);
    if (this.#table.size >= this.#tableSize) this.tableFull++;
    else this.#table.set(address, { port, seen: now });
  }

  /** Forgets what is too old, at most once a second: strangers in a flood must not make every frame dear. */
  #sweep(now: number): void {
    if (now - this.#swept < SWEEP) return;
    this.#swept = now;
    for (const [address, entry] of this.#table) {
      if (now - entry.seen > this.#ageing) this.#table.delete(address);
    }
  }
}

/** One port of a {@link Switch}. */
export class SwitchPort implements Endpoint {
  readonly index: number;
  readonly name: string;
  readonly stats: PortStats = {
    rxFrames: 0,
    rxBytes: 0,
    txFrames: 0,
    txBytes: 0,
    flooded: 0,
    drops: {
      SWITCH_CRC: 0,
      SWITCH_SHORT: 0,
      SWITCH_BAD_SOURCE: 0,
      SWITCH_RESERVED: 0,
      SWITCH_SAME_PORT: 0,
      SWITCH_NO_PORT: 0,
      SWITCH_CLOSED: 0,
    },
  };
  /** The wire plugged in. */
  link: Link | undefined = undefined;
  readonly #switch: Switch;

  constructor(owner: Switch, index: number) {
    this.#switch = owner;
    this.index = index;
    this.name = `${owner.name}:${index}`;
  }

  /** See {@link Endpoint.plug}. What it was plugged into before is unplugged. */
  plug(link: Link | undefined): void {
    const old = this.link;
    this.link = undefined;
    if (link !== undefined) old?.unplug();
    this.link = link;
  }

  /** See {@link Endpoint.carrier}. */
  carrier(up: boolean): void {
    if (!up) this.#switch.forget(this);
  }

  /** See {@link Endpoint.arrive}. */
  arrive(frame: Frame): void {
    this.#switch.forward(this, frame);
  }

  /** Sends a frame, taking it over. @internal */
  transmit(frame: Frame): void {
    if (this.link === undefined) {
      this.stats.drops.SWITCH_NO_PORT++;
      frame.free();
      return;
    }
    this.stats.txFrames++;
    this.stats.txBytes += frame.length;
    this.link.send(frame);
  }
}

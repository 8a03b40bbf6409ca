/**
 * What the tests of this package share: virtual time, packets that are counted, and a table that writes down what it does.
 * @module
 */
import type { Neighbour } from './neighbour.ts';
import type {
  NeighDevice,
  NeighParms,
  NeighPorts,
  NeighTableParms,
  QueuedSkb,
  Timer,
  Timers,
} from './ports.ts';
import { formatState } from './state.ts';
import { NeighTable } from './table.ts';

/** Timers that fire when {@link advance} passes them, in order of time, then of arming. */
export class VirtualTimers implements Timers {
  now = 0;
  #order = 0;
  readonly #armed: Set<VirtualTimer> = new Set();

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    return new VirtualTimer(
      this.#armed,
      () => this.#order++,
      (now) => fire(now, argument),
    );
  }

  /** How many are armed. */
  get pending(): number {
    return this.#armed.size;
  }

  /** Moves on by `duration` µs. */
  advance(duration: number): void {
    const end = this.now + duration;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#armed.delete(next);
      this.now = Math.max(this.now, next.expires);
      next.fire(this.now);
    }
    this.now = end;
  }

  #next(end: number): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#armed) {
      if (timer.expires > end) continue;
      if (
        first === undefined ||
        timer.expires < first.expires ||
        (timer.expires === first.expires && timer.order < first.order)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

class VirtualTimer implements Timer {
  expires = 0;
  order = 0;
  readonly fire: (now: number) => void;
  readonly #armed: Set<VirtualTimer>;
  readonly #count: () => number;

  constructor(armed: Set<VirtualTimer>, count: () => number, fire: (now: number) => void) {
    this.#armed = armed;
    this.#count = count;
    this.fire = fire;
  }

  get pending(): boolean {
    return this.#armed.has(this);
  }

  mod(expires: number): void {
    this.expires = expires;
    this.order = this.#count();
    this.#armed.add(this);
  }

  del(): boolean {
    return this.#armed.delete(this);
  }
}

/** A packet. */
export class Packet implements QueuedSkb {
  next: this | undefined = undefined;
  readonly id: number;
  readonly truesize: number;
  /** What became of it: sent, or dropped and why. Must happen once. */
  readonly fates: string[] = [];

  constructor(id: number, truesize: number) {
    this.id = id;
    this.truesize = truesize;
  }
}

export interface Device extends NeighDevice {
  readonly noarp: boolean;
}

export type Entry = Neighbour<number, Packet, Device>;

export const S = 1_000_000;
export const ETH0: Device = { ifindex: 2, name: 'eth0', noarp: false };
export const ETH1: Device = { ifindex: 3, name: 'eth1', noarp: false };
export const TUN: Device = { ifindex: 4, name: 'tun0', noarp: true };

/** 10.0.0.x */
export const ip = (last: number): number => 0x0a00_0000 + last;
export const MAC = 0x0200_0000_0001;
export const OTHER_MAC = 0x0200_0000_0002;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Sysctl = Mutable<NeighParms & NeighTableParms>;

/** Linux's defaults. */
export function sysctl(change: Partial<Sysctl> = {}): Sysctl {
  return {
    mcast_solicit: 3,
    ucast_solicit: 3,
    app_solicit: 0,
    mcast_resolicit: 0,
    retrans_time_ms: 1000,
    base_reachable_time_ms: 30_000,
    delay_first_probe_time: 5,
    gc_stale_time: 60,
    unres_qlen_bytes: 212_992,
    proxy_qlen: 64,
    proxy_delay: 80,
    locktime: 100,
    gc_thresh1: 128,
    gc_thresh2: 512,
    gc_thresh3: 1024,
    ...change,
  };
}

/** A table, and a log of what it did: one line an event, times in ms. */
export class World {
  readonly timers: VirtualTimers = new VirtualTimers();
  readonly log: string[] = [];
  readonly packets: Packet[] = [];
  readonly sysctl: Sysctl;
  readonly table: NeighTable<number, Packet, Device>;
  /** Called when a packet is unreachable. */
  onUnreachable: ((entry: Entry) => void) | undefined = undefined;
  /** Called when a packet is sent. */
  onSend: ((entry: Entry) => void) | undefined = undefined;
  /** What `random` gives. 15,000 makes a reachable time of 30 s out of the default. */
  random = 15_000;

  constructor(change: Partial<Sysctl> = {}, ports: Partial<NeighPorts<number, Packet, Device>> = {}) {
    this.sysctl = sysctl(change);
    this.table = new NeighTable<number, Packet, Device>(
      { hash: (a) => a | 0, same: (a, b) => a === b, format },
      {
        timers: this.timers,
        random: () => this.random,
        table: this.sysctl,
        parms: () => this.sysctl,
        mapped: (device, address) => (device.noarp ? 0 : address >>> 28 === 0xe ? 0x0100_5e00_0000 : -1),
        solicit: (_, entry, skb) => {
          const how =
            entry.probes < this.sysctl.ucast_solicit ? `unicast ${entry.lladdr.toString(16)}` : 'broadcast';
          this.note(`ask ${format(entry.address)} ${how}${skb === undefined ? '' : ` for ${skb.id}`}`);
        },
        send: (_, skb, entry) => {
          end(skb, 'sent');
          this.note(`send ${skb.id} to ${entry.lladdr.toString(16)}`);
          this.onSend?.(entry);
          return 0;
        },
        unreachable: (_, skb, entry) => {
          this.note(`unreachable ${skb.id}`);
          this.onUnreachable?.(entry);
        },
        drop: (skb, reason) => {
          end(skb, reason);
          this.note(`drop ${skb.id} ${reason}`);
        },
        proxyRedo: (_, skb, device) => {
          end(skb, 'redone');
          this.note(`redo ${skb.id} ${device.name}`);
        },
        notify: (_, entry, old) => {
          const now = entry.dead ? 'gone' : formatState(entry.state);
          this.note(`${format(entry.address)} ${formatState(old)} > ${now}`);
        },
        ...ports,
      },
    );
  }

  get now(): number {
    return this.timers.now;
  }

  note(line: string): void {
    this.log.push(`${this.timers.now / 1000} ${line}`);
  }

  /** What was written since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }

  packet(truesize = 768): Packet {
    const packet = new Packet(this.packets.length + 1, truesize);
    this.packets.push(packet);
    return packet;
  }

  ensure(address: number, device: Device = ETH0): Entry {
    const entry = this.table.ensure(this.now, device, address);
    if (typeof entry === 'string') throw new Error(entry);
    return entry;
  }

  /** Sends a packet to an address. */
  send(address: number, truesize?: number): Packet {
    const packet = this.packet(truesize);
    this.table.output(this.now, this.ensure(address), packet);
    return packet;
  }

  /** Moves on, µs. */
  wait(duration: number): this {
    this.timers.advance(duration);
    return this;
  }

  /** An entry that was set to a state by hand, with {@link MAC}; what that wrote is forgotten. */
  entryIn(state: number, address: number = ip(2)): Entry {
    const entry = this.ensure(address);
    this.table.update(this.now, entry, MAC, state, 0x81);
    this.take();
    return entry;
  }
}

function end(skb: Packet, fate: string): void {
  if (skb.next !== undefined) throw new Error(`packet ${skb.id} is handed over with its queue`);
  skb.fates.push(fate);
}

export function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

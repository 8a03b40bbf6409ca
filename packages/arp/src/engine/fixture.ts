/**
 * What the tests of the engine share: virtual time, a neighbour table that only remembers, and a log of what is sent.
 * @module
 */
import { PACKET_BROADCAST, PACKET_HOST, Pool, type SkBuff } from '@stack/skbuff';
import { expect } from 'vitest';
import { format } from '../format.ts';
import { encode, type Header, read, size } from '../header.ts';
import { Arp } from './arp.ts';
import type {
  ArpAddress,
  ArpConf,
  ArpDevice,
  ArpNeigh,
  ArpParms,
  ArpPorts,
  ArpRoute,
  ArpTable,
  Timer,
  Timers,
} from './ports.ts';

/** Timers that fire when {@link advance} passes them, in order of time, then of arming. */
export class VirtualTimers implements Timers {
  now = 0;
  #order = 0;
  readonly #armed: Map<object, { at: number; order: number; fire: (now: number) => void }> = new Map();

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    const armed = this.#armed;
    const next = () => this.#order++;
    return {
      get pending() {
        return armed.has(this);
      },
      get expires() {
        return armed.get(this)?.at ?? 0;
      },
      mod(at) {
        armed.set(this, { at, order: next(), fire: (now) => fire(now, argument) });
      },
      del() {
        return armed.delete(this);
      },
    };
  }

  get pending(): number {
    return this.#armed.size;
  }

  advance(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const due = [...this.#armed].filter(([, { at }]) => at <= end);
      due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
      const first = due[0];
      if (first === undefined) break;
      this.#armed.delete(first[0]);
      this.now = Math.max(this.now, first[1].at);
      first[1].fire(this.now);
    }
    this.now = end;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Device = Mutable<ArpDevice> & { readonly name: string };
export type Neigh = Mutable<ArpNeigh<Device>>;
export type Conf = Mutable<ArpConf>;

export const S = 1_000_000;
export const OURS = 0x0200_0000_0001;
export const OURS_TOO = 0x0200_0000_0002;
export const THEIRS = 0x0200_0000_00aa;
export const OTHERS = 0x0200_0000_00bb;
export const ANY = 0;

/** `10.0.0.1` as a u32. */
export function ip(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function device(name: string, ifindex: number, address: number, change: Partial<Device> = {}): Device {
  return {
    name,
    ifindex,
    address,
    up: true,
    loopback: false,
    pointToPoint: false,
    noarp: false,
    hardHeaderLen: 14,
    ...change,
  };
}

/** `10.0.0.1/24` as an address of a device. */
export function own(text: string, change: Partial<ArpAddress> = {}): ArpAddress {
  const [address = '', length = '32'] = text.split('/');
  const local = ip(address);
  const mask = length === '0' ? 0 : (-1 << (32 - Number(length))) >>> 0;
  return { local, address: local, mask, scope: 0, flags: 0, ...change };
}

const NONE = 0;

/** A neighbour table without states and timers: it does what it is told, and writes it down. */
class Table implements ArpTable<Device> {
  readonly entries: Map<string, Neigh> = new Map();
  readonly proxies: Set<number> = new Set();
  readonly delayed: { skb: SkBuff; device: Device }[] = [];
  full = false;
  readonly values: Mutable<ArpParms> = { ucast_solicit: 3, app_solicit: 0, locktime: 100, proxy_delay: 80 };
  readonly #note: (line: string) => void;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  lookup(dev: Device, address: number): Neigh | undefined {
    return this.entries.get(`${dev.name} ${address}`);
  }

  ensure(now: number, dev: Device, address: number): Neigh | string {
    const known = this.lookup(dev, address);
    if (known !== undefined || this.full) return known ?? 'ENOBUFS';
    const parms = { values: this.values };
    const made = { device: dev, address, lladdr: 0, state: NONE, probes: 0, updated: now, parms };
    this.entries.set(`${dev.name} ${address}`, made);
    return made;
  }

  update(now: number, entry: Neigh, lladdr: number, state: number, flags: number): undefined {
    this.#note(
      `learn ${dotted(entry.address)} ${lladdr.toString(16)} ${STATES[state]}${flags === 1 ? ' override' : ''}`,
    );
    Object.assign(entry, { lladdr, state, updated: now });
  }

  eventNs(now: number, dev: Device, address: number, lladdr: number): Neigh | undefined {
    const entry = this.ensure(now, dev, address);
    if (typeof entry === 'string') return undefined;
    this.#note(`asked by ${dotted(address)} ${lladdr.toString(16)}`);
    Object.assign(entry, { lladdr, state: 4, updated: now });
    return entry;
  }

  proxied(_: Device, address: number): boolean {
    return this.proxies.has(address);
  }

  proxyEnqueue(_: number, skb: SkBuff, dev: Device): void {
    this.#note('delay');
    this.delayed.push({ skb, device: dev });
  }

  parms(): { values: ArpParms } {
    return { values: this.values };
  }
}

const STATES: Readonly<Record<number, string>> = { 2: 'REACHABLE', 4: 'STALE' };

/** A host with eth0 10.0.0.1/24 and eth1 10.1.0.1/24, whose routes are those of its addresses. */
export class World {
  readonly timers: VirtualTimers = new VirtualTimers();
  readonly log: string[] = [];
  readonly pool: Pool = new Pool({ poison: true });
  readonly eth0: Device = device('eth0', 2, OURS);
  readonly eth1: Device = device('eth1', 3, OURS_TOO);
  readonly lo: Device = device('lo', 1, 0, { loopback: true, noarp: true });
  readonly addresses: Map<Device, ArpAddress[]> = new Map([
    [this.lo, [own('127.0.0.1/8', { scope: 254 })]],
    [this.eth0, [own('10.0.0.1/24')]],
    [this.eth1, [own('10.1.0.1/24')]],
  ]);
  readonly conf: Conf = {
    arp_announce: 0,
    arp_ignore: 0,
    arp_filter: 0,
    arp_accept: 0,
    arp_notify: 0,
    drop_gratuitous_arp: 0,
    proxy_arp: 0,
    forwarding: 0,
    route_localnet: 0,
  };
  readonly table: Table = new Table((line) => this.note(line));
  readonly arp: Arp<Device>;
  random = 0;
  /** What is sent, whole: copies. */
  readonly frames: { header: Header; dest: number; headroom: number; protocol: number }[] = [];

  constructor(ports: Partial<ArpPorts<Device>> = {}) {
    this.arp = new Arp<Device>({
      pool: this.pool,
      timers: this.timers,
      random: () => this.random,
      table: this.table,
      conf: () => this.conf,
      addresses: (dev) =>
        dev === undefined ? [...this.addresses.values()].flat() : (this.addresses.get(dev) ?? []),
      addressType: (address) => this.#type(address),
      selectAddress: (dev, daddr) => this.#select(dev, daddr),
      // As Linux: who says that he is us is a martian.
      routeInput: (_, daddr, saddr) => (this.#type(saddr) === 'local' ? undefined : this.#route(daddr)),
      routeOutput: (_, daddr) => this.#route(daddr)?.device,
      isOwnMac: (mac) => mac === OURS || mac === OURS_TOO,
      send: (_, skb, dev, dest) => {
        const header = read(skb.view, skb.data);
        expect([skb.len, skb.networkHeader, skb.dev]).toEqual([size(header), skb.data, dev]);
        this.frames.push({ header, dest, headroom: skb.headroom, protocol: skb.protocol });
        this.note(`${dev.name} > ${dest.toString(16)}: ${format(header)}`);
        skb.free();
      },
      drop: (skb, reason) => {
        this.note(`drop ${reason}`);
        skb.free();
      },
      conflict: (_, dev, address, mac, verdict) =>
        this.note(`conflict ${dev.name} ${dotted(address)} ${mac.toString(16)} ${verdict}`),
      ...ports,
    });
  }

  get now(): number {
    return this.timers.now;
  }

  note(line: string): void {
    this.log.push(this.now === 0 ? line : `${this.now / 1000} ${line}`);
  }

  take(): string[] {
    return this.log.splice(0);
  }

  wait(duration: number): this {
    this.timers.advance(duration);
    return this;
  }

  /** Receives bytes, as a broadcast unless said. */
  receive(bytes: Uint8Array, pktType: number = PACKET_BROADCAST, dev: Device = this.eth0): string[] {
    const skb = this.pool.alloc(bytes.length) as SkBuff;
    skb.putData(bytes);
    skb.pktType = pktType;
    this.arp.receive(this.now, skb, dev);
    return this.take();
  }

  /** Receives a header. */
  hear(header: Header, pktType?: number, dev?: Device): string[] {
    return this.receive(encode(header), pktType, dev);
  }

  /** Receives a header that was sent to us alone. */
  hearUnicast(header: Header): string[] {
    return this.hear(header, PACKET_HOST);
  }

  /** Expects that nothing is left. */
  expectAtRest(): void {
    for (const { skb } of this.table.delayed.splice(0)) skb.free();
    const { inUse, skbs } = this.pool.stats;
    expect({ inUse, skbs, timers: this.timers.pending }).toEqual({ inUse: 0, skbs: 0, timers: 0 });
  }

  #type(address: number): string {
    if (address >>> 28 === 0xe) return 'multicast';
    if (address === 0 || address === 0xffff_ffff) return 'broadcast';
    for (const one of [...this.addresses.values()].flat()) {
      if (one.local === address) return 'local';
      if (one.mask !== 0xffff_ffff && (one.address | ~one.mask) >>> 0 === address) return 'broadcast';
    }
    return 'unicast';
  }

  #select(dev: Device, daddr: number): number {
    const primaries = (this.addresses.get(dev) ?? []).filter(({ flags }) => flags === 0);
    const near = primaries.find((one) => ((one.address ^ daddr) & one.mask) === 0);
    return (near ?? primaries[0])?.local ?? 0;
  }

  #route(daddr: number): ArpRoute<Device> | undefined {
    const type = this.#type(daddr);
    if (type === 'local') return { type, device: this.lo };
    for (const [dev, list] of this.addresses) {
      if (list.some((one) => ((one.address ^ daddr) & one.mask) === 0)) return { type, device: dev };
    }
    return undefined;
  }
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/**
 * The neighbour table: Linux `struct neigh_table` (net/core/neighbour.c), for any kind of address.
 * @module
 */
import { DeviceParms } from './device-parms.ts';
import { GcList, makeRoom, periodicGc, schedulePeriodic } from './gc.ts';
import { NeighHash } from './hash-table.ts';
import { Neighbour } from './neighbour.ts';
import {
  type AddressOps,
  type Errno,
  type NeighDevice,
  type NeighPorts,
  OK,
  type QueuedSkb,
  type Timer,
} from './ports.ts';
import { type ProxyEntry, ProxyQueue, ProxyTable } from './proxy.ts';
import { eventSend, purgeQueue } from './resolve.ts';
import {
  NUD_CONNECTED,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_STALE,
  setByHand,
  setState,
} from './state.ts';
import { type NeighStats, neighStats } from './stats.ts';
import { timeout } from './timer.ts';
import { NO_LLADDR, update } from './update.ts';
import { NEIGH_UPDATE_F_OVERRIDE, NTF_EXT_LEARNED } from './update-flags.ts';
import { flush, list, type NeighFilter, type NeighSpec, remove, set } from './verbs.ts';

/** The neighbours of one host, of one kind of address: ARP has one, NDP another. */
export class NeighTable<A, S extends QueuedSkb, D extends NeighDevice> {
  /** What /proc/net/stat/arp_cache shows. */
  readonly stats: NeighStats = neighStats();
  /** What an address is. */
  readonly ops: AddressOps<A>;
  /** The layers around. */
  readonly ports: NeighPorts<A, S, D>;
  /** @internal */
  readonly hash: NeighHash<A, S, D>;
  /** @internal */
  readonly gcList: GcList<A, S, D> = new GcList<A, S, D>();
  /** @internal */
  readonly gcTimer: Timer;
  /** When a collection was last forced. @internal */
  lastFlush: number = Number.NEGATIVE_INFINITY;
  readonly #parms: Map<number, DeviceParms> = new Map();
  readonly #proxies: ProxyTable<A, D>;
  readonly #proxyQueue: ProxyQueue<A, S, D>;

  constructor(ops: AddressOps<A>, ports: NeighPorts<A, S, D>) {
    this.ops = ops;
    this.ports = ports;
    this.hash = new NeighHash<A, S, D>(ops, ports.random);
    this.gcTimer = ports.timers.timer<NeighTable<A, S, D>>(periodicGc, this);
    this.#proxies = new ProxyTable<A, D>(ops);
    this.#proxyQueue = new ProxyQueue<A, S, D>(ports);
  }

  /** Entries in the table, the first column of /proc/net/stat/arp_cache. */
  get entries(): number {
    return this.hash.size;
  }

  /** The entry of an address on a device, counted in `lookups` and `hits`. */
  lookup(device: D, address: A): Neighbour<A, S, D> | undefined {
    this.stats.lookups++;
    const entry = this.find(device, address);
    if (entry !== undefined) this.stats.hits++;
    return entry;
  }

  /** {@link lookup} without the count, for packets on their way out. */
  find(device: D, address: A): Neighbour<A, S, D> | undefined {
    return this.hash.find(device, this.#key(device, address));
  }

  /** {@link find}, and a new entry where there is none. `ENOBUFS` where the table is full. Keep the entry until it is `dead`. */
  ensure(now: number, device: D, address: A): Neighbour<A, S, D> | Errno {
    return this.find(device, address) ?? this.create(now, device, address, true);
  }

  /** Makes an entry for an address that has none. `collectible` = a collection may remove it. @internal */
  create(now: number, device: D, address: A, collectible: boolean): Neighbour<A, S, D> | Errno {
    if (collectible && !makeRoom(now, this)) return 'ENOBUFS';
    const key = this.#key(device, address);
    const entry = new Neighbour<A, S, D>(
      now,
      this,
      device,
      key,
      this.hash.hash(device, key),
      this.parms(device),
    );
    this.stats.allocs++;
    const lladdr = this.ports.mapped(device, key);
    if (lladdr !== NO_LLADDR) {
      entry.lladdr = lladdr;
      setState(entry, NUD_NOARP);
    }
    this.hash.insert(entry);
    this.stats.hash_grows = this.hash.grows;
    if (collectible) this.gcList.add(entry);
    schedulePeriodic(now, this);
    if (entry.state !== NUD_NONE) this.notify(now, entry, NUD_NONE);
    return entry;
  }

  /**
   * Sends a packet to a neighbour, or has it wait until the neighbour is known. Takes it over. Answers what the device's queue
   * said, or OK 0 for a packet that waits or was dropped.
   */
  output(now: number, entry: Neighbour<A, S, D>, skb: S): number {
    if ((entry.state & NUD_CONNECTED) === 0 && eventSend(now, entry, skb)) return OK;
    return this.ports.send(now, skb, entry);
  }

  /** Moves an entry on as a packet would: resolves what is not resolved, and doubts what is stale (`NTF_USE`). */
  use(now: number, entry: Neighbour<A, S, D>): void {
    if ((entry.state & NUD_CONNECTED) === 0) eventSend(now, entry, undefined);
  }

  /**
   * Somebody above has proof that the neighbour is reachable: acknowledged data, MSG_CONFIRM. RFC 4861 §7.3.1. It counts when the
   * timer of the entry looks.
   */
  confirm(now: number, entry: Neighbour<A, S, D>): void {
    entry.confirmed = now;
  }

  /**
   * News of a neighbour (Linux `neigh_update`). `lladdr` is -1 where none is given; `flags` are `NEIGH_UPDATE_F_*`. `EINVAL`: the entry
   * is dead, the state is none, INCOMPLETE or not reached from here, or no address is known. `EPERM`: the entry is permanent or NOARP
   * and the news does not come by hand.
   */
  update(
    now: number,
    entry: Neighbour<A, S, D>,
    lladdr: number,
    state: number,
    flags: number,
  ): Errno | undefined {
    return update(now, entry, lladdr, state, flags);
  }

  /**
   * A neighbour asked for one of our addresses: remembers where it is, as STALE (Linux `neigh_event_ns`). `undefined` where the table
   * is full.
   */
  eventNs(now: number, device: D, address: A, lladdr: number): Neighbour<A, S, D> | undefined {
    const entry = this.lookup(device, address) ?? this.create(now, device, address, true);
    if (typeof entry === 'string') return undefined;
    update(now, entry, lladdr, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE);
    return entry;
  }

  /** `ip neigh add`: `EEXIST` where there is an entry; else as {@link replace}. */
  add(now: number, spec: NeighSpec<A, D>): Errno | undefined {
    return set(now, this, spec, 'add');
  }

  /** `ip neigh change`: `ENOENT` where there is no entry; else as {@link replace}. */
  change(now: number, spec: NeighSpec<A, D>): Errno | undefined {
    return set(now, this, spec, 'change');
  }

  /**
   * `ip neigh replace`: `EINVAL` for a state that is none or INCOMPLETE, for a link-layer address that is none, or without one for
   * an entry that has none; `ENOBUFS` where the table is full.
   */
  replace(now: number, spec: NeighSpec<A, D>): Errno | undefined {
    return set(now, this, spec, 'replace');
  }

  /** `ip neigh del`: `ENOENT` where there is no entry. */
  delete(now: number, device: D, address: A): Errno | undefined {
    return remove(now, this, device, address);
  }

  /** `ip neigh flush`: deletes what matches, and how many; PERMANENT and NOARP entries only where `state` names them. */
  flush(now: number, filter: NeighFilter<D> = {}): number {
    return flush(now, this, filter);
  }

  /** `ip neigh show`: the entries that match, in no order. */
  list(filter: NeighFilter<D> = {}): Neighbour<A, S, D>[] {
    return list(this, filter);
  }

  /** `ip neigh add proxy`: `address` is answered for on `device`, or on all. */
  addProxy(device: D | undefined, address: A, protocol = 0): void {
    this.#proxies.add({ address, device, protocol });
  }

  /** `ip neigh del proxy`: `ENOENT` where there is none of this address and device. */
  deleteProxy(device: D | undefined, address: A): Errno | undefined {
    return this.#proxies.delete(device, address) ? undefined : 'ENOENT';
  }

  /** Whether `address` is answered for on `device`. */
  proxied(device: D, address: A): boolean {
    return this.#proxies.has(device, address);
  }

  /** `ip neigh show proxy`. */
  proxies(): ProxyEntry<A, D>[] {
    return this.#proxies.list();
  }

  /** Keeps a request that is answered for somebody else for a random time up to `proxy_delay`; `proxyRedo` gets it then. Takes it over. */
  proxyEnqueue(now: number, skb: S, device: D): void {
    this.#proxyQueue.push(now, skb, device, this.parms(device));
  }

  /** The device went down (Linux `neigh_ifdown`): all its entries go, and what waits for them is dropped. */
  deviceDown(now: number, device: D): void {
    this.#flushDevice(now, device, 0);
    this.#proxies.deviceDown(device);
    this.#proxyQueue.purge(device);
  }

  /** The device lost its carrier (Linux `neigh_carrier_down`): permanent entries stay. */
  carrierDown(now: number, device: D): void {
    this.#flushDevice(now, device, NUD_PERMANENT);
    this.#proxyQueue.purge(device);
  }

  /** The device's own link-layer address changed (Linux `neigh_changeaddr`): what was learned under the old one goes. */
  changeAddress(now: number, device: D): void {
    this.#flushDevice(now, device, 0);
  }

  /** The device is gone: {@link deviceDown}, and its settings are forgotten. */
  deviceGone(now: number, device: D): void {
    this.deviceDown(now, device);
    this.#parms.delete(device.ifindex);
  }

  /** A `gc_thresh` was written: collecting may have to begin. */
  threshChanged(now: number): void {
    schedulePeriodic(now, this);
  }

  /** Everything goes, and no timer is left. */
  close(now: number): void {
    for (const entry of this.hash.all()) this.kill(now, entry);
    for (const { device, address } of this.#proxies.list()) this.#proxies.delete(device, address);
    this.#proxyQueue.purge(undefined);
    this.gcTimer.del();
  }

  /** Settings of a device. */
  parms(device: D): DeviceParms {
    let parms = this.#parms.get(device.ifindex);
    if (parms === undefined) {
      parms = new DeviceParms(this.ports.parms(device), this.ports.random);
      this.#parms.set(device.ifindex, parms);
    }
    return parms;
  }

  /** Takes an entry out: from now on it is dead. What waits for it is dropped. @internal */
  kill(now: number, entry: Neighbour<A, S, D>): void {
    if (entry.dead) return;
    const { state: old } = entry;
    entry.dead = true;
    entry.hh = undefined;
    setByHand(entry, NUD_NONE);
    entry.timer?.del();
    this.hash.remove(entry);
    this.gcList.remove(entry);
    if (this.gcList.size === 0) this.gcTimer.del();
    this.stats.destroys++;
    purgeQueue(entry);
    this.notify(now, entry, old);
  }

  /** Has the entry's timer fire at `at`, absolute µs. @internal */
  arm(now: number, entry: Neighbour<A, S, D>, at: number): void {
    entry.timer ??= this.ports.timers.timer<Neighbour<A, S, D>>(timeout, entry);
    entry.timer.mod(Math.max(at, now));
  }

  /** Tells that an entry changed. @internal */
  notify(now: number, entry: Neighbour<A, S, D>, old: number): void {
    this.ports.notify?.(now, entry, old);
  }

  #key(device: D, address: A): A {
    const key = this.ports.key?.(device, address);
    return key === undefined ? address : key;
  }

  #flushDevice(now: number, device: D, spared: number): void {
    for (const entry of this.hash.all()) {
      if (entry.device.ifindex !== device.ifindex) continue;
      if (spared !== 0 && ((entry.state & spared) !== 0 || (entry.flags & NTF_EXT_LEARNED) !== 0)) continue;
      this.kill(now, entry);
    }
  }
}

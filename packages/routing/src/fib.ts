/**
 * The forwarding information base: rules, tables, and what becomes of routes when devices come and go.
 * @module
 */
import type { Alias } from './alias.ts';
import { PROTOCOL, type RouteType, SCOPE, TABLE } from './constants.ts';
import { ACTION_ERRORS, type Explanation, explain } from './explain.ts';
import { type Hop, type Info, Infos } from './info.ts';
import type { AddressOps, DeviceState, Errno, Ports } from './ports.ts';
import type { Flow, NexthopSpec, Result, Route, RouteFilter, RouteSpec } from './route.ts';
import { type Entry, Rules } from './rules.ts';
import type { IgnoreLinkdown } from './select.ts';
import { type Context, isRefusal, judge, judgePrefix, withDefaults } from './semantics.ts';
import { type Placement, Table } from './table.ts';

/** A host's routes and rules, for one address family. */
export class Fib<A> {
  /** What `ip rule` works on. At first: local at 0, main at 32766, default at 32767. */
  readonly rules: Rules<A>;
  /** Why the last call that answered an errno did so, in Linux's words where it has some. */
  extack = '';

  readonly #ops: AddressOps<A>;
  readonly #context: Context<A>;
  readonly #ignore: IgnoreLinkdown | undefined;
  readonly #infos: Infos<A>;
  readonly #tables = new Map<number, Table<A>>();
  /** The flow of {@link addressType}, used again and again. */
  #probe: { -readonly [K in keyof Flow<A>]: Flow<A>[K] } | undefined;
  #genid = 0;

  /** An empty FIB with the three rules. */
  constructor(ops: AddressOps<A>, ports: Ports = {}) {
    this.#ops = ops;
    this.#ignore = ports.ignoreLinkdown?.bind(ports);
    this.#infos = new Infos((address) => ops.format(address), this.#ignore);
    this.#context = {
      ops,
      device: ports.device?.bind(ports) ?? defaultDevice,
      lookupIn: (table, flow) => this.#tables.get(table)?.lookup(flow, undefined) ?? 'ENETUNREACH',
      lookup: (flow) => this.#lookup(flow, undefined),
      addressType: (address, table) => this.addressType(address, table),
    };
    this.rules = new Rules(
      ops,
      (number) => this.#table(number),
      () => this.#changed(),
    );
    this.rules.add({ priority: 0, table: TABLE.LOCAL });
    this.rules.add({ priority: 32_766, table: TABLE.MAIN });
    this.rules.add({ priority: 32_767, table: TABLE.DEFAULT });
  }

  /** Another number after each change of routes, rules or next hops: what was looked up before may be different now. */
  get genid(): number {
    return this.#genid;
  }

  /**
   * `ip route add`. EEXIST: there is a route to this prefix with this TOS and metric; EINVAL: a number is out of its range, the
   * prefix has bits behind its length, type, scope and next hops do not fit, the gateway is an address of the host or no
   * neighbour's, the source is not an address of the host; ENETUNREACH: the gateway is not reached by a narrower scope; ENODEV,
   * ENETDOWN: the device is not there, is down. {@link extack} says more.
   */
  add(route: RouteSpec<A>): Errno | undefined {
    return this.#place('add', route);
  }

  /** `ip route append`: behind those with the same TOS and metric. EEXIST: the same route is there; else as {@link add}. */
  append(route: RouteSpec<A>): Errno | undefined {
    return this.#place('append', route);
  }

  /** `ip route prepend`: before those with the same TOS and metric. EEXIST: the same route is there; else as {@link add}. */
  prepend(route: RouteSpec<A>): Errno | undefined {
    return this.#place('prepend', route);
  }

  /**
   * `ip route replace`: in the place of the first with the same TOS and metric, or added. EEXIST: the same route is there and
   * is not that first; else as {@link add}.
   */
  replace(route: RouteSpec<A>): Errno | undefined {
    return this.#place('replace', route);
  }

  /** `ip route change`: as {@link replace}, but ENOENT where there is none with the same TOS and metric. */
  change(route: RouteSpec<A>): Errno | undefined {
    return this.#place('change', route);
  }

  /**
   * `ip route del`: the first route to this prefix, with this TOS (0 where absent), that has what else is said: type, scope,
   * protocol, metric, source, metrics; device and gateway of the first next hop, or of all where several are given. ESRCH: there
   * is none.
   */
  delete(route: RouteSpec<A>): Errno | undefined {
    const refusal = judgePrefix(this.#ops, route);
    if (refusal !== undefined) return this.#refuse(refusal.errno, refusal.why);
    const table = this.#tables.get(withDefaults(route).table);
    const found = table?.at(route.dst, route.length).find((alias) => this.#isMeant(alias, route));
    if (found === undefined) return this.#refuse('ESRCH', 'No such route');
    this.#remove(found);
    this.#changed();
    return undefined;
  }

  /**
   * The next hop for a flow, or why there is none: ENETUNREACH no route; EINVAL blackhole, EHOSTUNREACH unreachable, EACCES
   * prohibit. Allocates at most once for each route and next hop: the result is kept with the route.
   */
  lookup(flow: Flow<A>): Result<A> | Errno {
    return this.#lookup(flow, this.#ignore);
  }

  /** The same answer as {@link lookup} with every step to it. For people: it allocates. */
  explain(flow: Flow<A>): Explanation<A> {
    return explain(this.rules, flow, this.#ignore);
  }

  /**
   * What an address is to the host: the type of the route to it in the table local, or in another; `unicast` where there is
   * none. Linux: inet_addr_type.
   */
  addressType(address: A, table: number = TABLE.LOCAL): RouteType {
    this.#probe ??= { daddr: address, saddr: undefined, iif: 1, oif: 0, mark: 0, tos: 0, scope: 0, hash: 0 };
    this.#probe.daddr = address;
    const found = this.#tables.get(table)?.lookup(this.#probe, undefined);
    return found === undefined || typeof found === 'string' ? 'unicast' : found.type;
  }

  /** Every route, or those of one table; tables and prefixes in order, routes to one prefix as they are tried. */
  routes(table?: number): Route<A>[] {
    const numbers = [...this.#tables.keys()].filter((one) => table === undefined || one === table);
    return numbers
      .sort((one, other) => one - other)
      .flatMap((one) => [...(this.#tables.get(one) as Table<A>).routes()].sort((a, b) => this.#order(a, b)));
  }

  /** What /proc/net/fib_triestat tells, of all tables: bytes without the routes, and infos, what routes have in common. */
  stats(): { routes: number; prefixes: number; nodes: number; bytes: number; infos: number } {
    const sum = { routes: 0, prefixes: 0, nodes: 0, bytes: 0, infos: this.#infos.size };
    for (const { size, stats } of this.#tables.values()) {
      sum.routes += size;
      sum.prefixes += stats.prefixes;
      sum.nodes += stats.nodes;
      sum.bytes += stats.bytes;
    }
    return sum;
  }

  /** `ip route flush`: deletes what the filter is true of, and says how many. */
  flush(filter: RouteFilter = {}): number {
    return this.#removeWhere(
      (alias) =>
        (filter.table === undefined || filter.table === alias.table) &&
        (filter.type === undefined || filter.type === alias.type) &&
        (filter.scope === undefined || filter.scope === alias.scope) &&
        (filter.protocol === undefined || filter.protocol === alias.protocol) &&
        (filter.ifindex === undefined || alias.nexthops.some((hop) => hop.ifindex === filter.ifindex)),
    );
  }

  /**
   * A device went down: its next hops are dead, and routes that have no other are deleted. Routes to the host itself stay.
   * Returns how many routes were deleted.
   */
  linkDown(ifindex: number): number {
    return this.#mark(ifindex, (hop) => {
      if (hop.scope === SCOPE.NOWHERE) return;
      hop.dead = true;
      hop.linkdown = true;
    });
  }

  /** A device came up: its next hops in routes that are still there live again. */
  linkUp(ifindex: number): void {
    this.#mark(ifindex, (hop) => {
      hop.dead = false;
      hop.linkdown = this.#context.device(ifindex) === 'linkdown';
    });
  }

  /** A device lost its carrier: its next hops are still used unless `ignoreLinkdown` says otherwise. */
  carrierDown(ifindex: number): void {
    this.#mark(ifindex, (hop) => {
      hop.linkdown = hop.scope !== SCOPE.NOWHERE;
    });
  }

  /** A device found its carrier. */
  carrierUp(ifindex: number): void {
    this.#mark(ifindex, (hop) => {
      hop.linkdown = false;
    });
  }

  /** A device is gone: every route with a next hop on it is deleted. Returns how many. */
  linkGone(ifindex: number): number {
    return this.flush({ ifindex });
  }

  /** An address of the host is gone: every route that prefers it as its source is deleted. Returns how many. */
  addressGone(address: A): number {
    return this.#removeWhere(({ prefsrc }) => prefsrc !== undefined && this.#ops.equal(prefsrc, address));
  }

  #lookup(flow: Flow<A>, ignore: IgnoreLinkdown | undefined): Result<A> | Errno {
    const { rules } = this;
    const { entries } = rules;
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Entry<A>;
      if (!rules.matches(entry, flow)) continue;
      const { rule, table } = entry;
      if (table === undefined) {
        const error = ACTION_ERRORS[rule.action];
        if (error !== undefined) return error;
        if (rule.action === 'goto') index = jump(entries, rule.target, index);
        continue;
      }
      const found = table.lookup(flow, ignore);
      if (found === undefined || found === 'EAGAIN') continue;
      if (typeof found !== 'string' && found.prefixLength <= rule.suppressPrefixLength) continue;
      return found;
    }
    return 'ENETUNREACH';
  }

  #place(how: Placement, spec: RouteSpec<A>): Errno | undefined {
    const refusal = judgePrefix(this.#ops, spec);
    if (refusal !== undefined) return this.#refuse(refusal.errno, refusal.why);
    const content = judge(spec, this.#context);
    if (isRefusal(content)) return this.#refuse(content.errno, content.why);
    const info = this.#infos.hold(content);
    const placed = this.#table(content.table).place(how, spec.dst, spec.length, spec.tos ?? 0, info);
    if (typeof placed === 'string' || placed.added === undefined) this.#infos.release(info);
    if (typeof placed === 'string') {
      return this.#refuse(placed, placed === 'EEXIST' ? 'Route exists' : 'No route to change');
    }
    if (placed.removed !== undefined) this.#infos.release(placed.removed.info);
    if (placed.added !== undefined) this.#changed();
    return undefined;
  }

  #isMeant(alias: Alias<A>, spec: RouteSpec<A>): boolean {
    const { info } = alias;
    const { type, scope, protocol, metric, prefsrc, nexthops = [], metrics = {} } = spec;
    if (alias.tos !== (spec.tos ?? 0)) return false;
    if (type !== undefined && type !== info.type) return false;
    if (scope !== undefined && scope !== info.scope) return false;
    if (protocol !== undefined && protocol !== PROTOCOL.UNSPEC && protocol !== info.protocol) return false;
    if (metric !== undefined && metric !== 0 && metric !== info.metric) return false;
    if (prefsrc !== undefined && !this.#same(prefsrc, info.prefsrc)) return false;
    if (nexthops.length > 1 && nexthops.length !== info.hops.length) return false;
    if (!nexthops.every((one, index) => this.#isHop(info.hops[index], one))) return false;
    return Object.entries(metrics).every(
      ([name, value]) => value === undefined || info.metrics[name as 'mtu'] === value,
    );
  }

  /** As much of a next hop as is said. */
  #isHop(hop: Hop<A> | undefined, { ifindex = 0, via }: NexthopSpec<A>): boolean {
    if (hop === undefined) return false;
    return (ifindex === 0 || ifindex === hop.ifindex) && (via === undefined || this.#same(via, hop.via));
  }

  #same(one: A, other: A | undefined): boolean {
    return other !== undefined && this.#ops.equal(one, other);
  }

  /** Changes the next hops on a device, then shares hashes out anew and deletes what has no living next hop. */
  #mark(ifindex: number, change: (hop: Hop<A>) => void): number {
    const buried: Info<A>[] = [];
    for (const info of this.#infos.on(ifindex)) {
      for (const hop of info.hops) if (hop.ifindex === ifindex) change(hop);
      this.#infos.rebalance(info);
      if (info.hops.every((hop) => hop.dead)) buried.push(info);
    }
    for (const info of buried) info.dead = true;
    this.#changed();
    return buried.length === 0 ? 0 : this.#removeWhere(({ info }) => info.dead);
  }

  #removeWhere(isMeant: (alias: Alias<A>) => boolean): number {
    const doomed: Alias<A>[] = [];
    for (const table of this.#tables.values()) {
      for (const alias of table.routes()) if (isMeant(alias)) doomed.push(alias);
    }
    for (const alias of doomed) this.#remove(alias);
    if (doomed.length > 0) this.#changed();
    return doomed.length;
  }

  #remove(alias: Alias<A>): void {
    (this.#tables.get(alias.table) as Table<A>).remove(alias);
    this.#infos.release(alias.info);
  }

  #table(number: number): Table<A> {
    const known = this.#tables.get(number);
    if (known !== undefined) return known;
    const table = new Table(this.#ops, number);
    this.#tables.set(number, table);
    return table;
  }

  /** By prefix; the sort is stable, so that routes to one prefix stay in their order. */
  #order(one: Alias<A>, other: Alias<A>): number {
    for (let from = 0; from < this.#ops.width; from += 16) {
      const count = Math.min(16, this.#ops.width - from);
      const difference = this.#ops.bits(one.dst, from, count) - this.#ops.bits(other.dst, from, count);
      if (difference !== 0) return difference;
    }
    return other.length - one.length; // Linux: the longer prefix of one address comes first
  }

  #refuse(errno: Errno, why: string): Errno {
    this.extack = why;
    return errno;
  }

  #changed(): void {
    this.#genid++;
  }
}

function defaultDevice(ifindex: number): DeviceState | undefined {
  return Number.isInteger(ifindex) && ifindex > 0 ? 'up' : undefined;
}

/** The place before the first rule of a priority; the place of the goto itself where there is none. */
function jump<A>(entries: readonly Entry<A>[], target: number, index: number): number {
  const place = entries.findIndex(({ rule }) => rule.priority === target);
  return place < 0 ? index : place - 1;
}

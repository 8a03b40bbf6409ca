/** The FIB against a list of routes that is looked through from end to end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Family, families } from './fixture.ts';
import { Fib, type Flow, type Result, type RouteSpec, type RouteType, SCOPE } from './index.ts';

const DEVICES = [1, 2, 3];
const TABLES = [255, 254, 100];
const ERRORS: Partial<Record<RouteType, string>> = {
  blackhole: 'EINVAL',
  unreachable: 'EHOSTUNREACH',
  prohibit: 'EACCES',
  throw: 'EAGAIN',
};

interface ModelHop {
  ifindex: number;
  weight: number;
  dead: boolean;
}

interface ModelRoute<A> {
  dst: A;
  length: number;
  tos: number;
  table: number;
  type: RouteType;
  metric: number;
  hops: ModelHop[];
}

interface ModelRule<A> {
  priority: number;
  table: number;
  mark: number;
  from: { address: A; length: number } | undefined;
}

/** The same in the simplest way. `routes` is in the order in which routes of one prefix, TOS and metric are tried. */
class Model<A> {
  routes: ModelRoute<A>[] = [];
  rules: ModelRule<A>[] = [255, 254, 253].map((table) => ({
    priority: table === 255 ? 0 : 33_020 - table,
    table,
    mark: 0,
    from: undefined,
  }));
  readonly down = new Set<number>();
  readonly family: Family<A>;

  constructor(family: Family<A>) {
    this.family = family;
  }

  place(how: 'add' | 'append' | 'prepend' | 'replace' | 'change', route: ModelRoute<A>): string | undefined {
    if (route.type !== 'local' && route.hops.some(({ ifindex }) => this.down.has(ifindex))) return 'ENETDOWN';
    const rivals = this.routes.filter(
      (one) => this.#samePrefix(one, route) && one.tos === route.tos && one.metric === route.metric,
    );
    const same = rivals.find((one) => text(one) === text(route));
    const [first] = rivals;
    if (how === 'change' && first === undefined) return 'ENOENT';
    if (how === 'add' && first !== undefined) return 'EEXIST';
    if (how === 'replace' || how === 'change') {
      if (same !== undefined) return same === first ? undefined : 'EEXIST';
      if (first !== undefined) {
        this.routes[this.routes.indexOf(first)] = route;
        return undefined;
      }
    }
    if (same !== undefined) return 'EEXIST';
    if (how === 'prepend') this.routes.unshift(route);
    else this.routes.push(route);
    return undefined;
  }

  delete(wanted: {
    dst: A;
    length: number;
    tos: number;
    table: number;
    metric: number;
    ifindex: number;
  }): string | undefined {
    const found = this.sorted(
      (one) =>
        this.#samePrefix(one, wanted) &&
        one.tos === wanted.tos &&
        (wanted.metric === 0 || one.metric === wanted.metric) &&
        (wanted.ifindex === 0 || one.hops[0]?.ifindex === wanted.ifindex),
    )[0];
    if (found === undefined) return 'ESRCH';
    this.routes = this.routes.filter((one) => one !== found);
    return undefined;
  }

  linkDown(ifindex: number): void {
    this.down.add(ifindex);
    for (const { type, hops } of this.routes) {
      for (const hop of hops) if (hop.ifindex === ifindex && type !== 'local') hop.dead = true;
    }
    this.routes = this.routes.filter(({ hops }) => hops.length === 0 || hops.some(({ dead }) => !dead));
  }

  linkUp(ifindex: number): void {
    this.down.delete(ifindex);
    for (const { hops } of this.routes) for (const hop of hops) if (hop.ifindex === ifindex) hop.dead = false;
  }

  /** `[table, length, ifindex]`, or an errno. */
  lookup(flow: Flow<A>): [number, number, number] | string {
    const { ops } = this.family;
    for (const { table, mark, from } of [...this.rules].sort((one, other) => one.priority - other.priority)) {
      if (mark !== 0 && mark !== flow.mark) continue;
      if (from && flow.saddr === undefined && from.length > 0) continue;
      if (from && flow.saddr !== undefined && !ops.equal(ops.mask(flow.saddr, from.length), from.address))
        continue;
      const found = this.#lookupIn(table, flow);
      if (found !== undefined && found !== 'EAGAIN') return found;
    }
    return 'ENETUNREACH';
  }

  #lookupIn(table: number, flow: Flow<A>): [number, number, number] | string | undefined {
    const { ops } = this.family;
    const candidates = this.sorted(
      (one) => one.table === table && ops.equal(ops.mask(flow.daddr, one.length), one.dst),
    );
    for (const { length, tos, type, hops } of candidates) {
      if (tos !== 0 && tos !== flow.tos) continue;
      if (scopeOf(type) < flow.scope) continue;
      if (ERRORS[type] !== undefined) return ERRORS[type];
      const chosen = this.#choose(hops, flow);
      if (chosen !== undefined) return [table, length, chosen.ifindex];
    }
    return undefined;
  }

  #choose(hops: ModelHop[], flow: Flow<A>): ModelHop | undefined {
    const living = hops.filter(({ dead }) => !dead);
    if (flow.oif !== 0) return living.find(({ ifindex }) => ifindex === flow.oif);
    const total = living.reduce((sum, { weight }) => sum + weight, 0);
    let sum = 0;
    return living.find(({ weight }) => {
      sum += weight;
      return Math.floor(flow.hash / 2) < Math.round((sum * 2 ** 31) / total);
    });
  }

  /** As they are tried: longest prefix, largest TOS, smallest metric, then as in the list. */
  sorted(isMeant: (route: ModelRoute<A>) => boolean): ModelRoute<A>[] {
    return this.routes
      .filter(isMeant)
      .sort((a, b) => b.length - a.length || b.tos - a.tos || a.metric - b.metric);
  }

  #samePrefix(
    one: { dst: A; length: number; table: number },
    other: { dst: A; length: number; table: number },
  ): boolean {
    return (
      one.table === other.table && one.length === other.length && this.family.ops.equal(one.dst, other.dst)
    );
  }
}

const scopeOf = (type: RouteType) => (type === 'local' ? SCOPE.HOST : type === 'unicast' ? SCOPE.LINK : 0);
const text = <A>({ table, type, metric, hops }: ModelRoute<A>) =>
  JSON.stringify([table, type, metric, hops.map(({ ifindex, weight }) => [ifindex, weight])]);

function laws<A>(family: Family<A>): void {
  const { ops, address } = family;
  const prefix = fc
    .tuple(address, fc.oneof(fc.constantFrom(0, 8, 9, 24, 32), fc.integer({ min: 0, max: ops.width })))
    .map(([dst, length]) => ({ dst: ops.mask(dst, length), length }));
  const hop = fc.record({ ifindex: fc.constantFrom(...DEVICES), weight: fc.integer({ min: 1, max: 4 }) });
  const route: fc.Arbitrary<ModelRoute<A>> = fc
    .record({
      prefix,
      tos: fc.constantFrom(0, 0, 8),
      table: fc.constantFrom(...TABLES),
      type: fc.constantFrom<RouteType>(
        'unicast',
        'unicast',
        'unicast',
        'local',
        'blackhole',
        'unreachable',
        'prohibit',
        'throw',
      ),
      metric: fc.constantFrom(0, 0, 5, 9),
      hops: fc.array(hop, { minLength: 1, maxLength: 3 }),
    })
    .map(({ prefix: { dst, length }, hops, type, ...rest }) => {
      const all = hops.map((one) => ({ ...one, dead: false }));
      const few = ERRORS[type] !== undefined ? [] : type === 'local' ? all.slice(0, 1) : all;
      return { dst, length, type, ...rest, hops: few };
    });
  const flow: fc.Arbitrary<Flow<A>> = fc.record({
    daddr: address,
    saddr: fc.oneof(fc.constant(undefined), address),
    iif: fc.constant(1),
    oif: fc.constantFrom(0, 0, 0, 1, 2),
    mark: fc.constantFrom(0, 7),
    tos: fc.constantFrom(0, 8, 16),
    scope: fc.constantFrom<number>(0, 0, SCOPE.LINK, SCOPE.HOST),
    hash: fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.constantFrom(0, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000),
    ),
  });
  const rule = fc.record({
    priority: fc.constantFrom(1, 5, 40_000),
    table: fc.constantFrom(...TABLES),
    mark: fc.constantFrom(0, 7),
    from: fc.option(prefix, { nil: undefined }).map((one) => one && { address: one.dst, length: one.length }),
  });
  const command = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(
        fc.constant('place' as const),
        fc.constantFrom(
          'add' as const,
          'append' as const,
          'prepend' as const,
          'replace' as const,
          'change' as const,
        ),
        route,
      ),
    },
    { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), route, fc.constantFrom(0, 0, 1, 2)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('down' as const), fc.constantFrom(...DEVICES)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('up' as const), fc.constantFrom(...DEVICES)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('rule' as const), rule) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('flush' as const),
        fc.constantFrom(...TABLES),
        fc.constantFrom(...DEVICES),
      ),
    },
  );

  const specOf = ({ dst, length, tos, table, type, metric, hops }: ModelRoute<A>): RouteSpec<A> => ({
    dst,
    length,
    tos,
    table,
    type,
    metric,
    scope: scopeOf(type),
    nexthops: hops.map(({ ifindex, weight }) => ({ ifindex, weight })),
  });

  it('does what a list does', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 60 }),
        fc.array(flow, { minLength: 1, maxLength: 12 }),
        (commands, flows) => {
          const model = new Model(family);
          const fib = new Fib(ops, { device: (ifindex) => (model.down.has(ifindex) ? 'down' : 'up') });
          const targets: A[] = [];
          for (const [kind, ...rest] of commands) {
            const genid = fib.genid;
            if (kind === 'place') {
              const [how, one] = rest as ['add', ModelRoute<A>];
              targets.push(one.dst);
              const before = JSON.stringify(fib.routes().map(specOfRoute(ops.format)));
              const answer = fib[how](specOf(one));
              expect(answer).toBe(model.place(how, { ...one, hops: one.hops.map((each) => ({ ...each })) }));
              const after = JSON.stringify(fib.routes().map(specOfRoute(ops.format)));
              expect(fib.genid !== genid).toBe(before !== after);
            } else if (kind === 'delete') {
              const [{ dst, length, tos, table, metric }, ifindex] = rest as [ModelRoute<A>, number];
              const nexthops = ifindex === 0 ? [] : [{ ifindex }];
              const answer = fib.delete({ dst, length, tos, table, metric, nexthops });
              expect(answer).toBe(model.delete({ dst, length, tos, table, metric, ifindex }));
              expect(fib.genid !== genid).toBe(answer === undefined);
            } else if (kind === 'down') {
              const before = model.routes.length;
              model.linkDown(rest[0] as number);
              expect(fib.linkDown(rest[0] as number)).toBe(before - model.routes.length);
            } else if (kind === 'up') {
              model.linkUp(rest[0] as number);
              fib.linkUp(rest[0] as number);
            } else if (kind === 'flush') {
              const [table, ifindex] = rest as [number, number];
              const kept = model.routes.filter(
                (one) => one.table !== table || !one.hops.some((each) => each.ifindex === ifindex),
              );
              expect(fib.flush({ table, ifindex })).toBe(model.routes.length - kept.length);
              model.routes = kept;
            } else {
              const { priority, table, mark, from } = rest[0] as ModelRule<A>;
              const answer = fib.rules.add({ priority, table, fwmark: mark, from });
              if (answer === undefined) model.rules.push({ priority, table, mark, from });
              expect(fib.genid !== genid).toBe(answer === undefined);
            }
          }
          expect(fib.routes().length).toBe(model.routes.length);
          const probes = [
            ...flows,
            ...targets.flatMap((daddr) => flows.slice(0, 3).map((one) => ({ ...one, daddr }))),
          ];
          for (const probe of probes) {
            const found = fib.lookup(probe);
            expect(outline(found)).toEqual(model.lookup(probe));
            expect(fib.lookup(probe)).toBe(found);
            expect(fib.explain(probe).result).toBe(found);
          }
        },
      ),
    );
  });
}

const outline = <A>(found: Result<A> | string) =>
  typeof found === 'string' ? found : [found.table, found.prefixLength, found.nexthop.ifindex];

const specOfRoute =
  <A>(format: (address: A) => string) =>
  ({
    dst,
    length,
    tos,
    table,
    type,
    metric,
    nexthops,
  }: {
    dst: A;
    length: number;
    tos: number;
    table: number;
    type: string;
    metric: number;
    nexthops: readonly { ifindex: number; weight: number }[];
  }) => [
    format(dst),
    length,
    tos,
    table,
    type,
    metric,
    nexthops.map(({ ifindex, weight }) => [ifindex, weight]),
  ];

describe('32 bits', () => laws(families[0]));
describe('128 bits', () => laws(families[1]));

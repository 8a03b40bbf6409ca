/**
 * What a route must fulfil to be taken in (Linux: fib_semantics): types, scopes, next hops that can be reached.
 * @module
 */
import { PROTOCOL, ROUTE_ERRORS, type RouteType, SCOPE, TABLE } from './constants.ts';
import type { Hop, Info } from './info.ts';
import type { AddressOps, DeviceState, Errno } from './ports.ts';
import type { Flow, NexthopSpec, Result, RouteMetrics, RouteSpec } from './route.ts';

/** The content of an info, before anybody holds it. */
export type Content<A> = Omit<Info<A>, 'key' | 'error' | 'dead' | 'users'>;

/** An errno and, for people, why. */
export interface Refusal {
  readonly errno: Errno;
  readonly why: string;
}

/** What judging a route asks. */
export interface Context<A> {
  readonly ops: AddressOps<A>;
  device(ifindex: number): DeviceState | undefined;
  /** A lookup in one table, carrier or not. */
  lookupIn(table: number, flow: Flow<A>): Result<A> | Errno;
  /** A lookup by the rules, carrier or not. */
  lookup(flow: Flow<A>): Result<A> | Errno;
  /** The type of the route to an address in the table local, or in another; `unicast` where there is none. */
  addressType(address: A, table: number): RouteType;
}

/** No metric is set. Shared by all routes without. */
export const NO_METRICS: RouteMetrics = {
  mtu: 0,
  mtuLock: false,
  advmss: 0,
  initcwnd: 0,
  initrwnd: 0,
  window: 0,
  hoplimit: 0,
  rto_min: 0,
  quickack: 0,
  rtt: 0,
  rttvar: 0,
  ssthresh: 0,
  cwnd: 0,
  reordering: 0,
  features: 0,
  congctl: '',
  fastopen_no_cookie: 0,
  locks: 0,
};

/** The largest a metric may be; what is more becomes this. */
const METRIC_LIMITS: Partial<Record<keyof RouteMetrics, number>> = {
  mtu: 65_535 - 15,
  advmss: 65_535 - 40,
  hoplimit: 255,
};

const U32 = 0xffff_ffff;
const LOOPBACK = 1;
const MAX_WEIGHT = 256;

/** What `ip route` takes a route to be where nothing is said. */
export function withDefaults<A>(
  spec: RouteSpec<A>,
): RouteSpec<A> & { table: number; type: RouteType; scope: number } {
  const type = spec.type ?? 'unicast';
  const isOwn = type === 'local' || type === 'broadcast' || type === 'anycast';
  return {
    ...spec,
    type,
    table: spec.table ?? (isOwn ? TABLE.LOCAL : TABLE.MAIN),
    scope: spec.scope ?? defaultScope(type, spec.nexthops ?? []),
  };
}

function defaultScope<A>(type: RouteType, nexthops: readonly NexthopSpec<A>[]): number {
  if (type === 'local') return SCOPE.HOST;
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return SCOPE.LINK;
  const onLink = nexthops.length === 1 && nexthops[0]?.via === undefined;
  return type === 'unicast' && onLink ? SCOPE.LINK : SCOPE.UNIVERSE;
}

/** Whether numbers and prefix are in their ranges. */
export function judgePrefix<A>(ops: AddressOps<A>, spec: RouteSpec<A>): Refusal | undefined {
  const { dst, length, tos = 0, table = TABLE.MAIN, metric = 0, protocol = 0, scope = 0 } = spec;
  if (!isWithin(length, ops.width)) return refuse('EINVAL', 'Invalid prefix length');
  if (!ops.equal(ops.mask(dst, length), dst))
    return refuse('EINVAL', 'Invalid prefix for given prefix length');
  if (!isWithin(tos, 255)) return refuse('EINVAL', 'Invalid TOS');
  if (!isWithin(table, U32) || table === 0) return refuse('EINVAL', 'Invalid table');
  if (!isWithin(metric, U32)) return refuse('EINVAL', 'Invalid metric');
  if (!isWithin(protocol, 255)) return refuse('EINVAL', 'Invalid protocol');
  if (!isWithin(scope, SCOPE.HOST)) return refuse('EINVAL', 'Invalid scope');
  return undefined;
}

/** Makes the content of an info from a route that {@link judgePrefix} accepts, or says why not. */
export function judge<A>(given: RouteSpec<A>, context: Context<A>): Content<A> | Refusal {
  const spec = withDefaults(given);
  const { type, table, scope } = spec;
  if (!Object.hasOwn(ROUTE_ERRORS, type)) return refuse('EINVAL', 'Invalid route type');
  const hops = judgeHops(spec, context);
  if (!Array.isArray(hops)) return hops as Refusal;
  if (spec.prefsrc !== undefined && !mayPrefer(spec, spec.prefsrc, context)) {
    return refuse('EINVAL', 'Invalid prefsrc address');
  }
  return {
    table,
    type,
    scope,
    protocol: spec.protocol ?? PROTOCOL.BOOT,
    metric: spec.metric ?? 0,
    prefsrc: spec.prefsrc,
    metrics: clamped(spec.metrics),
    hops,
  };
}

/** Tells a refusal from what was asked for. */
export function isRefusal(value: object): value is Refusal {
  return Object.hasOwn(value, 'errno');
}

function judgeHops<A>(
  spec: RouteSpec<A> & { type: RouteType; scope: number; table: number },
  context: Context<A>,
): Hop<A>[] | Refusal {
  const given = spec.nexthops ?? [];
  if (ROUTE_ERRORS[spec.type] !== undefined) {
    if (given.length === 0) return [];
    return refuse('EINVAL', 'Gateway, device and multipath can not be specified for this route type');
  }
  if (given.length === 0) return refuse('ENODEV', 'No nexthop');
  if (spec.scope >= SCOPE.HOST && given.length !== 1) {
    return refuse('EINVAL', 'Route with host scope can not have multiple nexthops');
  }
  const hops: Hop<A>[] = [];
  for (const one of given) {
    const hop = judgeHop(one, spec.scope, spec.table, context);
    if (isRefusal(hop)) return hop;
    hops.push(hop);
  }
  return hops;
}

function judgeHop<A>(
  given: NexthopSpec<A>,
  scope: number,
  table: number,
  context: Context<A>,
): Hop<A> | Refusal {
  const { ifindex = 0, via, weight = 1, onlink = false } = given;
  if (!isWithin(weight - 1, MAX_WEIGHT - 1)) return refuse('EINVAL', 'Invalid weight');
  const hop: Hop<A> = {
    ifindex,
    via,
    weight,
    onlink,
    scope: SCOPE.HOST as number,
    dead: false,
    linkdown: context.device(ifindex) === 'linkdown',
    upperBound: -1,
  };
  if (scope >= SCOPE.HOST) return judgeHostHop(hop, context);
  if (via !== undefined)
    return onlink ? judgeOnlink(hop, via, scope, context) : resolve(hop, via, scope, table, context);
  if (onlink) return refuse('EINVAL', 'Nexthop is onlink and has no gateway');
  const state = context.device(ifindex);
  if (state === undefined) return refuse('ENODEV', 'Device for nexthop does not exist');
  return state === 'down' ? refuse('ENETDOWN', 'Device for nexthop is not up') : hop;
}

/** An address of the host: its device need not be up, and it does not die with it. */
function judgeHostHop<A>(hop: Hop<A>, context: Context<A>): Hop<A> | Refusal {
  if (hop.via !== undefined) return refuse('EINVAL', 'Route with host scope can not have a gateway');
  if (context.device(hop.ifindex) === undefined) return refuse('ENODEV', 'Device for nexthop does not exist');
  return { ...hop, scope: SCOPE.NOWHERE, linkdown: false };
}

/** The gateway is on the link because the caller says so; still it must be somebody else. */
function judgeOnlink<A>(hop: Hop<A>, via: A, scope: number, context: Context<A>): Hop<A> | Refusal {
  if (scope >= SCOPE.LINK) return refuse('EINVAL', 'Nexthop has invalid scope');
  const state = context.device(hop.ifindex);
  if (state === undefined) return refuse('ENODEV', 'Device for nexthop does not exist');
  if (state === 'down') return refuse('ENETDOWN', 'Nexthop device is not up');
  if (context.addressType(via, TABLE.LOCAL) !== 'unicast')
    return refuse('EINVAL', 'Nexthop has invalid gateway');
  return { ...hop, scope: SCOPE.LINK };
}

/**
 * A gateway must be reached by a route of a narrower scope than the one it serves: then following gateways ends. Linux asks the
 * route's own table first, where that is not main, and then the rules.
 */
function resolve<A>(
  hop: Hop<A>,
  via: A,
  scope: number,
  table: number,
  context: Context<A>,
): Hop<A> | Refusal {
  const flow: Flow<A> = {
    daddr: via,
    saddr: undefined,
    iif: LOOPBACK,
    oif: hop.ifindex,
    mark: 0,
    tos: 0,
    scope: Math.max(scope + 1, SCOPE.LINK),
    hash: 0,
  };
  let found: Result<A> | Errno = table === TABLE.MAIN ? 'ENETUNREACH' : context.lookupIn(table, flow);
  if (typeof found === 'string') found = context.lookup(flow);
  if (typeof found === 'string') return refuse(found, 'Nexthop has invalid gateway');
  if (found.type !== 'unicast' && found.type !== 'local')
    return refuse('EINVAL', 'Nexthop has invalid gateway');
  const { ifindex } = found.nexthop;
  const state = context.device(ifindex);
  if (state === undefined) return refuse('ENODEV', 'Output device for nexthop does not exist');
  if (state === 'down') return refuse('ENETDOWN', 'Nexthop device is not up');
  return { ...hop, ifindex, scope: found.scope, linkdown: state === 'linkdown' };
}

/** A preferred source must be an address of the host; that of a local route may be the one it adds. */
function mayPrefer<A>(
  { type, dst, table }: RouteSpec<A> & { type: RouteType; table: number },
  prefsrc: A,
  context: Context<A>,
): boolean {
  if (type === 'local' && context.ops.equal(dst, prefsrc)) return true;
  if (context.addressType(prefsrc, table) === 'local') return true;
  return context.addressType(prefsrc, TABLE.LOCAL) === 'local';
}

function clamped(metrics: Partial<RouteMetrics> | undefined): RouteMetrics {
  if (metrics === undefined) return NO_METRICS;
  const all: Record<string, number | boolean | string> = { ...NO_METRICS };
  for (const [name, none] of Object.entries(NO_METRICS)) {
    const value = metrics[name as keyof RouteMetrics] ?? none;
    const most = METRIC_LIMITS[name as keyof RouteMetrics] ?? U32;
    all[name] = typeof value === 'number' ? Math.min(value, most) : value;
  }
  return all as unknown as RouteMetrics;
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function refuse(errno: Errno, why: string): Refusal {
  return { errno, why };
}

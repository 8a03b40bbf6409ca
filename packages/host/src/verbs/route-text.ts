/**
 * Routes as `ip route` takes and prints them.
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { Nexthop, NexthopSpec, Route, RouteMetrics, RouteSpec, RouteType } from '@stack/routing';
import type { Devices } from '../devices.ts';
import { NetlinkError } from '../netlink-error.ts';
import { addressOf, nameOf, numberOf, PROTOCOLS, prefixOf, SCOPES, TABLES } from './names.ts';

/** One way of a multipath route. */
export interface NexthopOptions {
  via?: string;
  dev?: string;
  /** 1..256. Default 1. */
  weight?: number;
  onlink?: boolean;
}

/** What `ip route add` is told behind the prefix. */
export interface RouteOptions extends NexthopOptions {
  /** Default `unicast`. */
  type?: RouteType;
  table?: string | number;
  scope?: string | number;
  /** Who made it. Default `boot`. */
  protocol?: string | number;
  metric?: number;
  tos?: number;
  /** Preferred source address. */
  src?: string;
  /** Path MTU, bytes. */
  mtu?: number;
  /** `mtu lock`: no path MTU discovery. */
  mtuLock?: boolean;
  advmss?: number;
  initcwnd?: number;
  initrwnd?: number;
  window?: number;
  hoplimit?: number;
  /** Lower bound on the RTO, ms. */
  rtoMin?: number;
  quickack?: boolean;
  /** Round trip and deviation that a fresh entry of `ip tcp_metrics` begins with, ms. */
  rtt?: number;
  rttvar?: number;
  /** Threshold, window and reordering of such an entry, segments; a window that is locked is the most there is. */
  ssthresh?: number;
  cwnd?: number;
  reordering?: number;
  /** ECN is asked for and agreed to. */
  features?: 'ecn';
  /** Congestion control of connections over this route. */
  congctl?: string;
  fastopenNoCookie?: boolean;
  /** What measurements and applications do not change: `cwnd lock 20` is `{ cwnd: 20, lock: ['cwnd'] }`. */
  lock?: readonly MetricName[];
  /** Several ways, by flow. */
  nexthops?: readonly NexthopOptions[];
}

/** In the order of RTAX_*, in which `ip` prints them: the first is 2. */
const METRICS = [
  'mtu',
  'window',
  'rtt',
  'rttvar',
  'ssthresh',
  'cwnd',
  'advmss',
  'reordering',
  'hoplimit',
  'initcwnd',
  'features',
  'rto_min',
  'initrwnd',
  'quickack',
  'congctl',
  'fastopen_no_cookie',
] as const;
const RTAX_MTU = 2;

/** A metric that can be locked. */
export type MetricName = Exclude<
  (typeof METRICS)[number],
  'mtu' | 'features' | 'quickack' | 'fastopen_no_cookie'
>;

const FEATURES: Readonly<Record<string, number>> = { ecn: 1 };

/** The route that these words describe. @throws NetlinkError EINVAL, ENODEV. */
export function routeSpec(prefix: string, options: RouteOptions, devices: Devices): RouteSpec<number> {
  const { address, length } = prefixOf(prefix);
  const hop = (way: NexthopOptions): NexthopSpec<number> => ({
    ifindex: way.dev === undefined ? undefined : devices.get(way.dev).ifindex,
    via: way.via === undefined ? undefined : addressOf(way.via),
    weight: way.weight,
    onlink: way.onlink,
  });
  const hasOwn = options.via !== undefined || options.dev !== undefined;
  if (hasOwn && options.nexthops !== undefined) {
    throw new NetlinkError('EINVAL', 'either via and dev, or nexthops');
  }
  return {
    dst: address,
    length,
    type: options.type,
    tos: options.tos,
    table: options.table === undefined ? undefined : numberOf(TABLES, 'table', options.table),
    scope: options.scope === undefined ? undefined : numberOf(SCOPES, 'scope', options.scope),
    protocol: options.protocol === undefined ? undefined : numberOf(PROTOCOLS, 'protocol', options.protocol),
    metric: options.metric,
    prefsrc: options.src === undefined ? undefined : addressOf(options.src),
    nexthops: hasOwn ? [hop(options)] : options.nexthops?.map(hop),
    metrics: metricsOf(options),
  };
}

function metricsOf(options: RouteOptions): Partial<RouteMetrics> | undefined {
  const metrics: { -readonly [K in keyof RouteMetrics]?: RouteMetrics[K] } = {};
  const { features, rtoMin, rtt, rttvar } = options;
  if (features !== undefined && !Object.hasOwn(FEATURES, features)) {
    throw new NetlinkError('EINVAL', `"features" value not valid: ${features}`);
  }
  const words: Partial<Record<(typeof METRICS)[number], number | string | undefined>> = {
    ...options,
    rtt: rtt === undefined ? undefined : Math.round(rtt * 8),
    rttvar: rttvar === undefined ? undefined : Math.round(rttvar * 4),
    features: features === undefined ? undefined : FEATURES[features],
    rto_min: rtoMin,
    quickack: options.quickack ? 1 : undefined,
    fastopen_no_cookie: options.fastopenNoCookie ? 1 : undefined,
  };
  for (const name of METRICS) {
    const value = words[name];
    if (value !== undefined) Object.assign(metrics, { [name]: value });
  }
  if (options.mtuLock) metrics.mtuLock = true;
  // `ip` locks this one whether it is asked to or not.
  const locked: readonly MetricName[] = [
    ...(options.lock ?? []),
    ...(rtoMin === undefined ? [] : ['rto_min' as const]),
  ];
  if (locked.length > 0) metrics.locks = locked.reduce((bits, name) => bits | (1 << indexOf(name)), 0);
  return Object.keys(metrics).length === 0 ? undefined : metrics;
}

/** Its RTAX_*. */
function indexOf(name: MetricName): number {
  const index = METRICS.indexOf(name);
  if (index < 0) throw new NetlinkError('EINVAL', `${name} can not be locked`);
  return index + RTAX_MTU;
}

/** As `ip` prints it; nothing where it is not set. */
function metricWords(metrics: RouteMetrics, name: (typeof METRICS)[number], index: number): string[] {
  const value = metrics[name];
  if (value === 0 || value === '') return [];
  const isLocked = name === 'mtu' ? metrics.mtuLock : (metrics.locks & (1 << index)) !== 0;
  return [name, ...(isLocked ? ['lock'] : []), metricText(name, value)];
}

function metricText(name: (typeof METRICS)[number], value: number | string): string {
  if (name === 'features') return Object.keys(FEATURES).join(' ');
  const unit = name === 'rtt' ? 8 : name === 'rttvar' ? 4 : name === 'rto_min' ? 1 : 0;
  if (unit === 0 || typeof value === 'string') return String(value);
  const ms = Math.floor(value / unit);
  return ms >= 1000 ? `${Number((ms / 1000).toPrecision(6))}s` : `${ms}ms`;
}

/** A line of `ip route`, and with several ways a line for each. `withTable`: every table is listed, so it is said which. */
export function formatRoute(route: Route<number>, devices: Devices, withTable: boolean): string {
  const words: string[] = [];
  if (route.type !== 'unicast') words.push(route.type);
  words.push(
    route.length === 0
      ? 'default'
      : route.length === 32
        ? formatAddress(route.dst)
        : `${formatAddress(route.dst)}/${route.length}`,
  );
  if (route.tos !== 0) words.push('tos', `0x${route.tos.toString(16)}`);
  const [only] = route.nexthops;
  const single = route.nexthops.length === 1 && only !== undefined;
  if (single) words.push(...hopWords(only, devices));
  if (withTable && route.table !== TABLES.main) words.push('table', nameOf(TABLES, route.table));
  if (route.protocol !== PROTOCOLS.boot) words.push('proto', nameOf(PROTOCOLS, route.protocol));
  if (route.scope !== 0) words.push('scope', nameOf(SCOPES, route.scope));
  if (route.prefsrc !== undefined) words.push('src', formatAddress(route.prefsrc));
  if (route.metric !== 0) words.push('metric', String(route.metric));
  const { metrics } = route;
  words.push(...METRICS.flatMap((name, index) => metricWords(metrics, name, index + RTAX_MTU)));
  if (single) return [...words, ...hopFlags(only)].join(' ');
  const ways = route.nexthops.map(
    (hop) => `\n\tnexthop ${[...hopWords(hop, devices), 'weight', hop.weight, ...hopFlags(hop)].join(' ')}`,
  );
  return words.join(' ') + ways.join('');
}

function hopFlags({ onlink, dead, linkdown }: Nexthop<number>): string[] {
  const flags: [boolean, string][] = [
    [dead, 'dead'],
    [onlink, 'onlink'],
    [linkdown, 'linkdown'],
  ];
  return flags.filter(([on]) => on).map(([, word]) => word);
}

function hopWords(hop: { ifindex: number; via: number | undefined }, devices: Devices): string[] {
  const words = hop.via === undefined ? [] : ['via', formatAddress(hop.via)];
  const dev = devices.at(hop.ifindex);
  return dev === undefined ? words : [...words, 'dev', dev.name];
}

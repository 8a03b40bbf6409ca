/**
 * `ip route`.
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { Dst, Ipv4 } from '@stack/ipv4/engine';
import type { Explanation, Fib, Route, RouteSpec } from '@stack/routing';
import type { Devices } from '../devices.ts';
import type { Kernel } from '../kernel.ts';
import { NetlinkError, refuse } from '../netlink-error.ts';
import { addressOf, nameOf, numberOf, TABLES } from './names.ts';
import { formatRoute, type RouteOptions, routeSpec } from './route-text.ts';

/** What `ip route get` is told behind the destination. */
export interface RouteGetOptions {
  /** Source address. */
  from?: string;
  /** The device to leave by. */
  oif?: string;
  tos?: number;
  mark?: number;
  sport?: number;
  dport?: number;
  /** IP protocol number. Default 0. */
  protocol?: number;
}

/** What `ip route get` answers. */
export interface RouteAnswer {
  /** `'192.168.1.100'`. */
  dst: string;
  /** The gateway; `undefined` = the destination is on the link. */
  via: string | undefined;
  dev: string;
  src: string;
  type: string;
  /** Path MTU now, bytes. */
  mtu: number;
  /** As `ip route get` prints it. */
  text: string;
  /** What was looked at to find it: rules, tables, prefixes. */
  explanation: Explanation<number>;
}

/** Routes of a host. */
export class RouteVerbs {
  readonly #kernel: Kernel;
  readonly #devices: Devices;
  readonly #ipv4: Ipv4;
  readonly #fib: Fib<number>;
  readonly #hasCongestion: (name: string) => boolean;

  constructor(
    kernel: Kernel,
    devices: Devices,
    ipv4: Ipv4,
    fib: Fib<number>,
    hasCongestion: (name: string) => boolean,
  ) {
    this.#kernel = kernel;
    this.#devices = devices;
    this.#ipv4 = ipv4;
    this.#fib = fib;
    this.#hasCongestion = hasCongestion;
  }

  /** `ip route add default via 192.168.1.1`. @throws NetlinkError EEXIST, EINVAL, ENETUNREACH (no way to the gateway), ENODEV, ENETDOWN. */
  add(prefix: string, options: RouteOptions): void {
    const errno = this.#fib.add(this.#spec(prefix, options));
    refuse(errno, `route add ${prefix}`, extackOf(this.#fib, errno));
  }

  /** `ip route replace`. @throws NetlinkError as {@link add}. */
  replace(prefix: string, options: RouteOptions): void {
    const errno = this.#fib.replace(this.#spec(prefix, options));
    refuse(errno, `route replace ${prefix}`, extackOf(this.#fib, errno));
  }

  /** `ip route append`. @throws NetlinkError as {@link add}. */
  append(prefix: string, options: RouteOptions): void {
    const errno = this.#fib.append(this.#spec(prefix, options));
    refuse(errno, `route append ${prefix}`, extackOf(this.#fib, errno));
  }

  /** `ip route del`: the first route that fits what is said. @throws NetlinkError ESRCH. */
  del(prefix: string, options: RouteOptions = {}): void {
    refuse(this.#fib.delete(routeSpec(prefix, options, this.#devices)), `route del ${prefix}`);
  }

  #spec(prefix: string, options: RouteOptions): RouteSpec<number> {
    if (options.congctl !== undefined && !this.#hasCongestion(options.congctl)) {
      throw new NetlinkError('EINVAL', `route ${prefix}`, 'Unknown tcp congestion algorithm');
    }
    return routeSpec(prefix, options, this.#devices);
  }

  /** `ip route flush`: every route of a table, or over a device; none at all without either. Returns how many. */
  flush(filter: { table?: string | number; dev?: string }): number {
    const ifindex = filter.dev === undefined ? undefined : this.#devices.get(filter.dev).ifindex;
    const table = filter.table === undefined ? undefined : numberOf(TABLES, 'table', filter.table);
    if (ifindex === undefined && table === undefined) return 0;
    return this.#fib.flush({ table: table ?? TABLES.main, ifindex });
  }

  /** Routes of a table, or of all with `table: 'all'`, in the order of `ip route`. */
  show(filter: { table?: string | number } = {}): Route<number>[] {
    const { table = 'main' } = filter;
    return [...this.#fib.routes(isAll(table) ? undefined : numberOf(TABLES, 'table', table))];
  }

  /** What `ip route` prints, a line a route. */
  format(filter: { table?: string | number } = {}): string[] {
    const all = isAll(filter.table);
    return this.show(filter).map((route) => formatRoute(route, this.#devices, all));
  }

  /** `ip route get 192.168.1.100`, and why. @throws NetlinkError ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, ENODEV. */
  get(destination: string, options: RouteGetOptions = {}): RouteAnswer {
    const { from, oif, tos = 0, mark = 0, sport = 0, dport = 0, protocol = 0 } = options;
    const daddr = addressOf(destination);
    const flow = {
      daddr,
      saddr: from === undefined ? 0 : addressOf(from),
      oif: oif === undefined ? 0 : this.#devices.get(oif).ifindex,
      tos,
      mark,
      protocol,
      sport,
      dport,
      flags: 0,
    };
    const dst = this.#ipv4.routeOutput(this.#kernel.now(), flow);
    if (typeof dst === 'string') throw new NetlinkError(dst, `route get ${destination}`);
    const explanation = this.#fib.explain({
      daddr,
      saddr: from === undefined ? undefined : flow.saddr,
      iif: 1,
      oif: flow.oif,
      mark,
      tos,
      scope: 0,
      hash: 0,
    });
    const { result } = explanation;
    const table = typeof result === 'string' ? 0 : result.table;
    const via = dst.gateway === 0 ? undefined : formatAddress(dst.gateway);
    return {
      dst: formatAddress(flow.daddr),
      via,
      dev: dst.dev.name,
      src: formatAddress(flow.saddr),
      type: dst.type,
      mtu: dst.mtu(this.#kernel.now()),
      text: textOf(dst, daddr, flow, from, via, table),
      explanation,
    };
  }
}

/** What the kernel says besides the errno of a route that it does not take. */
function extackOf(fib: Fib<number>, errno: string | undefined): string {
  return errno === 'EEXIST' || fib.extack === 'No nexthop' ? '' : fib.extack;
}

function isAll(table: string | number | undefined): boolean {
  return table === 'all' || Number(table) === 0;
}

/** The line of `ip route get`. `asked`: the destination as it was given; `table`: where the route was found, 0 = nowhere. */
function textOf(
  dst: Dst,
  asked: number,
  flow: { saddr: number; tos: number; mark: number },
  from: string | undefined,
  via: string | undefined,
  table: number,
): string {
  const words: string[] = dst.type === 'unicast' ? [] : [dst.type];
  words.push(formatAddress(asked));
  if (from !== undefined) words.push('from', from);
  if (flow.tos !== 0) words.push('tos', `0x${flow.tos.toString(16)}`);
  if (via !== undefined) words.push('via', via);
  words.push('dev', dst.dev.name);
  if (dst.type === 'unicast' && table !== 0 && table !== TABLES.main)
    words.push('table', nameOf(TABLES, table));
  if (from === undefined) words.push('src', formatAddress(flow.saddr));
  if (flow.mark !== 0) words.push('mark', flow.mark < 16 ? String(flow.mark) : `0x${flow.mark.toString(16)}`);
  return `${words.join(' ')} uid 0`;
}

/**
 * What many routes have in common (Linux: struct fib_info): kept once, however many prefixes share it.
 * @module
 */
import { ROUTE_ERRORS, type RouteType } from './constants.ts';
import type { Nexthop, RouteMetrics } from './route.ts';
import type { IgnoreLinkdown } from './select.ts';

/** A next hop, as the FIB changes it. */
export type Hop<A> = { -readonly [K in keyof Nexthop<A>]: Nexthop<A>[K] };

/** Everything about a route but its prefix and TOS. */
export interface Info<A> {
  /** Text that is the same for the same info. */
  readonly key: string;
  readonly table: number;
  readonly type: RouteType;
  readonly scope: number;
  readonly protocol: number;
  readonly metric: number;
  readonly prefsrc: A | undefined;
  readonly metrics: RouteMetrics;
  readonly hops: readonly Hop<A>[];
  /** What a lookup answers instead of a next hop. */
  readonly error: string | undefined;
  /** All next hops are dead, and the routes are about to go. */
  dead: boolean;
  /** Routes that have it. */
  users: number;
}

/** The infos of a FIB, by content and by device. */
export class Infos<A> {
  readonly #byKey = new Map<string, Info<A>>();
  readonly #format: (address: A) => string;
  readonly #ignore: IgnoreLinkdown | undefined;

  /** How many there are. */
  get size(): number {
    return this.#byKey.size;
  }

  constructor(format: (address: A) => string, ignore: IgnoreLinkdown | undefined) {
    this.#format = format;
    this.#ignore = ignore;
  }

  /** The info with this content, counted once more. */
  hold(content: Omit<Info<A>, 'key' | 'error' | 'dead' | 'users'>): Info<A> {
    const key = this.#key(content);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.users++;
      return known;
    }
    const info: Info<A> = { key, ...content, error: ROUTE_ERRORS[content.type], dead: false, users: 1 };
    this.#byKey.set(key, info);
    this.rebalance(info);
    return info;
  }

  /** Counts once less; forgets it after the last. */
  release(info: Info<A>): void {
    info.users--;
    if (info.users === 0) this.#byKey.delete(info.key);
  }

  /** Infos with a next hop on this device. */
  *on(ifindex: number): Generator<Info<A>> {
    for (const info of this.#byKey.values()) {
      if (info.hops.some((hop) => hop.ifindex === ifindex)) yield info;
    }
  }

  /**
   * Shares 2^31 hashes out among the next hops that can be used, by weight. Linux: each gets those up to its bound that the
   * ones before it do not have.
   */
  rebalance({ hops }: Info<A>): void {
    const total = hops.reduce((sum, hop) => sum + this.#share(hop), 0);
    let sum = 0;
    for (const hop of hops) {
      const share = this.#share(hop);
      sum += share;
      hop.upperBound = share === 0 ? -1 : Math.floor((sum * 2 ** 31 + Math.floor(total / 2)) / total) - 1;
    }
  }

  #share(hop: Hop<A>): number {
    return hop.dead || (hop.linkdown && this.#ignore?.(hop.ifindex)) ? 0 : hop.weight;
  }

  #key(content: Omit<Info<A>, 'key' | 'error' | 'dead' | 'users'>): string {
    const { table, type, scope, protocol, metric, prefsrc, metrics, hops } = content;
    const address = (one: A | undefined) => (one === undefined ? '' : this.#format(one));
    const ways = hops.map(({ ifindex, via, weight, onlink }) => [ifindex, address(via), weight, onlink]);
    const rest = [table, type, scope, protocol, metric, address(prefsrc), Object.values(metrics)];
    return JSON.stringify([...rest, ways]);
  }
}

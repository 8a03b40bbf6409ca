/**
 * A route in a table (Linux: struct fib_alias): a prefix, a TOS and the info it shares with others.
 * @module
 */
import type { RouteType } from './constants.ts';
import type { Info } from './info.ts';
import type { Nexthop, Result, Route, RouteMetrics } from './route.ts';

/**
 * A route, and the next one to the same prefix. Small, because there may be a million; and the result of a lookup that ends at
 * its first next hop, because then nothing else need be loaded from memory.
 */
export class Alias<A> implements Route<A>, Result<A> {
  readonly dst: A;
  readonly length: number;
  readonly tos: number;
  /** Set once; another info is another alias. */
  readonly info: Info<A>;
  /** The next to be tried: by TOS downwards, then by metric upwards. */
  next: Alias<A> | undefined;
  /** The results of lookups that end at other next hops, by their index, made when they are first needed. */
  #others: (Result<A> | undefined)[] | undefined;

  constructor(dst: A, length: number, tos: number, info: Info<A>) {
    this.dst = dst;
    this.length = length;
    this.tos = tos;
    this.info = info;
    this.next = undefined;
    this.#others = undefined;
  }

  get table(): number {
    return this.info.table;
  }

  get type(): RouteType {
    return this.info.type;
  }

  get scope(): number {
    return this.info.scope;
  }

  get protocol(): number {
    return this.info.protocol;
  }

  get metric(): number {
    return this.info.metric;
  }

  get prefsrc(): A | undefined {
    return this.info.prefsrc;
  }

  get nexthops(): readonly Nexthop<A>[] {
    return this.info.hops;
  }

  get metrics(): RouteMetrics {
    return this.info.metrics;
  }

  get route(): Route<A> {
    return this;
  }

  get nexthop(): Nexthop<A> {
    return this.info.hops[0] as Nexthop<A>;
  }

  get prefixLength(): number {
    return this.length;
  }

  /** What a lookup gives that ends at this next hop: always the same object. */
  result(index: number): Result<A> {
    return index === 0 ? this : (this.#others?.[index] ?? this.#makeResult(index));
  }

  #makeResult(index: number): Result<A> {
    const { type, table, scope, hops } = this.info;
    const result: Result<A> = {
      type,
      route: this,
      nexthop: hops[index] as Nexthop<A>,
      prefixLength: this.length,
      table,
      scope,
    };
    this.#others ??= Array.from({ length: hops.length }, () => undefined);
    this.#others[index] = result;
    return result;
  }
}

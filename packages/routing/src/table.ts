/**
 * One routing table: prefixes in a trie, and to each prefix a list of routes, by TOS downwards and then by metric upwards.
 * @module
 */
import { Alias } from './alias.ts';
import type { Info } from './info.ts';
import type { AddressOps, Errno } from './ports.ts';
import type { Flow, Result } from './route.ts';
import { type IgnoreLinkdown, select } from './select.ts';
import { Trie } from './trie.ts';

/** Where a new route goes among those to the same prefix with the same TOS and metric, or what becomes of these. */
export type Placement = 'add' | 'append' | 'prepend' | 'replace' | 'change';

/** What a route's entry did: the route that is in, and the one that is out for it. */
export interface Placed<A> {
  readonly added: Alias<A> | undefined;
  readonly removed: Alias<A> | undefined;
}

/** A table. */
export class Table<A> {
  readonly number: number;
  readonly #trie: Trie<A, Alias<A>>;
  #size = 0;

  constructor(ops: AddressOps<A>, number: number) {
    this.number = number;
    this.#trie = new Trie(ops);
  }

  /** How many routes there are. */
  get size(): number {
    return this.#size;
  }

  /** Its prefixes, and the nodes and bytes that hold them. */
  get stats(): { prefixes: number; nodes: number; bytes: number } {
    const { size, nodes, byteLength } = this.#trie;
    return { prefixes: size, nodes, bytes: byteLength };
  }

  /**
   * The next hop of the longest prefix that has a route for the flow; undefined where none has; the error of a route that
   * forwards nothing, EAGAIN for `throw`.
   */
  lookup(flow: Flow<A>, ignore: IgnoreLinkdown | undefined): Result<A> | Errno | undefined {
    const trie = this.#trie;
    const { daddr } = flow;
    for (let head = trie.longest(daddr); head !== undefined; head = trie.shorter(daddr)) {
      for (let alias: Alias<A> | undefined = head; alias !== undefined; alias = alias.next) {
        const { info, tos } = alias;
        if ((tos !== 0 && tos !== flow.tos) || info.scope < flow.scope) continue;
        if (info.error !== undefined) return info.error;
        const index = select(info, flow, ignore);
        if (index >= 0) return alias.result(index);
      }
    }
    return undefined;
  }

  /** Every route whose prefix covers an address, as {@link lookup} comes by them. */
  *covering(address: A): Generator<Alias<A>> {
    const heads: Alias<A>[] = [];
    const trie = this.#trie;
    for (let head = trie.longest(address); head !== undefined; head = trie.shorter(address)) heads.push(head);
    for (const head of heads) yield* listOf(head);
  }

  /** Every route, in no order. */
  *routes(): Generator<Alias<A>> {
    for (const head of this.#trie.entries()) yield* listOf(head);
  }

  /** The routes to exactly this prefix, in the order they are tried. */
  at(dst: A, length: number): Alias<A>[] {
    return [...listOf(this.#trie.find(dst, length))];
  }

  /**
   * Puts a route in. EEXIST: `add` finds one with the same TOS and metric, or the same route is there; ENOENT: `change` finds
   * none. `replace` of a route by itself changes nothing.
   */
  place(how: Placement, dst: A, length: number, tos: number, info: Info<A>): Placed<A> | Errno {
    const list = this.at(dst, length);
    const rivals = list.filter((one) => one.tos === tos && one.info.metric === info.metric);
    const [first] = rivals;
    if (first === undefined && how === 'change') return 'ENOENT';
    if (first !== undefined && how === 'add') return 'EEXIST';
    const replaces = first !== undefined && (how === 'replace' || how === 'change');
    const same = rivals.find((one) => one.info === info);
    if (same !== undefined) {
      return replaces && same === first ? { added: undefined, removed: undefined } : 'EEXIST';
    }
    const added = new Alias(dst, length, tos, info);
    if (replaces) {
      list[list.indexOf(first)] = added;
    } else {
      const isBehind = (one: Alias<A>) =>
        one.tos < tos ||
        (one.tos === tos && (one.info.metric > info.metric || (how === 'prepend' && rivals.includes(one))));
      const place = list.findIndex(isBehind);
      list.splice(place < 0 ? list.length : place, 0, added);
    }
    this.#relink(dst, length, list);
    return { added, removed: replaces ? first : undefined };
  }

  /** Takes a route out that is in. */
  remove(alias: Alias<A>): void {
    const { dst, length } = alias;
    this.#relink(
      dst,
      length,
      this.at(dst, length).filter((one) => one !== alias),
    );
  }

  #relink(dst: A, length: number, list: Alias<A>[]): void {
    const before = this.at(dst, length).length;
    this.#size += list.length - before;
    for (const [index, alias] of list.entries()) alias.next = list[index + 1];
    const [head] = list;
    if (head === undefined) this.#trie.delete(dst, length);
    else this.#trie.set(head);
  }
}

function* listOf<A>(head: Alias<A> | undefined): Generator<Alias<A>> {
  for (let alias = head; alias !== undefined; alias = alias.next) yield alias;
}

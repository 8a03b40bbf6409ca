/**
 * The list of rules, and which of them a flow matches.
 * @module
 */
import { TABLE } from './constants.ts';
import type { AddressOps, Errno } from './ports.ts';
import type { Flow } from './route.ts';
import type { Prefix, Rule, RuleAction, RuleSpec } from './rule.ts';
import type { Table } from './table.ts';
import { covers } from './trie.ts';

const U32 = 0xffff_ffff;
const ACTIONS: readonly RuleAction[] = ['lookup', 'blackhole', 'unreachable', 'prohibit', 'goto', 'nop'];

/** A rule, with what makes its use quick. */
export interface Entry<A> {
  readonly rule: Rule<A>;
  /** Has no selector: matches every flow. */
  readonly matchesAll: boolean;
  /** The table of a `lookup`. */
  readonly table: Table<A> | undefined;
}

/** Why a rule does not match a flow. */
export type RuleMismatch = 'from' | 'to' | 'fwmark' | 'iif' | 'oif' | 'tos' | 'not';

/** The rules, in the order they are tried. */
export class Rules<A> {
  /** The list itself: replaced by each change, never altered. */
  entries: readonly Entry<A>[] = [];
  readonly #ops: AddressOps<A>;
  readonly #table: (number: number) => Table<A>;
  readonly #changed: () => void;

  /** `table` gives the table of a number; `changed` is called after each change. The list is empty at first. */
  constructor(ops: AddressOps<A>, table: (number: number) => Table<A>, changed: () => void) {
    this.#ops = ops;
    this.#table = table;
    this.#changed = changed;
  }

  /** What `ip rule` lists. */
  list(): Rule<A>[] {
    return this.entries.map(({ rule }) => rule);
  }

  /**
   * Adds a rule behind those of its priority. EEXIST: the same rule is there; EINVAL: a number is out of its range, or `goto`
   * does not go forward.
   */
  add(spec: RuleSpec<A>): Errno | undefined {
    const rule = this.#complete(spec);
    if (!this.#isLegal(rule)) return 'EINVAL';
    if (this.entries.some((one) => this.#equal(one.rule, rule, keysOf(rule)))) return 'EEXIST';
    const entry: Entry<A> = {
      rule,
      matchesAll: hasNoSelector(rule) && !rule.not,
      table: rule.action === 'lookup' ? this.#table(rule.table) : undefined,
    };
    const place = this.entries.findIndex((one) => one.rule.priority > rule.priority);
    const at = place < 0 ? this.entries.length : place;
    this.entries = [...this.entries.slice(0, at), entry, ...this.entries.slice(at)];
    this.#changed();
    return undefined;
  }

  /** Deletes the first rule that is as said. ENOENT: none is. */
  delete(spec: RuleSpec<A>): Errno | undefined {
    const keys = keysOf(spec).filter((key) => spec[key] !== undefined);
    const place = this.entries.findIndex(({ rule }) => this.#equal(rule, spec, keys));
    if (place < 0) return 'ENOENT';
    this.entries = this.entries.filter((_, index) => index !== place);
    this.#changed();
    return undefined;
  }

  /** Whether a flow matches. */
  matches({ rule, matchesAll }: Entry<A>, flow: Flow<A>): boolean {
    return matchesAll || this.mismatch(rule, flow) === undefined;
  }

  /** Why a flow does not match; undefined where it does. */
  mismatch(rule: Rule<A>, flow: Flow<A>): RuleMismatch | undefined {
    const why = this.#selectorMismatch(rule, flow);
    if (rule.not) return why === undefined ? 'not' : undefined;
    return why;
  }

  #selectorMismatch(rule: Rule<A>, flow: Flow<A>): RuleMismatch | undefined {
    if (rule.iif !== 0 && rule.iif !== flow.iif) return 'iif';
    if (rule.oif !== 0 && rule.oif !== flow.oif) return 'oif';
    if (((rule.fwmark ^ flow.mark) & rule.fwmask) !== 0) return 'fwmark';
    if (rule.tos !== 0 && rule.tos !== flow.tos) return 'tos';
    if (!this.#within(rule.from, flow.saddr)) return 'from';
    return this.#within(rule.to, flow.daddr) ? undefined : 'to';
  }

  #within(prefix: Prefix<A> | undefined, address: A | undefined): boolean {
    if (prefix === undefined || prefix.length === 0) return true;
    return address !== undefined && covers(this.#ops, prefix.address, prefix.length, address);
  }

  #complete(spec: RuleSpec<A>): Rule<A> {
    const fwmark = spec.fwmark ?? 0;
    return {
      priority: spec.priority ?? this.#freePriority(),
      not: spec.not ?? false,
      from: spec.from,
      to: spec.to,
      fwmark,
      fwmask: spec.fwmask ?? (fwmark === 0 ? 0 : U32),
      iif: spec.iif ?? 0,
      oif: spec.oif ?? 0,
      tos: spec.tos ?? 0,
      action: spec.action ?? 'lookup',
      table: spec.table ?? TABLE.MAIN,
      target: spec.target ?? 0,
      suppressPrefixLength: spec.suppressPrefixLength ?? -1,
    };
  }

  /** Linux: before the second rule, so that a rule without priority comes right behind the table local. */
  #freePriority(): number {
    const second = this.entries[1]?.rule.priority ?? 0;
    return Math.max(second - 1, 0);
  }

  #isLegal(rule: Rule<A>): boolean {
    const numbers = [rule.priority, rule.fwmark, rule.fwmask, rule.iif, rule.oif, rule.table, rule.target];
    if (!numbers.every((value) => isWithin(value, U32)) || !isWithin(rule.tos, 255)) return false;
    if (!ACTIONS.includes(rule.action) || !isWithin(rule.suppressPrefixLength + 1, this.#ops.width + 1))
      return false;
    if (rule.action === 'goto' && rule.target <= rule.priority) return false;
    if (rule.action === 'lookup' && rule.table === 0) return false;
    return (
      isWithin(rule.from?.length ?? 0, this.#ops.width) && isWithin(rule.to?.length ?? 0, this.#ops.width)
    );
  }

  #equal(rule: Rule<A>, other: RuleSpec<A>, keys: (keyof Rule<A>)[]): boolean {
    return keys.every((key) => {
      if (key !== 'from' && key !== 'to') return rule[key] === other[key];
      const [one, another] = [rule[key], other[key]];
      if (one === undefined || another === undefined) return one === another;
      return one.length === another.length && this.#ops.equal(one.address, another.address);
    });
  }
}

function keysOf<A>(spec: RuleSpec<A>): (keyof Rule<A>)[] {
  return Object.keys(spec) as (keyof Rule<A>)[];
}

function hasNoSelector<A>({ from, to, fwmask, iif, oif, tos }: Rule<A>): boolean {
  return (from?.length ?? 0) + (to?.length ?? 0) + fwmask + iif + oif + tos === 0;
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

/**
 * Rules of policy routing: which flows, and what happens to them.
 * @module
 */

/** What a rule does: looks into a table, refuses, goes on at another rule, or nothing. */
export type RuleAction = 'lookup' | 'blackhole' | 'unreachable' | 'prohibit' | 'goto' | 'nop';

/** A prefix that an address is held against. */
export interface Prefix<A> {
  readonly address: A;
  readonly length: number;
}

/** A rule as it is in the list. */
export interface Rule<A> {
  /** u32; rules are tried in this order, and in the order they were added where it is equal. */
  readonly priority: number;
  /** Matches the flows that the selectors below do not. */
  readonly not: boolean;
  readonly from: Prefix<A> | undefined;
  readonly to: Prefix<A> | undefined;
  /** u32, compared under `fwmask`. */
  readonly fwmark: number;
  /** u32; 0: any mark. */
  readonly fwmask: number;
  /** 0: any. */
  readonly iif: number;
  /** 0: any. */
  readonly oif: number;
  /** 0: any. */
  readonly tos: number;
  readonly action: RuleAction;
  /** For `lookup`. */
  readonly table: number;
  /** For `goto`: the priority to go on at; larger than the rule's own. */
  readonly target: number;
  /** For `lookup`: what is found by a prefix of at most this length does not count; -1: everything counts. */
  readonly suppressPrefixLength: number;
}

/**
 * A rule as it is given. What is absent: to add, no selector, the table main, and a priority just above the second rule's; to
 * delete, any.
 */
export type RuleSpec<A> = { readonly [K in keyof Rule<A>]?: Rule<A>[K] | undefined };

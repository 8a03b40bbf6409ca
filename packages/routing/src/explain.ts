/**
 * What a lookup looked at and why it went on: the long form of an answer, for `route get`.
 * @module
 */
import type { Alias } from './alias.ts';
import type { Hop } from './info.ts';
import type { AddressOps, Errno } from './ports.ts';
import type { Flow, Nexthop, Result, Route } from './route.ts';
import type { Rule, RuleAction } from './rule.ts';
import type { Entry, RuleMismatch, Rules } from './rules.ts';
import { type HopVerdict, type IgnoreLinkdown, judgeHop, select } from './select.ts';

/** Why a route was taken or not. `error`: its type forwards nothing, and the search ends. */
export type RouteVerdict = 'chosen' | 'tos' | 'scope' | 'error' | 'nexthops';

/**
 * What became of a next hop. `chosen`: the only one that could be, the first on the device that was asked for, or the first
 * whose bound is not below the flow's hash; `hash`: the hash chose another; `unneeded`: one before it was chosen.
 */
export type HopOutcome = 'chosen' | 'hash' | 'unneeded' | Exclude<HopVerdict, 'usable'>;

/** A next hop that was looked at. */
export interface HopStep<A> {
  readonly nexthop: Nexthop<A>;
  readonly outcome: HopOutcome;
}

/** A route whose prefix covers the address. */
export interface RouteStep<A> {
  readonly route: Route<A>;
  readonly verdict: RouteVerdict;
  /** Looked at only where nothing else was against the route. */
  readonly nexthops: readonly HopStep<A>[];
}

/** A table that was looked into; its routes from the longest prefix to the shortest, up to the one that ended the search. */
export interface TableStep<A> {
  readonly table: number;
  readonly routes: readonly RouteStep<A>[];
}

/** What came of a rule. `suppressed`: what it found is by too short a prefix; `jump`: a goto that found its target. */
export type RuleOutcome = 'mismatch' | 'nothing' | 'throw' | 'suppressed' | 'jump' | 'found' | 'refused';

/** A rule that was tried. */
export interface RuleStep<A> {
  readonly rule: Rule<A>;
  readonly outcome: RuleOutcome;
  /** For `mismatch`: what did not match. */
  readonly mismatch: RuleMismatch | undefined;
  readonly table: TableStep<A> | undefined;
}

/** A lookup, step by step. */
export interface Explanation<A> {
  readonly flow: Flow<A>;
  readonly steps: readonly RuleStep<A>[];
  /** What the lookup gives. */
  readonly result: Result<A> | Errno;
  /** 31 bits: what next hops' bounds are held against. */
  readonly hash: number;
}

/** What a rule answers that forwards nothing. */
export const ACTION_ERRORS: Readonly<Record<RuleAction, Errno | undefined>> = {
  lookup: undefined,
  goto: undefined,
  nop: undefined,
  blackhole: 'EINVAL',
  unreachable: 'ENETUNREACH',
  prohibit: 'EACCES',
};

/** Goes the way of a lookup and writes it down. */
export function explain<A>(
  rules: Rules<A>,
  flow: Flow<A>,
  ignore: IgnoreLinkdown | undefined,
): Explanation<A> {
  const steps: RuleStep<A>[] = [];
  const { entries } = rules;
  const hash = flow.hash >>> 1;
  let index = 0;
  while (index < entries.length) {
    const entry = entries[index++] as Entry<A>;
    const { rule } = entry;
    const mismatch = rules.mismatch(rule, flow);
    if (mismatch !== undefined) {
      steps.push({ rule, outcome: 'mismatch', mismatch, table: undefined });
      continue;
    }
    if (rule.action === 'goto') {
      const target = entries.findIndex((one) => one.rule.priority === rule.target);
      steps.push({ rule, outcome: target < 0 ? 'nothing' : 'jump', mismatch, table: undefined });
      if (target >= 0) index = target;
      continue;
    }
    const error = ACTION_ERRORS[rule.action];
    if (error !== undefined) {
      steps.push({ rule, outcome: 'refused', mismatch, table: undefined });
      return { flow, steps, result: error, hash };
    }
    const { step, result } = lookInto(entry, flow, ignore);
    steps.push(step);
    if (result !== undefined) return { flow, steps, result, hash };
  }
  return { flow, steps, result: 'ENETUNREACH', hash };
}

function lookInto<A>(
  { rule, table }: Entry<A>,
  flow: Flow<A>,
  ignore: IgnoreLinkdown | undefined,
): { step: RuleStep<A>; result: Result<A> | Errno | undefined } {
  const routes: RouteStep<A>[] = [];
  let result: Result<A> | Errno | undefined;
  for (const alias of table?.covering(flow.daddr) ?? []) {
    const step = judge(alias, flow, ignore);
    routes.push(step);
    if (step.verdict === 'chosen') result = alias.result(select(alias.info, flow, ignore));
    if (step.verdict === 'error') result = alias.info.error;
    if (result !== undefined) break;
  }
  const outcome = outcomeOf(result, rule);
  const step = { rule, outcome, mismatch: undefined, table: table && { table: table.number, routes } };
  return { step, result: outcome === 'found' || outcome === 'refused' ? result : undefined };
}

function outcomeOf<A>(result: Result<A> | Errno | undefined, rule: Rule<A>): RuleOutcome {
  if (result === undefined) return 'nothing';
  if (typeof result === 'string') return result === 'EAGAIN' ? 'throw' : 'refused';
  return result.prefixLength <= rule.suppressPrefixLength ? 'suppressed' : 'found';
}

function judge<A>(route: Alias<A>, flow: Flow<A>, ignore: IgnoreLinkdown | undefined): RouteStep<A> {
  const { info, tos } = route;
  const verdict = (one: RouteVerdict, nexthops: HopStep<A>[] = []) => ({ route, verdict: one, nexthops });
  if (tos !== 0 && tos !== flow.tos) return verdict('tos');
  if (info.scope < flow.scope) return verdict('scope');
  if (info.error !== undefined) return verdict('error');
  const chosen = select(info, flow, ignore);
  const nexthops = info.hops.map((nexthop, index) => ({
    nexthop,
    outcome: index === chosen ? ('chosen' as const) : outcomeOfHop(nexthop, flow, ignore, index < chosen),
  }));
  return verdict(chosen < 0 ? 'nexthops' : 'chosen', nexthops);
}

function outcomeOfHop<A>(
  hop: Hop<A>,
  flow: Flow<A>,
  ignore: IgnoreLinkdown | undefined,
  isBefore: boolean,
): HopOutcome {
  const verdict = judgeHop(hop, flow, ignore);
  if (verdict !== 'usable') return verdict;
  return isBefore ? 'hash' : 'unneeded';
}

/** An explanation in lines of text, one a step, indented. */
export function formatExplanation<A>(ops: AddressOps<A>, { steps, result, hash }: Explanation<A>): string {
  const lines: string[] = [];
  for (const { rule, outcome, mismatch, table } of steps) {
    lines.push(`rule ${rule.priority}: ${mismatch === undefined ? outcome : `${outcome} (${mismatch})`}`);
    for (const { route, verdict, nexthops } of table?.routes ?? []) {
      lines.push(`  table ${route.table}: ${formatRoute(ops, route)}: ${verdict}`);
      for (const { nexthop, outcome: one } of nexthops) {
        const bound = nexthops.length > 1 ? ` (hash ${hash}, up to ${nexthop.upperBound})` : '';
        lines.push(`    ${formatNexthop(ops, nexthop)}: ${one}${bound}`);
      }
    }
  }
  lines.push(typeof result === 'string' ? result : formatNexthop(ops, result.nexthop));
  return lines.join('\n');
}

function formatRoute<A>(ops: AddressOps<A>, { type, dst, length, tos, metric }: Route<A>): string {
  const words = [type, `${ops.format(dst)}/${length}`];
  if (tos !== 0) words.push(`tos ${tos}`);
  if (metric !== 0) words.push(`metric ${metric}`);
  return words.join(' ');
}

function formatNexthop<A>(ops: AddressOps<A>, { via, ifindex }: Nexthop<A>): string {
  return via === undefined ? `dev ${ifindex}` : `via ${ops.format(via)} dev ${ifindex}`;
}

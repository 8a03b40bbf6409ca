/**
 * Routing as Linux does it: longest-prefix match over a million prefixes, tables, rules, multipath, and answers that explain
 * themselves. Generic over the address.
 * @module
 */
export { PROTOCOL, type RouteType, SCOPE, TABLE } from './constants.ts';
export {
  type Explanation,
  formatExplanation,
  type HopOutcome,
  type HopStep,
  type RouteStep,
  type RouteVerdict,
  type RuleOutcome,
  type RuleStep,
  type TableStep,
} from './explain.ts';
export { Fib } from './fib.ts';
export type { AddressOps, DeviceState, Errno, Ports } from './ports.ts';
export type {
  Flow,
  Nexthop,
  NexthopSpec,
  Result,
  Route,
  RouteFilter,
  RouteMetrics,
  RouteSpec,
} from './route.ts';
export type { Prefix, Rule, RuleAction, RuleSpec } from './rule.ts';
export type { RuleMismatch, Rules } from './rules.ts';

/**
 * `ip rule`.
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import type { Fib, Rule, RuleAction, RuleSpec } from '@stack/routing';
import type { Devices } from '../devices.ts';
import { refuse } from '../netlink-error.ts';
import { nameOf, numberOf, prefixOf, TABLES } from './names.ts';

/** What `ip rule add` is told. */
export interface RuleOptions {
  priority?: number;
  /** Source prefix. */
  from?: string;
  /** Destination prefix. */
  to?: string;
  fwmark?: number;
  /** Default all bits. */
  fwmask?: number;
  iif?: string;
  oif?: string;
  tos?: number;
  table?: string | number;
  /** Default `lookup`. */
  action?: RuleAction;
  /** For `goto`: the priority to go on at. */
  target?: number;
  /** Matches what the selectors do not. */
  not?: boolean;
}

/** Rules of policy routing of a host. */
export class RuleVerbs {
  readonly #devices: Devices;
  readonly #fib: Fib<number>;

  constructor(devices: Devices, fib: Fib<number>) {
    this.#devices = devices;
    this.#fib = fib;
  }

  /** `ip rule add from 10.0.0.0/8 table 100`. @throws NetlinkError EEXIST, EINVAL, ENODEV. */
  add(options: RuleOptions): void {
    refuse(this.#fib.rules.add(this.#spec(options)), 'rule add');
  }

  /** `ip rule del`: the first rule that fits. @throws NetlinkError ENOENT, ENODEV. */
  del(options: RuleOptions): void {
    refuse(this.#fib.rules.delete(this.#spec(options)), 'rule del');
  }

  /** All rules in their order. */
  show(): Rule<number>[] {
    return [...this.#fib.rules.list()];
  }

  /** A line a rule, as `ip rule` prints them. */
  format(): string[] {
    return this.show().map((rule) => this.#format(rule));
  }

  #spec(options: RuleOptions): RuleSpec<number> {
    const { from, to, iif, oif, table, fwmark, fwmask } = options;
    const index = (dev: string | undefined): number | undefined =>
      dev === undefined ? undefined : this.#devices.get(dev).ifindex;
    return {
      priority: options.priority,
      not: options.not,
      from: from === undefined ? undefined : prefixOf(from),
      to: to === undefined ? undefined : prefixOf(to),
      fwmark,
      fwmask: fwmask ?? (fwmark === undefined ? undefined : 0xffff_ffff),
      iif: index(iif),
      oif: index(oif),
      tos: options.tos,
      table: table === undefined ? undefined : numberOf(TABLES, 'table', table),
      action: options.action,
      target: options.target,
    };
  }

  #format(rule: Rule<number>): string {
    const { from, to, fwmark, fwmask, iif, oif, tos } = rule;
    const words = [
      `${rule.priority}:\t${rule.not ? 'not ' : ''}from ${from === undefined ? 'all' : prefixText(from)}`,
    ];
    if (to !== undefined) words.push('to', prefixText(to));
    if (tos !== 0) words.push('tos', `0x${tos.toString(16)}`);
    if (fwmask !== 0)
      words.push(
        'fwmark',
        `0x${fwmark.toString(16)}${fwmask === 0xffff_ffff ? '' : `/0x${fwmask.toString(16)}`}`,
      );
    if (iif !== 0) words.push('iif', this.#devices.at(iif)?.name ?? `if${iif}`);
    if (oif !== 0) words.push('oif', this.#devices.at(oif)?.name ?? `if${oif}`);
    if (rule.action === 'lookup') words.push('lookup', nameOf(TABLES, rule.table));
    else if (rule.action === 'goto') words.push('goto', String(rule.target));
    else words.push(rule.action);
    return words.join(' ');
  }
}

function prefixText({ address, length }: { address: number; length: number }): string {
  return length === 32 ? formatAddress(address) : `${formatAddress(address)}/${length}`;
}

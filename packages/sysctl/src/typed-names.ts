/**
 * The types of names and of what stands behind them.
 * @module
 */
import type { CONF } from './conf.ts';
import type { CORE } from './core.ts';
import type { Table, Value, ValueOf, Values } from './definition.ts';
import type { IPV4 } from './ipv4.ts';
import type { NEIGH, NEIGH_TABLE } from './neigh.ts';
import type { ROUTE } from './route.ts';

/** `net.core.*`, live. */
export type CoreValues = Values<typeof CORE>;
/** `net.ipv4.*` without its directories, live. */
export type Ipv4Values = Values<typeof IPV4>;
/** `net.ipv4.route.*`, live. */
export type RouteValues = Values<typeof ROUTE>;
/** `net.ipv4.conf.<device>.*`, live; the same fields for what is in effect on a device. */
export type ConfValues = Values<typeof CONF>;
/** `net.ipv4.neigh.<device>.*`, live. */
export type NeighValues = Values<typeof NEIGH>;
/** `net.ipv4.neigh.default.*`, live. */
export type NeighDefaultValues = NeighValues & Values<typeof NEIGH_TABLE>;

type Field<T extends Table> = Extract<keyof T, string>;

/** Every name, with dots; a device's own dots are slashes. */
export type SysctlName =
  | `net.core.${Field<typeof CORE>}`
  | `net.ipv4.${Field<typeof IPV4>}`
  | `net.ipv4.route.${Field<typeof ROUTE>}`
  | `net.ipv4.conf.${string}.${Field<typeof CONF>}`
  | `net.ipv4.neigh.${string}.${Field<typeof NEIGH>}`
  | `net.ipv4.neigh.default.${Field<typeof NEIGH_TABLE>}`;

type Of<T extends Table, K> = K extends keyof T ? ValueOf<T[K]> : never;

/** The type of the value behind a name. */
export type SysctlValue<N extends string> = N extends `net.core.${infer K}`
  ? Of<typeof CORE, K>
  : N extends `net.ipv4.route.${infer K}`
    ? Of<typeof ROUTE, K>
    : N extends `net.ipv4.conf.${string}.${infer K}`
      ? Of<typeof CONF, K>
      : N extends `net.ipv4.neigh.${string}.${infer K}`
        ? Of<typeof NEIGH & typeof NEIGH_TABLE, K>
        : N extends `net.ipv4.${infer K}`
          ? Of<typeof IPV4, K>
          : Value;

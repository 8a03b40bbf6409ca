/**
 * Words of `ip` for numbers: scopes, protocols, tables (/etc/iproute2/rt_*).
 * @module
 */
import { type Prefix, parseAddress, parsePrefix } from '@stack/ipv4';
import { NetlinkError } from '../netlink-error.ts';

/** Scopes by name. */
export const SCOPES: Readonly<Record<string, number>> = /* @__PURE__ */ Object.freeze({
  global: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
});

/** Who made a route, by name. */
export const PROTOCOLS: Readonly<Record<string, number>> = /* @__PURE__ */ Object.freeze({
  unspec: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  ra: 9,
  dhcp: 16,
});

/** Tables by name. */
export const TABLES: Readonly<Record<string, number>> = /* @__PURE__ */ Object.freeze({
  default: 253,
  main: 254,
  local: 255,
});

/** A number that has a name in `table`, or is given as a number. @throws NetlinkError EINVAL. */
export function numberOf(
  table: Readonly<Record<string, number>>,
  what: string,
  value: string | number,
): number {
  if (typeof value === 'number') return value;
  if (Object.hasOwn(table, value)) return table[value] as number;
  const number = Number(value);
  if (value === '' || !Number.isInteger(number) || number < 0)
    throw new NetlinkError('EINVAL', `${what} ${value}`);
  return number;
}

/** The name of a number, or the number as text. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  for (const [name, number] of Object.entries(table)) if (number === value) return name;
  return String(value);
}

/** An address from text. @throws NetlinkError EINVAL. */
export function addressOf(text: string): number {
  try {
    return parseAddress(text);
  } catch {
    throw new NetlinkError('EINVAL', `"${text}" is no IPv4 address`);
  }
}

/** A prefix from `10.0.0.0/8`, `10.0.0.1` (a /32) or `default`. @throws NetlinkError EINVAL. */
export function prefixOf(text: string): Prefix {
  if (text === 'default' || text === 'any' || text === 'all') return { address: 0, length: 0 };
  try {
    return text.includes('/') ? parsePrefix(text) : { address: parseAddress(text), length: 32 };
  } catch {
    throw new NetlinkError('EINVAL', `"${text}" is no IPv4 prefix`);
  }
}

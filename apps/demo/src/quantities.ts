/**
 * Quantities as `tc` takes them: `5%`, `20ms`, `100mbit`.
 * @module
 */
import { InvalidArgumentError } from 'commander';

const TIMES: Readonly<Record<string, number>> = {
  us: 1,
  usec: 1,
  ms: 1000,
  msec: 1000,
  s: 1_000_000,
  sec: 1_000_000,
};
const RATES: Readonly<Record<string, number>> = {
  bit: 1,
  kbit: 1000,
  mbit: 1_000_000,
  gbit: 1_000_000_000,
};
const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
};

/** A probability in percent, `5%` or `5`, as a fraction of 1. */
export function percent(text: string): number {
  const { value } = split(text, { '': 1, '%': 1 }, 'a percentage such as 5%');
  if (value > 100) throw new InvalidArgumentError('More than 100%.');
  return value / 100;
}

/** A time, `20ms`, in µs. */
export function duration(text: string): number {
  const { value, factor } = split(text, TIMES, 'a time such as 20ms');
  return whole(value * factor, 3_600_000_000, 'an hour');
}

/** A rate, `100mbit`, in bits per second. */
export function rate(text: string): number {
  const { value, factor } = split(text, RATES, 'a rate such as 100mbit');
  const bits = whole(value * factor, 1_000_000_000_000, '1000gbit');
  if (bits < 1000) throw new InvalidArgumentError('Less than 1kbit.');
  return bits;
}

/** A number of bytes, `4096` or `64k`. */
export function size(text: string): number {
  const { value, factor } = split(text, SIZES, 'a number of bytes such as 4096 or 64k');
  return whole(value * factor, 2 ** 30, '1 GiB');
}

/** A seed: u32. */
export function seed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) {
    throw new InvalidArgumentError('Not a whole number below 2^32.');
  }
  return Number(text);
}

/** `name=value`, added to what came before. */
export function assignment(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Not of the form name=value.');
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

function split(
  text: string,
  units: Readonly<Record<string, number>>,
  what: string,
): { value: number; factor: number } {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z%]*)$/.exec(text.toLowerCase()) ?? [];
  const factor = units[unit];
  if (digits === '' || factor === undefined) throw new InvalidArgumentError(`Not ${what}.`);
  return { value: Number(digits), factor };
}

function whole(value: number, most: number, limit: string): number {
  const rounded = Math.round(value);
  if (rounded > most) throw new InvalidArgumentError(`More than ${limit}.`);
  return rounded;
}

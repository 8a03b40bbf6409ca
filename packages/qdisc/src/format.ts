/**
 * Numbers as `tc` prints them.
 * @module
 */

const KIBI = 1024;
const MEBI = 1024 * 1024;
const UNITS = ['bit', 'Kbit', 'Mbit', 'Gbit', 'Tbit'];

/** Bytes: whole kilo- and megabytes where they are near enough. */
export function size(bytes: number): string {
  if (bytes >= MEBI && Math.abs(MEBI * Math.round(bytes / MEBI) - bytes) < KIBI) {
    return `${Math.round(bytes / MEBI)}Mb`;
  }
  if (bytes >= KIBI && Math.abs(KIBI * Math.round(bytes / KIBI) - bytes) < 16) {
    return `${Math.round(bytes / KIBI)}Kb`;
  }
  return `${bytes}b`;
}

/** Bits per second: in the largest unit that is exact, or a thousand times too small. */
export function rate(bits: number): string {
  let value = bits;
  let unit = 0;
  while (unit < UNITS.length - 1 && value >= 1000 && (value % 1000 === 0 || value >= 1_000_000)) {
    value /= 1000;
    unit++;
  }
  return `${Math.round(value)}${UNITS[unit]}`;
}

/** Microseconds: three digits, in the largest unit that is not below one. */
export function time(us: number): string {
  if (us >= 1_000_000) return `${digits(us / 1_000_000)}s`;
  if (us >= 1000) return `${digits(us / 1000)}ms`;
  return `${Math.round(us)}us`;
}

/** A probability in percent, as C's `%g`. */
export function percent(p: number): string {
  return `${Number((p * 100).toPrecision(6))}%`;
}

/** As C's `%.3g`, for what is at least 1 and below 1000; whole above. */
function digits(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

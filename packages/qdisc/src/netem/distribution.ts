/**
 * How delays are spread: tables of quantiles, made by additions, multiplications and divisions alone, so that they are the same everywhere.
 * @module
 */
import { mulHigh } from '../rng.ts';

/** Shapes of a delay's variation, by `tc`'s names. */
export type Distribution = 'uniform' | 'normal' | 'pareto' | 'paretonormal';

/** Entries of a table. */
const ENTRIES = 4096;
/** What stands for one standard deviation in a table (Linux `NETEM_DIST_SCALE`). */
const SCALE = 8192;
const MAX_ENTRY = 32_767;
/** Standard deviations after which the tail of the normal distribution counts as nothing. */
const TAIL = 8;
const TWO_32 = 0x1_0000_0000;

const tables: Partial<Record<Distribution, Int16Array>> = {};

/** The table of a distribution; `undefined` for the uniform one, which needs none. Made at first use, in about a millisecond. */
export function tableOf(distribution: Distribution): Int16Array | undefined {
  if (distribution === 'uniform') return undefined;
  tables[distribution] ??= make(distribution);
  return tables[distribution];
}

/** `mean` varied by `deviation`, ns, as `random`, a u32, says. May be below 0. */
export function vary(mean: number, deviation: number, random: number, table: Int16Array | undefined): number {
  if (deviation === 0) return mean;
  if (table === undefined) return mean - deviation + spread(2 * deviation, random);
  const entry = table[random % ENTRIES] as number;
  // In two parts: the product would be too large to be exact.
  const rest = deviation % SCALE;
  return mean + ((deviation - rest) / SCALE) * entry + Math.floor((rest * entry + SCALE / 2) / SCALE);
}

/** A value within 0..`range` - 1 ns; in whole µs where the range is longer than a u32 of ns. */
function spread(range: number, random: number): number {
  if (range <= TWO_32) return mulHigh(random, range);
  return mulHigh(random, Math.floor(range / 1000)) * 1000;
}

function make(distribution: Distribution): Int16Array {
  if (distribution === 'normal') return normal();
  if (distribution === 'pareto') return pareto();
  const [a, b] = [tableOf('normal') as Int16Array, tableOf('pareto') as Int16Array];
  return a.map((value, i) => Math.round((value + 3 * (b[i] as number)) / 4));
}

/**
 * Quantiles of the normal distribution. Its density is summed in steps of one unit of the table; from one step to the next it falls by
 * exp(-(2k + 1) / (2 SCALE²)), and that factor itself by exp(-1 / SCALE²), which a few terms of the series give to the last bit.
 */
function normal(): Int16Array {
  const steps = TAIL * SCALE;
  const cumulated = new Float64Array(steps + 1);
  let fall = smallExp(-1 / (2 * SCALE * SCALE));
  const change = smallExp(-1 / (SCALE * SCALE));
  let density = 1;
  for (let k = 0; k < steps; k++) {
    const next = density * fall;
    cumulated[k + 1] = (cumulated[k] as number) + (density + next) / 2;
    density = next;
    fall *= change;
  }
  const half = cumulated[steps] as number;
  const table = new Int16Array(ENTRIES);
  for (let i = 0, k = 0; i < ENTRIES / 2; i++) {
    const wanted = ((2 * i + 1) / ENTRIES) * half;
    while ((cumulated[k + 1] as number) < wanted) k++;
    const nearer = wanted - (cumulated[k] as number) < (cumulated[k + 1] as number) - wanted ? k : k + 1;
    table[ENTRIES / 2 + i] = nearer;
    table[ENTRIES / 2 - 1 - i] = -nearer;
  }
  return table;
}

/** e to a power next to 0. */
function smallExp(x: number): number {
  return 1 + x + (x * x) / 2 + (x * x * x) / 6;
}

/** Quantiles of Pareto's distribution with exponent 3, moved to mean 0 and stretched by 4/3 as in iproute2's table; the longest delays are cut at four. */
function pareto(): Int16Array {
  const table = new Int16Array(ENTRIES);
  for (let i = 0; i < ENTRIES; i++) {
    const value = cubeRoot((2 * ENTRIES) / (2 * (ENTRIES - 1 - i) + 1));
    table[i] = Math.min(MAX_ENTRY, Math.round((value - 3 / 2) * (4 / 3) * SCALE));
  }
  return table;
}

/** Cube root of what is at least 1, by Newton's method. */
function cubeRoot(x: number): number {
  let root = x;
  for (;;) {
    const next = (2 * root + x / (root * root)) / 3;
    if (!(next < root)) return root;
    root = next;
  }
}

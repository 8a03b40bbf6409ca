/**
 * Median, least and most of several values.
 * @module
 */

/** Of several values. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** `undefined` where there is none. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return { median: median(sorted), least: sorted[0] as number, most: sorted.at(-1) as number };
}

/** The one in the middle of values in ascending order, at least one; of an even number, the mean of two. */
export function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

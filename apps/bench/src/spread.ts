/**
 * Of several rounds.
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
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
  return { median, least: sorted[0] as number, most: sorted.at(-1) as number };
}

/**
 * Exponential backoff in exact arithmetic.
 * @module
 */

/** `value` doubled `times` times, at most `most`. */
export function doubled(value: number, times: number, most: number): number {
  let result = value;
  for (let i = 0; i < times && result < most; i++) result *= 2;
  return Math.min(result, most);
}

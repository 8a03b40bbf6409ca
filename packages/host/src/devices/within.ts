/**
 * The caller's mistakes: options out of their range.
 * @module
 */

/** @throws RangeError unless `value` is a whole number within the bounds. */
export function within(owner: string, name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${owner}: ${name} ${String(value)} is not within ${min}..${max}`);
  }
  return value;
}

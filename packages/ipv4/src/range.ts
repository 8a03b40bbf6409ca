/**
 * The caller's mistakes: values that do not fit their field.
 * @module
 */

/** @throws RangeError unless `value` is an integer 0..`max`. */
export function range(name: string, value: number, max: number): void {
  if (value >>> 0 !== value || value > max)
    throw new RangeError(`ipv4: ${name} ${value} is not within 0..${max}`);
}

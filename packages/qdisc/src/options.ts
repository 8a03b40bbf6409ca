/**
 * What options may be. All errors name the discipline and the option.
 * @module
 */

/** The largest value of a u32. */
export const U32 = 0xffff_ffff;

/** @throws RangeError unless `value` is a whole number within `min`..`max`. */
export function whole(kind: string, name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${kind}: ${name} ${String(value)} is not a whole number within ${min}..${max}`);
  }
  return value;
}

/** @throws RangeError unless `value` is within 0..1. */
export function probability(kind: string, name: string, value: number): number {
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) {
    throw new RangeError(`${kind}: ${name} ${String(value)} is not a probability`);
  }
  return value;
}

/** @throws RangeError for a name that is none of `known`. */
export function known(kind: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new RangeError(`${kind}: no option ${name}`);
  }
}

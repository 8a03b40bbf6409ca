/**
 * The caller's mistakes: values that do not fit.
 * @module
 */

/**
 * @throws RangeError, naming the field, unless `value` is an integer 0..`max`. A place in an array is judged by it too:
 * `range('offset', offset, bytes.length)`.
 */
export function range(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  refuse(name, value, max);
}

function refuse(name: string, value: unknown, max: number): never {
  const text = typeof value === 'string';
  throw new RangeError(`tcp: ${name} ${text ? JSON.stringify(value) : String(value)} is not in 0..${max}`);
}

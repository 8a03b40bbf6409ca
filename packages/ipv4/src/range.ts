/**
 * The caller's mistakes: values that do not fit.
 * @module
 */

const HINT = '; parseAddress reads text';

/**
 * @throws RangeError, naming the field, unless `value` is an integer 0..`max`; for text, with `hint` behind it. A place in an
 * array is judged by it too: `range('offset', offset, bytes.length)`.
 */
export function range(name: string, value: number, max: number, hint = ''): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  refuse(name, value, max, hint);
}

/** {@link range} for an address in a header, u32. */
export function addressRange(name: string, value: number): void {
  range(name, value, 0xffff_ffff, HINT);
}

/** {@link addressRange} for an address on its own: engines keep int32, so the signed form is one too. */
export function anyAddress(name: string, value: number): void {
  if (value >>> 0 !== value && (value | 0) !== value) refuse(name, value, 0xffff_ffff, HINT);
}

function refuse(name: string, value: unknown, max: number, hint: string): never {
  const text = typeof value === 'string';
  throw new RangeError(
    `ipv4: ${name} ${text ? JSON.stringify(value) : String(value)} is not in 0..${max}${text ? hint : ''}`,
  );
}

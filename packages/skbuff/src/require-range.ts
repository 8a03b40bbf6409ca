/**
 * The caller's mistakes: values that do not fit where they are to be written.
 * @module
 */

/**
 * For codecs: refuses what is no integer 0..`max`, naming the package (`owner`) and the field. Text gets `hint` behind it, the
 * function that would read it. A place in an array is judged by it too: `requireRange('tcp', 'offset', offset, bytes.length)`.
 * @throws RangeError such as `tcp: dest 70000 is not in 0..65535`.
 */
export function requireRange(owner: string, name: string, value: number, max: number, hint = ''): void {
  if (!Number.isInteger(value) || value < 0 || value > max) refuse(owner, name, value, max, hint);
}

function refuse(owner: string, name: string, value: unknown, max: number, hint: string): never {
  const text = typeof value === 'string';
  const shown = text ? JSON.stringify(value) : String(value);
  throw new RangeError(`${owner}: ${name} ${shown} is not in 0..${max}${text ? hint : ''}`);
}

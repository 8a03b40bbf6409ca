/**
 * What constructors say of options that are not there.
 * @module
 */

/** @throws TypeError that names the first of `names` that `options` has not. */
export function need<O extends object>(
  owner: string,
  options: O,
  names: readonly (keyof O & string)[],
): void {
  for (const name of names) {
    if ((options[name] ?? undefined) === undefined)
      throw new TypeError(`${owner}: option ${name} is missing`);
  }
}

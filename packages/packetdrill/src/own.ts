/** A table's value for a name that comes from a script; `undefined` for all that is no entry, `constructor` among them. */
export function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

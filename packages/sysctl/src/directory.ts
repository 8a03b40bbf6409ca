/**
 * A directory of /proc/sys: rows and their present values.
 * @module
 */
import type { Definition, Table, Value, Values } from './definition.ts';
import type { Machine } from './machine.ts';

/** Rows, and a live object of their values. */
export interface Directory {
  /** With slashes and without `/proc/sys/`: `net/ipv4/conf/eth0`. */
  readonly path: string;
  readonly table: Table;
  /** The object that readers hold for good; always of one shape. */
  readonly values: Record<string, Value>;
}

/** A directory whose values are what `initial` says. */
export function directory(
  path: string,
  table: Table,
  initial: (field: string, definition: Definition) => Value,
): Directory {
  // Object.fromEntries, not stores by key: V8 keeps the former in fast mode, and engines read these for each packet.
  const values = Object.fromEntries(
    Object.entries(table).map(([field, definition]) => [field, initial(field, definition)]),
  );
  return { path, table, values };
}

/** The live values with the types of their rows. */
export function valuesOf<T extends Table>(from: Directory): Values<T> {
  return from.values as unknown as Values<T>;
}

/** The value a row starts with on this machine. */
export function initialValue(machine: Machine, field: string, definition: Definition): Value {
  if (definition.default === 'machine') return machine[field as keyof Machine];
  if (definition.kind === 'ports') return new Set(definition.default as readonly number[]);
  if (definition.kind === 'names') return definition.default === '' ? [] : [definition.default as string];
  return definition.default as Value;
}

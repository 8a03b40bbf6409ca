/**
 * Which values a row allows, by themselves; rules between two sysctls are in `rules.ts`.
 * @module
 */
import type { Definition, Kind, Value } from './definition.ts';
import { readKeys } from './keys.ts';

const INT_MAX = 0x7fff_ffff;
const INT_MIN = -INT_MAX - 1;
const TICKS_A_SECOND = 1000;

/** The limits of the numbers of a kind, both included. */
const LIMITS: Readonly<Partial<Record<Kind, readonly [number, number]>>> = {
  int: [INT_MIN, INT_MAX],
  u8: [0, 255],
  uint: [0, 0xffff_ffff],
  ulong: [0, Number.MAX_SAFE_INTEGER], // Differs: Linux goes on to 2^64-1.
  seconds: [-Math.floor(INT_MAX / TICKS_A_SECOND), Math.floor(INT_MAX / TICKS_A_SECOND)],
  ms: [0, INT_MAX],
  ticks: [0, Math.floor(INT_MAX / 10)], // Differs: beyond, Linux wraps around.
  triple: [INT_MIN, INT_MAX],
  longs: [0, Number.MAX_SAFE_INTEGER],
  range: [0, INT_MAX],
};

/** Smallest and largest number that the row allows, each member where there are several. */
export function limits(definition: Definition): readonly [number, number] {
  const [least, most] = LIMITS[definition.kind] ?? [0, 0];
  return [definition.min ?? least, definition.max ?? most];
}

/** A private copy of `value` if the row allows it, else undefined: EINVAL. */
export function check(definition: Definition, value: unknown): Value | undefined {
  switch (definition.kind) {
    case 'triple':
    case 'longs':
      return checkVector(definition, value, 3);
    case 'range':
      return checkVector(definition, value, 2);
    case 'ports':
      return checkPorts(value);
    case 'key':
      if (typeof value !== 'string') return undefined;
      return value === '' ? value : readKeys(value);
    case 'name':
      return typeof value === 'string' ? value : undefined;
    case 'names':
      return Array.isArray(value) && value.every((name) => typeof name === 'string')
        ? Object.freeze([...value])
        : undefined;
    default:
      return inRange(definition, value) ? value + 0 : undefined; // no -0
  }
}

function inRange(definition: Definition, value: unknown): value is number {
  const [least, most] = limits(definition);
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function checkVector(definition: Definition, value: unknown, length: number): Value | undefined {
  if (!Array.isArray(value) || value.length !== length) return undefined;
  if (!value.every((member) => inRange(definition, member))) return undefined;
  return Object.freeze(value.map((member: number) => member + 0)) as unknown as Value;
}

function checkPorts(value: unknown): Value | undefined {
  if (!(value instanceof Set)) return undefined;
  const ports = new Set<number>();
  for (const port of value) {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) return undefined;
    ports.add(port + 0);
  }
  return ports;
}

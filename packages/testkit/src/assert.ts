/**
 * The few assertions laws are made of. They throw plain errors, so a law runs under any test runner and under none.
 * @module
 */
import { isWireError, type WireError } from '@stack/skbuff';
import fc from 'fast-check';
import { toHex } from './hex.ts';

/** Throws unless `condition` holds; `what` says what should have been so. */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Throws unless both values are the same all the way down; byte arrays are compared by content. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!equal(actual, expected))
    throw new Error(`${what}\n  expected ${render(expected)}\n  actual   ${render(actual)}`);
}

/** Throws unless every property of `part` is in `whole` with the same value. */
export function contains(whole: object, part: object, what: string): void {
  const both = whole as Record<string, unknown>;
  for (const [key, value] of Object.entries(part)) {
    if (value !== undefined) same(both[key], value, `${what}: ${key}`);
  }
}

/** What `action` threw, wrapped so that a thrown `undefined` is seen; `undefined` when it returned. */
export function thrown(action: () => unknown): { error: unknown } | undefined {
  try {
    action();
  } catch (error) {
    return { error };
  }
  return undefined;
}

/**
 * The coded refusal that `action` must end with. `low` and `high` bound its offset (both included): a refusal that points
 * outside the bytes it was given is none.
 */
export function refusal(action: () => unknown, low: number, high: number, what: string): WireError {
  const outcome = thrown(action);
  if (outcome === undefined) throw new Error(`${what}: accepted`);
  return coded(outcome.error, low, high, what);
}

/** `error` as the coded refusal it must be, see {@link refusal}. */
export function coded(error: unknown, low: number, high: number, what: string): WireError {
  if (!isWireError(error)) throw new Error(`${what}: not a WireError but ${String(error)}`, { cause: error });
  holds(typeof error.code === 'string' && error.code.length > 0, `${what}: a WireError without a code`);
  const inside = Number.isInteger(error.offset) && error.offset >= low && error.offset <= high;
  holds(inside, `${what}: ${error.code} at offset ${error.offset}, which is outside ${low}..${high}`);
  return error;
}

/** Throws unless `action` ends with a `RangeError`. */
export function rangeError(action: () => unknown, what: string): void {
  const outcome = thrown(action);
  if (outcome === undefined) throw new Error(`${what}: no RangeError`);
  const name = (outcome.error as { name?: unknown } | null | undefined)?.name;
  holds(name === 'RangeError', `${what}: not a RangeError but ${String(outcome.error)}`);
}

/** Whether both values are the same all the way down. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (ArrayBuffer.isView(a)) return equalRuns(a as Uint8Array, b as Uint8Array);
  if (Array.isArray(a)) return equalRuns(a, b as unknown[]);
  const keys = Object.keys(a);
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(left[key], right[key]))
  );
}

function equalRuns(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
  return true;
}

function render(value: unknown): string {
  return value instanceof Uint8Array ? toHex(value) : fc.stringify(value);
}

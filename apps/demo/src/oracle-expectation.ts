/**
 * What is expected of tshark: fields, and values in the form in which they compare.
 * @module
 */
import { hex } from './fields.ts';

/** Fields of tshark, alternatives joined by `|` where it has several names for one, and the values we read. */
export interface Expectation {
  field: string;
  /** One for each occurrence in this header, as {@link canonical} writes them; `undefined` where tshark may say what it likes. */
  values: readonly (string | undefined)[];
}

/** A value as text that compares: numbers in decimal, bytes as digits without colons. */
export function canonical(text: string): string {
  if (/^0x[0-9a-f]+$/i.test(text)) return String(Number(text));
  if (text === 'True' || text === 'False') return text === 'True' ? '1' : '0';
  return text.replaceAll(':', '').toLowerCase();
}

/** A field that stands once. */
export function one(field: string, value: number | string): Expectation {
  return { field, values: [String(value)] };
}

/** A field that stands once for each element of a list, in order. */
export function each<T>(
  field: string,
  list: readonly T[],
  value: (item: T) => number | string | undefined,
): Expectation {
  return { field, values: list.map(value).flatMap((item) => (item === undefined ? [] : [String(item)])) };
}

/** Bytes as a field's value; none is no field. */
export function digits(bytes: Uint8Array): string[] {
  return bytes.length === 0 ? [] : [hex(bytes).replaceAll(' ', '')];
}

/** Expectations with all values of a field together, in the order in which they came. */
export function merge(expectations: readonly Expectation[]): Expectation[] {
  const values = new Map<string, (string | undefined)[]>();
  for (const { field, values: more } of expectations)
    values.set(field, [...(values.get(field) ?? []), ...more]);
  return [...values].map(([field, all]) => ({ field, values: all }));
}

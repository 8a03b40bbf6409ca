/**
 * How strace writes strings, numbers and flags.
 * @module
 */
import type { TracedBytes } from '../trace.ts';

const ESCAPES: Record<number, string> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** A buffer in quotes, cut at `limit` bytes: `"GET / HTTP/1.1\r\nHost: example.co"...`. */
export function quote({ data, length }: TracedBytes, limit: number): string {
  const count = Math.min(data.length, limit);
  let text = '"';
  for (let i = 0; i < count; i++)
    text += escapeByte(data[i] as number, i + 1 < count ? data[i + 1] : undefined);
  return length > count ? `${text}"...` : `${text}"`;
}

/** A byte that does not print is octal, and short unless a digit follows that would be taken for one of its own. */
function escapeByte(byte: number, next: number | undefined): string {
  const known = ESCAPES[byte];
  if (known !== undefined) return known;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  const isDigitNext = next !== undefined && next >= 0x30 && next <= 0x37;
  return `\\${byte.toString(8).padStart(isDigitNext ? 3 : 1, '0')}`;
}

/** A name, or the number and, as a comment, a hint of what it should have been. */
export function named(value: number, names: ReadonlyMap<number, string>, hint: string): string {
  return names.get(value) ?? `${hex(value)} /* ${hint} */`;
}

/** Flags by name, joined by `|`; what has no name at the end, in hexadecimal. 0 for none. */
export function flagNames(value: number, names: ReadonlyMap<number, string>, hint: string): string {
  if (value === 0) return '0';
  const list: string[] = [];
  let rest = value;
  for (const [bit, name] of names) {
    if (bit === 0 || (rest & bit) !== bit) continue;
    list.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) list.push(list.length === 0 ? `${hex(rest >>> 0)} /* ${hint} */` : hex(rest >>> 0));
  return list.join('|');
}

export function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`;
}

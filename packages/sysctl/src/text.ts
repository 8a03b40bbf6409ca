/**
 * Values as /proc prints and reads them.
 *
 * A number may be decimal, 0x hexadecimal or 0 octal, with white space before it, and ends at a blank, a tab, a newline or the
 * end of the text. Where one number is wanted, what follows the first is ignored; where three are wanted and fewer come, the
 * others stay as they are.
 * @module
 */
import type { Definition, Value } from './definition.ts';
import { NO_KEY } from './keys.ts';

/** Longest run of characters that is taken for a number. */
const LONGEST_NUMBER = 20;

const NUMBER = /^[ \t\n\v\f\r]*(-?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(?=[ \t\n]|$)/;
const PORTS = /^(0[xX][0-9a-fA-F]+|[0-9]+)(?:-(0[xX][0-9a-fA-F]+|[0-9]+))?$/;
const BLANK = /^[ \t\n\v\f\r]*$/;

/** `value` without the newline that /proc adds. */
export function format(definition: Definition, value: Value): string {
  switch (definition.kind) {
    case 'triple':
    case 'longs':
    case 'range':
      return (value as readonly number[]).join('\t');
    case 'ports':
      return formatPorts(value as ReadonlySet<number>);
    case 'names':
      return (value as readonly string[]).join(' ');
    case 'key':
      return value === '' ? NO_KEY : (value as string);
    default:
      return String(value);
  }
}

/**
 * What `text` makes of `current`, before any check of ranges; undefined where it is no such value. Empty text is the caller's:
 * it changes nothing.
 */
export function parse(definition: Definition, text: string, current: Value): Value | undefined {
  switch (definition.kind) {
    case 'triple':
    case 'longs':
    case 'range':
      return parseVector(text, current as readonly number[], definition.kind !== 'longs');
    case 'ports':
      return parsePorts(text);
    case 'key':
      return firstLine(text) || undefined;
    case 'name':
      return firstLine(text);
    case 'names':
      return firstLine(text)
        .split(/[ \t]+/)
        .filter((name) => name !== '');
    default: {
      const signed = definition.kind !== 'u8' && definition.kind !== 'uint' && definition.kind !== 'ulong';
      return parseNumber(text, signed)?.value;
    }
  }
}

/** The number `text` starts with, and what is left of it. */
function parseNumber(text: string, signed: boolean): { value: number; rest: string } | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [all, sign = '', digits = ''] = match;
  if (sign === '-' && !signed) return undefined; // -0 too
  if (sign.length + digits.length > LONGEST_NUMBER) return undefined;
  const magnitude = integer(digits);
  return { value: sign === '-' && magnitude !== 0 ? -magnitude : magnitude, rest: text.slice(all.length) };
}

/** 0x and 0 choose the base; digits that are not of the base give NaN. */
function integer(digits: string): number {
  if (!/^0[0-9]/.test(digits)) return Number(digits);
  return /[89]/.test(digits) ? Number.NaN : Number.parseInt(digits, 8);
}

/** As many members as the text has; blanks at its end are no member. */
function parseVector(text: string, current: readonly number[], signed: boolean): Value | undefined {
  const members = [...current];
  let rest = text;
  for (let index = 0; index < members.length; index++) {
    if (index > 0 && BLANK.test(rest)) break;
    const number = parseNumber(rest, signed);
    if (number === undefined) return undefined;
    members[index] = number.value;
    rest = number.rest;
  }
  return members as unknown as Value;
}

/** `1-3,8080`: a comma or newlines between, one more allowed at the end. */
function parsePorts(text: string): ReadonlySet<number> | undefined {
  const list = text.replace(/^\n+/, '').replace(/(,\n*|\n+)$/, '');
  const ports = new Set<number>();
  if (list === '') return text.startsWith(',') ? undefined : ports;
  for (const item of list.split(/,\n*|\n+/)) {
    const match = PORTS.exec(item);
    if (match === null) return undefined;
    const [, from = '', to = from] = match;
    const first = integer(from);
    const last = integer(to);
    if (!(first <= last && last <= 0xffff)) return undefined;
    for (let port = first; port <= last; port++) ports.add(port);
  }
  return ports;
}

/** Runs of ports joined by a dash. */
function formatPorts(ports: ReadonlySet<number>): string {
  const runs: string[] = [];
  for (let port = 0; port <= 0xffff; port++) {
    if (!ports.has(port)) continue;
    const first = port;
    while (ports.has(port + 1)) port++;
    runs.push(first === port ? String(first) : `${first}-${port}`);
  }
  return runs.join(',');
}

/** A name ends with its line, and with a NUL. */
function firstLine(text: string): string {
  const end = text.search(/[\n\0]/);
  return end < 0 ? text : text.slice(0, end);
}

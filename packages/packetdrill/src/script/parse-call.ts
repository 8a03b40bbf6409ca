/**
 * System calls: `sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, MSG_MORE) = -1 EPIPE (Broken pipe)`.
 * @module
 */
import { type Cursor, placeOf } from './cursor.ts';
import type { CallResult, Expression } from './script.ts';

const NAME = /[A-Za-z_]\w*/y;
const INTEGER = /-?(?:0x[0-9a-fA-F]+|\d+)(?![\w.])/y;
const ERRNO = /E[A-Z0-9]+\b/y;
const NOTE = /\([^)\n]*\)/y;

type Words = Readonly<Record<string, string>>;

/** The call from its name to the note behind its result. */
export function readCall(
  cursor: Cursor,
  define: Words,
): { name: string; arguments: Expression[]; result: CallResult } {
  const name = cursor.take(NAME) ?? cursor.fail(`expected the name of a call, found ${cursor.here()}`);
  cursor.expect('(', `behind ${name}`);
  const list = readList(cursor, ')', define, `an argument of ${name}`);
  cursor.expect('=', `behind ${name}(…)`);
  const value = readExpression(cursor, define, `the result of ${name}`);
  const errno = cursor.take(ERRNO);
  cursor.take(NOTE);
  return { name, arguments: list, result: { value, errno } };
}

function readList(cursor: Cursor, close: string, define: Words, what: string): Expression[] {
  const items: Expression[] = [];
  if (cursor.accept(close)) return items;
  do items.push(readExpression(cursor, define, what));
  while (cursor.accept(','));
  cursor.expect(close, `behind ${what}`);
  return items;
}

/** An expression; terms may be or'ed. */
function readExpression(cursor: Cursor, define: Words, what: string): Expression {
  cursor.skip();
  const place = placed(cursor);
  const first = readTerm(cursor, define, what);
  if (!cursor.sees(/\|/y)) return first;
  const terms = [first];
  while (cursor.accept('|')) terms.push(readTerm(cursor, define, what));
  return { kind: 'or', terms, ...place };
}

function readTerm(cursor: Cursor, define: Words, what: string): Expression {
  cursor.skip();
  const place = placed(cursor);
  if (cursor.accept('...')) return { kind: 'ellipsis', ...place };
  if (cursor.accept('[')) return { kind: 'list', items: readList(cursor, ']', define, what), ...place };
  if (cursor.accept('{')) return { kind: 'struct', items: readList(cursor, '}', define, what), ...place };
  if (cursor.sees(/"/y)) return { kind: 'string', value: readString(cursor), ...place };
  const integer = cursor.take(INTEGER);
  if (integer !== undefined) {
    const sign = integer.startsWith('-') ? -1 : 1;
    return { kind: 'integer', value: sign * Number(sign < 0 ? integer.slice(1) : integer), ...place };
  }
  const word = cursor.take(NAME);
  if (word === undefined) return cursor.fail(`expected ${what}, found ${cursor.here()}`);
  const name = Object.hasOwn(define, word) ? (define[word] as string) : word;
  const head: Expression = cursor.accept('(')
    ? { kind: 'apply', name, arguments: readList(cursor, ')', define, `an argument of ${name}`), ...place }
    : { kind: 'symbol', name, ...place };
  if (!cursor.accept('=')) return head;
  return { kind: 'field', name, value: readExpression(cursor, define, `the value of ${name}`), ...place };
}

function placed(cursor: Cursor): { position: number; line: number } {
  return { position: cursor.position, line: placeOf(cursor.text, cursor.position).line };
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '0': '\0',
  '\\': '\\',
  '"': '"',
};

/** A string, each character a byte. */
function readString(cursor: Cursor): string {
  const start = cursor.position;
  const text = cursor.take(/"(?:[^"\\\n]|\\[^\n])*"/y);
  if (text === undefined) cursor.fail('a string begins here and does not end on its line', start);
  return text
    .slice(1, -1)
    .replace(/\\x([0-9a-fA-F]{1,2})|\\(.)/g, (whole, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      const plain = ESCAPES[letter ?? ''];
      return plain ?? cursor.fail(`${whole} is no escape`, start);
    });
}

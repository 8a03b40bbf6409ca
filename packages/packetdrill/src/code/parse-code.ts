/**
 * Reads assertions.
 * @module
 */
import { Cursor } from '../script/cursor.ts';
import type { Comparison, Operator, Statement, Term } from './code.ts';

const BLANK = /(?:[ \t\r]|\\\r?\n|#[^\n]*)*/y;
/** Inside of brackets a line may end anywhere. */
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+/y;
const STRING = /'[^'\n]*'|"[^"\n]*"/y;
const COMPARISON = /==|!=|<=|>=|<(?!<)|>(?!>)/y;
const ASSIGNMENT = /(\/\/|<<|>>|[-+*/%&|^])?=(?!=)/y;
/** Binary operators, loosest first. */
const LEVELS: readonly RegExp[] = [
  /\|(?!=)/y,
  /\^(?!=)/y,
  /&(?!=)/y,
  /(?:<<|>>)(?!=)/y,
  /[+-](?!=)/y,
  /(?:\/\/|[*/%])(?!=)/y,
];

/** The statements of `text` from `position` to its end. @throws ScriptError for what is not read here. */
export function parseCode(text: string, file: string, position: number): Statement[] {
  const cursor = new Cursor(text, file, position, BLANK);
  const statements: Statement[] = [];
  for (;;) {
    while (cursor.take(/[\n;]/y) !== undefined);
    if (cursor.atEnd) return statements;
    const start = cursor.position;
    const statement = readStatement(cursor);
    statements.push({
      ...statement,
      position: start,
      text: text.slice(start, cursor.position).trim(),
    } as Statement);
    if (!cursor.atEnd && !cursor.sees(/[\n;]/y))
      cursor.fail(`expected the end of a statement, found ${cursor.here()}`);
  }
}

type Bare =
  | Omit<Extract<Statement, { kind: 'assert' }>, 'position' | 'text'>
  | Omit<Extract<Statement, { kind: 'print' }>, 'position' | 'text'>
  | Omit<Extract<Statement, { kind: 'assign' }>, 'position' | 'text'>;

function readStatement(cursor: Cursor): Bare {
  const start = cursor.position;
  const name = cursor.take(NAME);
  if (name === 'assert') {
    const test = readTerm(cursor);
    return { kind: 'assert', test, message: cursor.accept(',') ? readTerm(cursor) : undefined };
  }
  if (name === 'print') {
    cursor.expect('(', 'behind print');
    return { kind: 'print', items: readItems(cursor) };
  }
  const sign = name === undefined ? undefined : cursor.take(ASSIGNMENT);
  if (name === undefined || sign === undefined) {
    cursor.fail('only assert, print(…) and assignments are understood between %{ and }%', start);
  }
  const operator = sign.slice(0, -1);
  return {
    kind: 'assign',
    name,
    operator: operator === '' ? undefined : (operator as Operator),
    value: readTerm(cursor),
  };
}

/** Terms up to a closing bracket. */
function readItems(cursor: Cursor): Term[] {
  const items: Term[] = [];
  newlines(cursor);
  if (cursor.accept(')')) return items;
  do {
    newlines(cursor);
    if (cursor.sees(/\)/y)) break;
    items.push(readTerm(cursor));
    newlines(cursor);
  } while (cursor.accept(','));
  cursor.expect(')', 'behind the last value');
  return items;
}

function newlines(cursor: Cursor): void {
  while (cursor.take(/\n/y) !== undefined);
}

function readTerm(cursor: Cursor): Term {
  return readLogic(cursor, 'or');
}

function readLogic(cursor: Cursor, operator: 'or' | 'and'): Term {
  const read = operator === 'or' ? () => readLogic(cursor, 'and') : () => readNot(cursor);
  let left = read();
  const pattern = operator === 'or' ? /or\b/y : /and\b/y;
  while (cursor.take(pattern) !== undefined) {
    left = { kind: 'logic', operator, left, right: read(), position: left.position };
  }
  return left;
}

function readNot(cursor: Cursor): Term {
  cursor.skip();
  const { position } = cursor;
  if (cursor.take(/not\b/y) !== undefined)
    return { kind: 'unary', operator: 'not', term: readNot(cursor), position };
  return readComparison(cursor);
}

function readComparison(cursor: Cursor): Term {
  const first = readBinary(cursor, 0);
  const rest: { operator: Comparison; term: Term }[] = [];
  for (;;) {
    const operator = cursor.take(COMPARISON);
    if (operator === undefined) break;
    rest.push({ operator: operator as Comparison, term: readBinary(cursor, 0) });
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest, position: first.position };
}

function readBinary(cursor: Cursor, level: number): Term {
  const pattern = LEVELS[level];
  if (pattern === undefined) return readUnary(cursor);
  let left = readBinary(cursor, level + 1);
  for (;;) {
    const operator = cursor.take(pattern);
    if (operator === undefined) return left;
    const right = readBinary(cursor, level + 1);
    left = { kind: 'binary', operator: operator as Operator, left, right, position: left.position };
  }
}

function readUnary(cursor: Cursor): Term {
  cursor.skip();
  const { position } = cursor;
  const operator = cursor.take(/[-+~]/y);
  if (operator === undefined) return readPrimary(cursor);
  return { kind: 'unary', operator: operator as '-' | '+' | '~', term: readUnary(cursor), position };
}

function readPrimary(cursor: Cursor): Term {
  cursor.skip();
  const { position } = cursor;
  if (cursor.accept('(')) {
    const items = readItems(cursor);
    const isTuple = items.length !== 1 || /,\s*\)$/.test(cursor.text.slice(position, cursor.position));
    return isTuple ? { kind: 'tuple', items, position } : (items[0] as Term);
  }
  const number = cursor.take(NUMBER);
  if (number !== undefined) return { kind: 'value', value: Number(number), position };
  const string = cursor.take(STRING);
  if (string !== undefined) return { kind: 'value', value: string.slice(1, -1), position };
  const name = cursor.take(NAME);
  if (name === undefined) return cursor.fail(`expected a value, found ${cursor.here()}`);
  if (name === 'True' || name === 'False') return { kind: 'value', value: name === 'True', position };
  return cursor.accept('(')
    ? { kind: 'call', name, arguments: readItems(cursor), position }
    : { kind: 'name', name, position };
}

/**
 * Runs assertions.
 * @module
 */
import type { Comparison, Operator, Statement, Term } from './code.ts';

/** What an expression can be. */
export type Value = number | string | boolean | readonly Value[];

/** What statements see and do. */
export interface Scope {
  /** The value of a name that no statement assigned; `undefined` = there is none. */
  lookup(name: string): Value | undefined;
  /** Assigned names; they live as long as the run. */
  readonly variables: Map<string, Value>;
  print(line: string): void;
}

/** A statement that failed, and where. */
export class CodeError extends Error {
  override readonly name = 'CodeError';
  readonly position: number;

  constructor(position: number, reason: string) {
    super(reason);
    this.position = position;
  }
}

/** Runs statements one after the other. @throws CodeError for the first that fails. */
export function evaluate(statements: readonly Statement[], scope: Scope): void {
  for (const statement of statements) {
    switch (statement.kind) {
      case 'assert': {
        if (isTrue(valueOfTerm(statement.test, scope))) break;
        const message =
          statement.message === undefined ? '' : `: ${format(valueOfTerm(statement.message, scope))}`;
        throw new CodeError(statement.position, `${statement.text} does not hold${message}`);
      }
      case 'print':
        scope.print(statement.items.map((item) => format(valueOfTerm(item, scope))).join(' '));
        break;
      case 'assign': {
        const { name, operator, position } = statement;
        let value = valueOfTerm(statement.value, scope);
        if (operator !== undefined) {
          const before = scope.variables.get(name);
          if (before === undefined) throw new CodeError(position, `${name} has no value yet`);
          value = combine(operator, before, value, position);
        }
        scope.variables.set(name, value);
        break;
      }
    }
  }
}

/** A value as print shows it. */
export function format(value: Value): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `(${value.map(format).join(', ')})`;
  return String(value);
}

/** The value of a term. @throws CodeError where it has none. */
export function valueOfTerm(term: Term, scope: Scope): Value {
  const { position } = term;
  switch (term.kind) {
    case 'value':
      return term.value;
    case 'name': {
      const value = scope.variables.get(term.name) ?? scope.lookup(term.name);
      if (value === undefined) throw new CodeError(position, `${term.name} is not defined`);
      return value;
    }
    case 'tuple':
      return term.items.map((item) => valueOfTerm(item, scope));
    case 'call':
      return call(
        term.name,
        term.arguments.map((argument) => valueOfTerm(argument, scope)),
        position,
      );
    case 'unary': {
      const value = valueOfTerm(term.term, scope);
      if (term.operator === 'not') return !isTrue(value);
      const number = numberOf(value, position);
      if (term.operator === '~') return -number - 1;
      return term.operator === '-' ? -number : number;
    }
    case 'binary':
      return combine(term.operator, valueOfTerm(term.left, scope), valueOfTerm(term.right, scope), position);
    case 'logic': {
      const left = valueOfTerm(term.left, scope);
      return isTrue(left) === (term.operator === 'or') ? left : valueOfTerm(term.right, scope);
    }
    case 'compare': {
      let left = valueOfTerm(term.first, scope);
      for (const { operator, term: next } of term.rest) {
        const right = valueOfTerm(next, scope);
        if (!compare(operator, left, right, position)) return false;
        left = right;
      }
      return true;
    }
  }
}

function call(name: string, values: readonly Value[], position: number): Value {
  const numbers = (): number[] => values.map((value) => numberOf(value, position));
  switch (name) {
    case 'min':
      return Math.min(...numbers());
    case 'max':
      return Math.max(...numbers());
    case 'abs':
      return Math.abs(numbers()[0] ?? Number.NaN);
    case 'int':
      return Math.trunc(numbers()[0] ?? Number.NaN);
    case 'str':
      return values.map(format).join('');
    default:
      throw new CodeError(position, `${name}() is not known here`);
  }
}

function combine(operator: Operator, left: Value, right: Value, position: number): Value {
  if (operator === '%' && typeof left === 'string')
    return fill(left, Array.isArray(right) ? right : [right], position);
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
  const a = numberOf(left, position);
  const b = numberOf(right, position);
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '//':
    case '%':
      if (b === 0) throw new CodeError(position, 'division by zero');
      if (operator === '/') return a / b;
      return operator === '//' ? Math.floor(a / b) : a - b * Math.floor(a / b);
    default:
      return bits(operator, a, b, position);
  }
}

/** Integers of any size, as in Python. */
function bits(
  operator: '|' | '^' | '&' | '<<' | '>>',
  left: number,
  right: number,
  position: number,
): number {
  if (!Number.isSafeInteger(left) || !Number.isSafeInteger(right)) {
    throw new CodeError(position, `${operator} takes integers`);
  }
  const a = BigInt(left);
  const b = BigInt(right);
  switch (operator) {
    case '|':
      return Number(a | b);
    case '^':
      return Number(a ^ b);
    case '&':
      return Number(a & b);
    case '<<':
      return Number(a << b);
    case '>>':
      return Number(a >> b);
  }
}

function compare(operator: Comparison, left: Value, right: Value, position: number): boolean {
  if (operator === '==' || operator === '!=') {
    const isSame = typeof left === 'string' || typeof right === 'string' ? left === right : same(left, right);
    return isSame === (operator === '==');
  }
  const a = numberOf(left, position);
  const b = numberOf(right, position);
  switch (operator) {
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
  }
}

function same(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, i) => same(value, right[i] as Value));
  }
  return !Array.isArray(left) && !Array.isArray(right) && Number(left) === Number(right);
}

function isTrue(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function numberOf(value: Value, position: number): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new CodeError(position, `${format(value)} is no number`);
}

/** `'%d of %s' % (1, 'two')`. */
function fill(pattern: string, values: readonly Value[], position: number): string {
  let next = 0;
  return pattern.replace(/%(?:\.(\d+))?([%a-zA-Z])/g, (whole, digits: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    const value = values[next++];
    if (value === undefined) throw new CodeError(position, `no value for ${whole}`);
    if (kind === 's') return format(value);
    const number = numberOf(value, position);
    if (kind === 'd' || kind === 'i' || kind === 'u') return String(Math.trunc(number));
    if (kind === 'x') return Math.trunc(number).toString(16);
    if (kind === 'f') return number.toFixed(digits === undefined ? 6 : Number(digits));
    throw new CodeError(position, `${whole} is not known here`);
  });
}

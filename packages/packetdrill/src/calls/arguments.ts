/**
 * What stands between the brackets of a call, as values.
 * @module
 */
import type { Expression } from '../script/script.ts';
import { symbolValue } from '../symbols.ts';
import { CallFault } from './fault.ts';

/** The number an argument stands for. @throws CallFault where it is none. */
export function integerOf(expression: Expression | undefined, what: string): number {
  switch (expression?.kind) {
    case 'integer':
      return expression.value;
    case 'symbol': {
      const value = symbolValue(expression.name);
      if (value === undefined)
        throw new CallFault(`the constant ${expression.name} is not known`, expression.position);
      return value;
    }
    case 'or':
      // Flags take 32 bits: | of JavaScript gives the highest a sign.
      return expression.terms.reduce((bits, term) => (bits | integerOf(term, what)) >>> 0, 0);
    case 'apply':
      if ((expression.name === 'htons' || expression.name === 'htonl') && expression.arguments.length === 1) {
        return integerOf(expression.arguments[0], what);
      }
      throw new CallFault(`${expression.name}() is not known`, expression.position);
    default:
      throw new CallFault(`${what} is to be a number`, expression?.position);
  }
}

/** The number in `[4]`. */
export function boxedOf(expression: Expression | undefined, what: string): number {
  return integerOf(itemOf(expression, what), what);
}

/** The one item of `[…]`. */
export function itemOf(expression: Expression | undefined, what: string): Expression {
  const [item, more] = listOf(expression, what);
  if (item === undefined || more !== undefined) {
    throw new CallFault(`${what} is to be one value in [ ]`, expression?.position);
  }
  return item;
}

/** The items of `[…]`. */
export function listOf(expression: Expression | undefined, what: string): readonly Expression[] {
  if (expression?.kind !== 'list') throw new CallFault(`${what} is to stand in [ ]`, expression?.position);
  return expression.items;
}

/** Whether an argument is `...`. */
export function isEllipsis(expression: Expression | undefined): boolean {
  return expression?.kind === 'ellipsis';
}

/** Whether a buffer is there: `...` is one, NULL is none. @throws CallFault for anything else. */
export function hasBuffer(expression: Expression | undefined): boolean {
  if (expression?.kind === 'ellipsis') return true;
  if (expression?.kind === 'symbol' && expression.name === 'NULL') return false;
  throw new CallFault('a buffer is written ... or NULL', expression?.position);
}

/** @throws CallFault unless there are `count` arguments. */
export function requireCount(args: readonly Expression[], count: number): void {
  if (args.length !== count) throw new CallFault(`it takes ${count} arguments, not ${args.length}`);
}

/** A struct's fields by name; those without a name by their number. */
export class Fields {
  readonly #fields: Map<string, Expression> = new Map();
  readonly #position: number;
  readonly #what: string;

  constructor(expression: Expression | undefined, what: string) {
    if (expression?.kind !== 'struct')
      throw new CallFault(`${what} is to stand in { }`, expression?.position);
    this.#position = expression.position;
    this.#what = what;
    for (const [index, item] of expression.items.entries()) {
      if (item.kind === 'field') this.#fields.set(item.name, item.value);
      else this.#fields.set(String(index), item);
    }
  }

  /** `undefined` where there is no such field. */
  get(name: string): Expression | undefined {
    return this.#fields.get(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** A number. @throws CallFault where it is missing. */
  integer(name: string): number {
    const value = this.#fields.get(name);
    if (value === undefined) throw new CallFault(`${this.#what} has no ${name}`, this.#position);
    return integerOf(value, name);
  }

  /** A string. @throws CallFault where it is missing, or something else. */
  string(name: string): string {
    const value = this.#fields.get(name);
    if (value?.kind !== 'string') throw new CallFault(`${this.#what} has no string ${name}`, this.#position);
    return value.value;
  }

  /** @throws CallFault for a field that is not among `names`. */
  only(...names: readonly string[]): this {
    for (const name of this.#fields.keys()) {
      if (!names.includes(name)) throw new CallFault(`${this.#what} has no field ${name}`, this.#position);
    }
    return this;
  }
}

/** A string's bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * Where a reader stands in a text. Readers ask for what may come next by a sticky pattern; there are no tokens, for what `.` or `1` is
 * depends on where it stands.
 * @module
 */
import { ScriptError } from '../script-error.ts';

const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const SHOWN = 24;

/** A place in a text, and what can be asked of it. */
export class Cursor {
  readonly text: string;
  readonly file: string;
  position: number;
  readonly #blank: RegExp;

  /** @param blank What {@link skip} steps over, sticky, fitting the empty text too. Default: white space, and comments as in C. */
  constructor(text: string, file: string, position = 0, blank: RegExp = BLANK) {
    this.text = text;
    this.file = file;
    this.position = position;
    this.#blank = blank;
  }

  /** Steps over white space and comments. @throws ScriptError for a comment that does not end. */
  skip(): void {
    this.#blank.lastIndex = this.position;
    this.position += this.#blank.exec(this.text)?.[0].length ?? 0;
    if (this.#blank === BLANK && this.text.startsWith('/*', this.position))
      this.fail('a comment begins here and does not end');
  }

  /** Whether nothing is left but blanks. */
  get atEnd(): boolean {
    this.skip();
    return this.position >= this.text.length;
  }

  /** Takes what the sticky `pattern` fits right here, behind blanks; `undefined` where it does not. */
  take(pattern: RegExp): string | undefined {
    this.skip();
    return this.takeHere(pattern);
  }

  /** {@link take} without stepping over blanks. */
  takeHere(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** Whether `pattern` fits here. */
  sees(pattern: RegExp): boolean {
    this.skip();
    pattern.lastIndex = this.position;
    return pattern.test(this.text);
  }

  /** Takes `literal` if it stands here. */
  accept(literal: string): boolean {
    this.skip();
    if (!this.text.startsWith(literal, this.position)) return false;
    this.position += literal.length;
    return true;
  }

  /** Takes `literal`. @throws ScriptError where something else stands. */
  expect(literal: string, where: string): void {
    if (!this.accept(literal)) this.fail(`expected '${literal}' ${where}, found ${this.here()}`);
  }

  /** What stands here, for a message. */
  here(): string {
    this.skip();
    if (this.position >= this.text.length) return 'the end of the script';
    const line = this.text.slice(this.position).split('\n', 1)[0] ?? '';
    return `'${line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line.trimEnd()}'`;
  }

  /** @throws ScriptError always: at `position`, or here. */
  fail(reason: string, position: number = this.position): never {
    const { line, column } = placeOf(this.text, position);
    throw new ScriptError(this.file, line, column, reason);
  }
}

/** Line and column, from 1, of a position in a text. */
export function placeOf(text: string, position: number): { line: number; column: number } {
  const before = text.slice(0, position);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: position - start + 1 };
}

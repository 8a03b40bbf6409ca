/**
 * What is wrong with a script before it runs, and where.
 * @module
 */

/** A script that cannot be read. The message begins with `file:line:column: `. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The sentence without its place. */
  readonly reason: string;

  constructor(file: string, line: number, column: number, reason: string) {
    super(`${file}:${line}:${column}: ${reason}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.reason = reason;
  }
}

/** Whether `error` is a {@link ScriptError}, of any copy of this package. */
export function isScriptError(error: unknown): error is ScriptError {
  return error instanceof Error && error.name === 'ScriptError';
}

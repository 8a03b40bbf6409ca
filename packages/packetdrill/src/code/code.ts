/**
 * Assertions, read: the part of Python that scripts put between `%{` and `}%`. Nothing here is ever handed to a JavaScript evaluator.
 * @module
 */

/** An operator that takes two values. */
export type Operator = '|' | '^' | '&' | '<<' | '>>' | '+' | '-' | '*' | '/' | '//' | '%';

/** An operator that compares. */
export type Comparison = '==' | '!=' | '<=' | '>=' | '<' | '>';

/** A value to be: its place is for messages. */
export type Term = { position: number } & (
  | { kind: 'value'; value: number | string | boolean }
  | { kind: 'name'; name: string }
  | { kind: 'tuple'; items: readonly Term[] }
  | { kind: 'call'; name: string; arguments: readonly Term[] }
  | { kind: 'unary'; operator: '-' | '+' | '~' | 'not'; term: Term }
  | { kind: 'binary'; operator: Operator; left: Term; right: Term }
  | { kind: 'logic'; operator: 'and' | 'or'; left: Term; right: Term }
  /** `5000 <= x <= 20000` has two comparisons. */
  | { kind: 'compare'; first: Term; rest: readonly { operator: Comparison; term: Term }[] }
);

/** One statement. */
export type Statement = { position: number; text: string } & (
  | { kind: 'assert'; test: Term; message: Term | undefined }
  | { kind: 'print'; items: readonly Term[] }
  | { kind: 'assign'; name: string; operator: Operator | undefined; value: Term }
);

/**
 * What ends a run that does not hold.
 * @module
 */
import type { FailureKind } from './result.ts';

/** A line that does not hold. */
export class Refusal extends Error {
  readonly kind: FailureKind;
  readonly position: number;
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(kind: FailureKind, position: number, reason: string, expected?: string, actual?: string) {
    super(reason);
    this.kind = kind;
    this.position = position;
    this.expected = expected;
    this.actual = actual;
  }
}

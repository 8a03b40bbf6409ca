/**
 * What ends a run, and what it says.
 * @module
 */

/** A call that cannot be made, or whose outcome is not the script's. */
export class CallFault extends Error {
  override readonly name = 'CallFault';
  /** Offset into the script; `undefined` = the call itself. */
  readonly position: number | undefined;

  constructor(reason: string, position?: number) {
    super(reason);
    this.position = position;
  }
}

/**
 * The one error that means "these bytes are not a legal packet": shared by every codec, so that a caller needs one catch.
 * @module
 */

/** The peer's fault: bytes that a `decode` or `pull` refused. Engines count a code instead; they do not throw. */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** Which rule was broken: the package's `Drop` code, such as `'IPV4_BAD_IHL'`. Stable: counters and traces key on it. */
  readonly code: string;
  /**
   * Where, in bytes: an index into the array given to `decode`, or counted from the packet's first byte (`skb.data` at the
   * call) for `pull`. It names the field at fault; for missing bytes, the place where they ran out.
   */
  readonly offset: number;

  /** `message` is for people and not part of the contract. */
  constructor(code: string, offset: number, message: string = `${code} at byte ${offset}`) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/**
 * True for a {@link WireError}, of that `code` where one is given. Tests the name and not the class, so it works where two
 * copies of this package are installed.
 */
export function isWireError(error: unknown, code?: string): error is WireError {
  if (!(error instanceof Error) || error.name !== 'WireError') return false;
  const actual = (error as Partial<WireError>).code;
  return typeof actual === 'string' && (code === undefined || actual === code);
}

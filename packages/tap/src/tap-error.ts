/**
 * What a device with a real wire says when it cannot be opened, or has ended.
 * @module
 */

/**
 * One clear line, with a code: an errno's name where the system refused (`EPERM`, `ENOENT`, `EBUSY`, `EBADFD`, …), else `ERR_NO_KOFFI`
 * (the optional dependency is not installed), `ERR_NOT_SUPPORTED` (not on this system), `ERR_CLOSED`.
 */
export class TapError extends Error {
  override readonly name = 'TapError';
  /** Stable: programs key on it. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The one error of this package.
 * @module
 */

/**
 * `EINVAL`: not a value, or outside its range. `ENOENT`: no such sysctl, or no such name in its registry. `EACCES`: read-only.
 */
export type SysctlErrorCode = 'EINVAL' | 'ENOENT' | 'EACCES';

/** What a refused read or write throws, after which every value is as before. */
export class SysctlError extends Error {
  override readonly name = 'SysctlError';
  readonly code: SysctlErrorCode;
  /** The sysctl's name as given. */
  readonly sysctl: string;

  /** @param reason Said in the message, for people. */
  constructor(code: SysctlErrorCode, sysctl: string, reason: string) {
    super(`${sysctl}: ${reason} (${code})`);
    this.code = code;
    this.sysctl = sysctl;
  }
}

/** Whether `error` is a {@link SysctlError}, of any copy of this package, and has `code` if one is given. */
export function isSysctlError(error: unknown, code?: SysctlErrorCode): error is SysctlError {
  if (!(error instanceof Error) || error.name !== 'SysctlError') return false;
  return code === undefined || (error as SysctlError).code === code;
}

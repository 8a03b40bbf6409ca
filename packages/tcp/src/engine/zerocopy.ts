/**
 * `MSG_ZEROCOPY`: sends reference the application's own bytes; when the last reference is gone the error queue says so.
 * @module
 */

/** Numbering of a socket's zero-copy sends. */
export interface ZerocopyState {
  /** Number of the next send. */
  next: number;
}

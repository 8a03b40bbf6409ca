/**
 * Sequence number arithmetic, modulo 2^32: RFC 9293 §3.4.
 *
 * Comparisons and {@link seqDiff} take int32 (what engines keep: V8 holds it unboxed) and u32 (what headers show) alike,
 * even mixed. They mean something for numbers less than 2^31 apart; at exactly 2^31 each is before the other.
 * @module
 */

/** `a` comes before `b`. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** `a` comes after `b`. */
export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/** `low <= seq <= high`, for any distance of `high` from `low`, walking up (Linux `between`). */
export function between(seq: number, low: number, high: number): boolean {
  return (high - low) >>> 0 >= (seq - low) >>> 0;
}

/** How far `a` is after `b`, int32: negative when before. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** `seq` moved by `n`, u32: for header objects. */
export function seqAdd(seq: number, n: number): number {
  return (seq + n) >>> 0;
}

/** `seq` moved by `n`, int32: for engines, where one unsigned store would box the field for good. */
export function seqAddInt(seq: number, n: number): number {
  return (seq + n) | 0;
}

/**
 * Whether bytes arrived as they were sent.
 * @module
 */

/** Index of the first byte in which two arrays differ, the shorter length where one is a prefix; -1 where they are equal. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return -1;
  const common = Math.min(a.length, b.length);
  for (let at = 0; at < common; at++) if (a[at] !== b[at]) return at;
  return common;
}

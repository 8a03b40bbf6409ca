/**
 * Path MTUs of routers that do not tell them: RFC 1191 §7.
 * @module
 */

/** MTUs that links have, bytes, largest first: RFC 1191 table 7-1. */
const PLATEAUS = [65_535, 32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, 68] as const;

/** The largest usual MTU below `length`, the bytes of a packet that was too large; never below 68. */
export function plateauBelow(length: number): number {
  for (const plateau of PLATEAUS) if (plateau < length) return plateau;
  return 68;
}

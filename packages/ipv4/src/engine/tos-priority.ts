/**
 * Which queueing priority a TOS octet asks for: RFC 1349's four bits as tc-prio(8) documents Linux's map.
 * @module
 */

const BESTEFFORT = 0;
const BULK = 2;
const INTERACTIVE_BULK = 4;
const INTERACTIVE = 6;

/** Priority by `(tos >> 1) & 0xf`; the lowest bit, minimize monetary cost, stands for "filler" and changes little. */
const PRIORITY: readonly number[] = [
  BESTEFFORT,
  BESTEFFORT,
  BESTEFFORT,
  BESTEFFORT,
  BULK,
  BULK,
  BULK,
  BULK,
  INTERACTIVE,
  INTERACTIVE,
  INTERACTIVE,
  INTERACTIVE,
  INTERACTIVE_BULK,
  INTERACTIVE_BULK,
  INTERACTIVE_BULK,
  INTERACTIVE_BULK,
];

/** `SO_PRIORITY` for a TOS octet (Linux `rt_tos2priority`). */
export function tosPriority(tos: number): number {
  return PRIORITY[(tos & 0x1e) >> 1] as number;
}

/**
 * Priorities: what the type of service of a packet makes of it, and which band takes it.
 * @module
 */

/** Anything else (Linux `TC_PRIO_BESTEFFORT`). */
export const TC_PRIO_BESTEFFORT = 0;
/** Bulk transfers. */
export const TC_PRIO_BULK = 2;
/** Bulk transfers somebody waits for. */
export const TC_PRIO_INTERACTIVE_BULK = 4;
/** A person waits. */
export const TC_PRIO_INTERACTIVE = 6;
/** The network's own: fq serves it before all else. */
export const TC_PRIO_CONTROL = 7;

/** By the four TOS bits of RFC 1349, as tc-prio(8) shows them: delay is the highest, cost the lowest and of no account. */
const BY_TOS: readonly number[] = [0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4];

/** Band of each priority, 0 first: `priomap` of pfifo_fast, prio and fq. */
export const PRIOMAP: readonly number[] = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

/** `skb.priority` for a type-of-service octet, 0..7 (Linux `rt_tos2priority`). */
export function tosToPriority(tos: number): number {
  return BY_TOS[(tos & 0x1e) >>> 1] as number;
}

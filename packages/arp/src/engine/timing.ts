/**
 * RFC 5227 §1.1: the constants of probing, announcing and defending. Times in µs.
 * @module
 */

/** Longest random wait before the first probe, µs. */
export const PROBE_WAIT = 1_000_000;
/** Probes for one address. */
export const PROBE_NUM = 3;
/** Least time between two probes, µs. */
export const PROBE_MIN = 1_000_000;
/** Most time between two probes, µs. */
export const PROBE_MAX = 2_000_000;
/** Wait after the last probe before the address is used, µs. */
export const ANNOUNCE_WAIT = 2_000_000;
/** Announcements of one address. */
export const ANNOUNCE_NUM = 2;
/** Time between two announcements, µs. */
export const ANNOUNCE_INTERVAL = 2_000_000;
/** Conflicts on a device after which attempts are rate limited. */
export const MAX_CONFLICTS = 10;
/** Time between attempts that are, µs. */
export const RATE_LIMIT_INTERVAL = 60_000_000;
/** Least time between two defences of an address, µs. */
export const DEFEND_INTERVAL = 10_000_000;

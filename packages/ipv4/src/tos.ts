/**
 * The two parts of the type-of-service octet: DSCP (RFC 2474) and ECN (RFC 3168).
 * @module
 */
import { requireRange } from '@stack/skbuff';

/** ECN field: not ECN-capable transport. */
export const ECN_NOT_ECT = 0;
/** ECN field: ECN-capable, codepoint 1 (L4S, RFC 9331). */
export const ECN_ECT_1 = 1;
/** ECN field: ECN-capable, codepoint 0. */
export const ECN_ECT_0 = 2;
/** ECN field: congestion experienced. */
export const ECN_CE = 3;

/** Differentiated Services Codepoint of a `tos`, 0..63. */
export function dscp(tos: number): number {
  return (tos & 0xff) >>> 2;
}

/** ECN field of a `tos`: {@link ECN_NOT_ECT}, {@link ECN_ECT_0}, {@link ECN_ECT_1} or {@link ECN_CE}. */
export function ecn(tos: number): number {
  return tos & 3;
}

/** The `tos` of a codepoint 0..63 and an ECN field 0..3. @throws RangeError outside those. */
export function tosOf(dscp: number, ecn: number = ECN_NOT_ECT): number {
  requireRange('ipv4', 'dscp', dscp, 0x3f);
  requireRange('ipv4', 'ecn', ecn, 3);
  return (dscp << 2) | ecn;
}

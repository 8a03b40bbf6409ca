/**
 * Which of several equal paths a flow takes: all its packets the same one (RFC 2992).
 * @module
 */
import type { Ipv4 } from './ipv4.ts';

/** A u32 of a flow: of its addresses, and of protocol and ports where `fib_multipath_hash_policy` says so. */
export function multipathHash(
  ip: Ipv4,
  saddr: number,
  daddr: number,
  protocol: number,
  sport: number,
  dport: number,
): number {
  let hash = mix(mix(ip.seed, saddr), daddr);
  if (ip.sysctl.fib_multipath_hash_policy !== 0) {
    hash = mix(mix(hash, protocol), (sport << 16) | dport);
  }
  return hash >>> 0;
}

/** One round of MurmurHash3's 32-bit mix, and its last shifts so that each bit counts. */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e_2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
  let h = hash ^ k;
  h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe654_6b64;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  return h ^ (h >>> 13);
}

/**
 * The nine control bits: RFC 9293 §3.1, RFC 3168 (ECE, CWR), RFC 9768 (AE).
 * @module
 */

/** No more data from sender. */
export const FIN = 0x001;
/** Synchronize sequence numbers. */
export const SYN = 0x002;
/** Reset the connection. */
export const RST = 0x004;
/** Push Function: hand what is here to the application. */
export const PSH = 0x008;
/** The acknowledgment number is significant. */
export const ACK = 0x010;
/** The urgent pointer is significant. */
export const URG = 0x020;
/** ECN-Echo (RFC 3168 §6.1); the low bit of ACE in AccECN (RFC 9768 §3.2.2). */
export const ECE = 0x040;
/** Congestion Window Reduced (RFC 3168 §6.1); the middle bit of ACE. */
export const CWR = 0x080;
/** Accurate ECN, the high bit of ACE (RFC 9768 §3.1); formerly NS, the nonce sum of RFC 3540. */
export const AE = 0x100;

/** A letter a bit, lowest bit first, as tcpdump prints them. */
const LETTERS = 'FSRP.UEWe';

/** Flags as tcpdump prints them: `'S'`, `'S.'` for SYN+ACK, `'P.'`, `'FPU'`; `'none'` for none. */
export function formatFlags(flags: number): string {
  let text = '';
  for (let bit = 0; bit < LETTERS.length; bit++) {
    if ((flags & (1 << bit)) !== 0) text += LETTERS.charAt(bit);
  }
  return text === '' ? 'none' : text;
}

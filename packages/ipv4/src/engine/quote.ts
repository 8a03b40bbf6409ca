/**
 * The packet in an ICMP error: what we sent, as far as it came back (RFC 792, RFC 1122 §3.2.2).
 * @module
 */
import { daddr, fragOff, HLEN, headerLength, protocol, saddr, tos, version } from '../fields.ts';

/** What a quoted IP header says. */
export interface QuotedHeader {
  readonly saddr: number;
  readonly daddr: number;
  readonly protocol: number;
  readonly tos: number;
  /** In units of 8 bytes; not 0 = the transport header is not in it. */
  readonly fragOff: number;
  /** Where the transport header starts, absolute. */
  readonly transport: number;
  /** Bytes there are from it on. */
  readonly length: number;
}

/** The header quoted at `at`, the quote ending at `end`; `undefined` where it is not all there, or none. */
export function readQuote(view: DataView, at: number, end: number): QuotedHeader | undefined {
  if (end - at < HLEN || version(view, at) !== 4) return undefined;
  const hlen = headerLength(view, at);
  if (hlen < HLEN || end - at < hlen) return undefined;
  return {
    saddr: saddr(view, at),
    daddr: daddr(view, at),
    protocol: protocol(view, at),
    tos: tos(view, at),
    fragOff: fragOff(view, at),
    transport: at + hlen,
    length: end - at - hlen,
  };
}

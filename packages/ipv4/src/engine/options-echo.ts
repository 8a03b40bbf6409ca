/**
 * Options that a reply has because the packet had them: the source route reversed, record route and timestamp copied. RFC 1122
 * §3.2.1.8, §3.2.2.6; Linux `ip_options_echo`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { HLEN, headerLength } from '../fields.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_NOOP,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  MAX_IPOPTLEN,
} from '../option-kinds.ts';

/** See `Ipv4.echoOptions`. Total: the packet may be one that was refused for its options. */
export function echoOptions(skb: SkBuff): Uint8Array | undefined {
  const { view } = skb;
  const at = skb.networkHeader;
  const end = at + headerLength(view, at);
  if (end === at + HLEN) return undefined;
  const out: number[] = [];
  for (let i = at + HLEN; i < end; ) {
    const kind = view.getUint8(i);
    if (kind === IPOPT_END) break;
    if (kind === IPOPT_NOOP) {
      i++;
      continue;
    }
    const length = i + 1 < end ? view.getUint8(i + 1) : 0;
    if (length < 2 || i + length > end) break;
    if (kind === IPOPT_RR || kind === IPOPT_TIMESTAMP) copy(skb, out, i, length);
    else if (kind === IPOPT_LSRR || kind === IPOPT_SSRR) reverse(skb, out, i, length);
    i += length;
  }
  if (out.length === 0 || out.length > MAX_IPOPTLEN) return undefined;
  return Uint8Array.from(out);
}

/** As it is, our slot filled when it came; the reply takes the next one. */
function copy(skb: SkBuff, out: number[], at: number, length: number): void {
  for (let i = 0; i < length; i++) out.push(skb.view.getUint8(at + i));
}

/**
 * The hops it came over, the last one first: the reply goes there first, and `IP_OPTIONS` lets the destination follow the last.
 */
function reverse(skb: SkBuff, out: number[], at: number, length: number): void {
  const { view } = skb;
  // Bytes of whole slots in front of the pointer, which may be anywhere behind the last one.
  const used = (Math.min(view.getUint8(at + 2), length + 1) - 4) & ~3;
  if (length < 3 || used < 4) return;
  out.push(view.getUint8(at), 3 + used, 4);
  for (let slot = used - 4; slot >= 0; slot -= 4) {
    for (let i = 0; i < 4; i++) out.push(view.getUint8(at + 3 + slot + i));
  }
}

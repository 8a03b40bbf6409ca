/**
 * Options that a reply has because the packet had them: the source route reversed, record route and timestamp copied. RFC 1122
 * §3.2.1.8, §3.2.2.6; Linux `ip_options_echo`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { daddr, HLEN, headerLength, saddr } from '../fields.ts';
import {
  IPOPT_END,
  IPOPT_LSRR,
  IPOPT_NOOP,
  IPOPT_RR,
  IPOPT_SSRR,
  IPOPT_TIMESTAMP,
  MAX_IPOPTLEN,
} from '../option-kinds.ts';
import type { Ipv4 } from './ipv4.ts';
import { specDst } from './spec-dst.ts';

/** See `Ipv4.echoOptions`. The packet's options were judged when it came. */
export function echoOptions(ip: Ipv4, skb: SkBuff): Uint8Array | undefined {
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
    const length = view.getUint8(i + 1);
    if (kind === IPOPT_RR || kind === IPOPT_TIMESTAMP) copy(ip, skb, out, i, length);
    else if (kind === IPOPT_LSRR || kind === IPOPT_SSRR) reverse(skb, out, i);
    i += length;
  }
  if (out.length === 0 || out.length > MAX_IPOPTLEN) return undefined;
  return Uint8Array.from(out);
}

/** As it is. Our slot, which {@link specDst} filled on arrival, is given back: it is filled when the reply leaves. */
function copy(_ip: Ipv4, skb: SkBuff, out: number[], at: number, length: number): void {
  for (let i = 0; i < length; i++) out.push(skb.view.getUint8(at + i));
}

/** The hops it came over, the last one first, and then its sender: who sends along it is reached. */
function reverse(skb: SkBuff, out: number[], at: number): void {
  const { view } = skb;
  const pointer = view.getUint8(at + 2);
  const hops: number[] = [];
  // Slots before the pointer hold who sent it on; the very first of them stands next to the sender.
  for (let slot = pointer - 4; slot >= 4; slot -= 4) hops.push(view.getUint32(at + slot - 1));
  // The last recorded one is ourselves, if we were named: it is no hop of the way back.
  if (hops[0] === daddr(view, skb.networkHeader)) hops.shift();
  if (hops.length === 0) return;
  const route = [...hops, saddr(view, skb.networkHeader)];
  route.pop(); // the sender is the destination: writing the options puts it into the last slot
  out.push(view.getUint8(at), 3 + route.length * 4, 4);
  for (const hop of route) out.push(hop >>> 24, (hop >>> 16) & 0xff, (hop >>> 8) & 0xff, hop & 0xff);
}

/**
 * Which flow a packet belongs to, for queues that tell flows apart (Linux `skb_get_hash`): told by addresses, protocol and ports.
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import type { SkBuff } from '@stack/skbuff';

const TCP = 6;
const UDP = 17;
/** More fragments, and the offset: the ports of a fragment are not in it, or not in all of them. */
const FRAGMENT = 0x3fff;

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x9e37_79b1);
  const folded = Math.imul(product ^ (product >>> 15), 0x85eb_ca6b);
  return folded ^ (folded >>> 13);
}

/** A u32, the same for all packets of a flow; 0 where it is no IPv4. It is computed once, and kept in `skb.hash`. Changes nothing else. */
export function flowHash(skb: SkBuff): number {
  if (skb.hash !== 0) return skb.hash;
  const at = skb.networkHeader;
  if (at < skb.data || at + ipv4.HLEN > skb.tail || skb.view.getUint8(at) >>> 4 !== 4) return 0;
  const { view } = skb;
  const protocol = ipv4.protocol(view, at);
  let hash = mix(mix(protocol, ipv4.saddr(view, at)), ipv4.daddr(view, at));
  const ports = at + ipv4.headerLength(view, at);
  const hasPorts = (protocol === TCP || protocol === UDP) && (view.getUint16(at + 6) & FRAGMENT) === 0;
  if (hasPorts && ports + 4 <= skb.tail) hash = mix(hash, view.getUint32(ports));
  skb.hash = hash >>> 0 || 1;
  return skb.hash;
}

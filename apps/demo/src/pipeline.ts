/**
 * The protocol pipeline: one skb down through TCP, IPv4 and Ethernet, and up again. Copy this file to start your own.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { type SkBuff, WireError } from '@stack/skbuff';
import * as tcp from '@stack/tcp';

/** One header per layer, as `down` takes them. Lengths and checksums are derived where they are left out. */
export interface Headers {
  tcp: Parameters<typeof tcp.push>[1];
  ipv4: Parameters<typeof ipv4.push>[1];
  ethernet: Parameters<typeof ethernet.push>[1];
}

/** One header per layer, as they came off the packet. */
export interface Received {
  tcp: tcp.Header;
  ipv4: ipv4.Header;
  ethernet: ethernet.Header;
}

/** Called after each layer, with the packet as that layer left it. */
export type Observer = (layer: keyof Headers, skb: SkBuff) => void;

/** Prepends the three headers to the payload in `skb`. The TCP checksum is left to the device (CHECKSUM_PARTIAL). */
export function down(skb: SkBuff, headers: Headers, after?: Observer): void {
  const pseudo = ipv4.pseudoSum(headers.ipv4, tcp.size(headers.tcp) + skb.len);
  tcp.push(skb, headers.tcp, pseudo);
  after?.('tcp', skb);
  ipv4.push(skb, headers.ipv4);
  after?.('ipv4', skb);
  ethernet.push(skb, headers.ethernet);
  after?.('ethernet', skb);
}

/** Strips the three headers: what is left in `skb` is the payload. @throws WireError on anything that is not such a packet. */
export function up(skb: SkBuff, after?: Observer): Received {
  const frame = ethernet.pull(skb);
  after?.('ethernet', skb);
  const packet = ipv4.pull(skb);
  if (!ipv4.verify(skb.view, skb.networkHeader)) throw new WireError('IP_CSUM', 0);
  after?.('ipv4', skb);
  if (!tcp.verify(skb, ipv4.pseudoSum(packet, skb.len))) throw new WireError('TCP_CSUM', 0);
  const segment = tcp.pull(skb);
  after?.('tcp', skb);
  return { ethernet: frame, ipv4: packet, tcp: segment };
}

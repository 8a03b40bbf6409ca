/**
 * Segmentation composed from the protocols' own fix-ups: what the simulated card runs as TSO, and the driver without it.
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import { type SkBuff, segment } from '@stack/skbuff';
import * as tcp from '@stack/tcp';

/**
 * Cuts a TCP/IPv4 super-packet, its data at the link header, into frames of `gsoSize` payload bytes. Checksums stay partial,
 * seeded for each segment's length. `undefined` at the pool's limit; the caller keeps `skb`.
 */
export function segmentTcpv4(skb: SkBuff): SkBuff[] | undefined {
  const network = skb.networkHeader - skb.data;
  const transport = skb.transportHeader - skb.data;
  const length = skb.len - transport;
  const hlen = transport + tcp.headerLength(skb.view, skb.transportHeader);
  return segment(skb, hlen, (part, index, count, offset) => {
    const { view, data } = part;
    tcp.gsoFixup(view, data + transport, index, count, offset, length, part.len - transport);
    ipv4.gsoFixup(view, data + network, index, part.len - network);
  });
}

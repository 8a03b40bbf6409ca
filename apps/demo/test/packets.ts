/** Packets for tests, from their IPv4 header on. */
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { LINKTYPE, type Packet } from '@stack/pcap';
import { alloc, checksumHelp, encode, type SkBuff } from '@stack/skbuff';
import * as udp from '@stack/udp';

const ROUTE = { saddr: ipv4.parseAddress('10.0.0.1'), daddr: ipv4.parseAddress('10.0.0.2'), id: 7 };

function packetOf(payload: Uint8Array, protocol: number, push: (skb: SkBuff) => void): Uint8Array {
  const skb = alloc(payload.length, 64);
  skb.putData(payload);
  push(skb);
  ipv4.push(skb, { ...ROUTE, protocol });
  checksumHelp(skb);
  const bytes = encode(skb);
  skb.free();
  return bytes;
}

/** A datagram from port 40000 to port 7, with a checksum. */
export function datagram(payload: Uint8Array): Uint8Array {
  const ip = { ...ROUTE, protocol: ipv4.IPPROTO_UDP };
  return packetOf(payload, ipv4.IPPROTO_UDP, (skb) =>
    udp.push(skb, { source: 40_000, dest: 7 }, ipv4.pseudoSum(ip, udp.HLEN + skb.len)),
  );
}

/** Any bytes behind an IPv4 header. */
export function packetWith(payload: Uint8Array, protocol: number): Uint8Array {
  return packetOf(payload, protocol, () => {});
}

/** An ICMP message, its checksum computed. */
export function message(one: icmp.Message): Uint8Array {
  return packetWith(icmp.encodeMessage(icmp.seal(one)), ipv4.IPPROTO_ICMP);
}

/** An error that quotes bytes; a destination unreachable unless `part` says otherwise. */
export function errorAbout(quote: Uint8Array, part: Partial<icmp.ErrorMessage> = {}): Uint8Array {
  return message({
    ...{ kind: 'error', type: icmp.ICMP_DEST_UNREACH, code: icmp.ICMP_PORT_UNREACH, check: 0 },
    ...{ pointer: 0, length: 0, mtu: 0, quote, extensions: undefined, ...part },
  });
}

/** A captured packet without a link layer. */
export function captured(data: Uint8Array, originalLength: number = data.length): Packet {
  return {
    type: 'packet',
    interface: 0,
    linkType: LINKTYPE.IPV4,
    timestamp: { seconds: 1, nanoseconds: 0 },
    originalLength,
    data,
    comments: [],
    flags: undefined,
    options: [],
  };
}

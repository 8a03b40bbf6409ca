/**
 * Frames with right lengths and checksums, made from a few numbers.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { alloc, checksumHelp, encode as gather, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';

/** More than the headers of a frame take. */
const HEADROOM = 256;

/** Where a frame goes. */
export interface Way {
  dest: number;
  source: number;
  saddr: number;
  daddr: number;
}

/** Fields of an IPv4 header that may differ. */
export interface IpPart {
  ttl?: number;
  tos?: number;
  id?: number;
  flags?: number;
  fragOff?: number;
}

/** A packet of any protocol. */
export function packet(way: Way, protocol: number, data: Uint8Array, part: IpPart = {}): Uint8Array {
  return build(data, (skb) => pushIp(skb, way, protocol, part));
}

/** A datagram. */
export function datagram(
  way: Way,
  source: number,
  dest: number,
  data: Uint8Array,
  part: IpPart = {},
): Uint8Array {
  return build(data, (skb) => {
    udp.push(skb, { source, dest }, pseudoIpv4(way.saddr, way.daddr, 17, 8 + data.length));
    checksumHelp(skb);
    pushIp(skb, way, 17, part);
  });
}

/** A segment. */
export function segment(way: Way, header: tcp.PushHeader, data: Uint8Array, part: IpPart = {}): Uint8Array {
  return build(data, (skb) => {
    const length = tcp.size(header) + data.length;
    tcp.push(skb, header, pseudoIpv4(way.saddr, way.daddr, 6, length));
    checksumHelp(skb);
    pushIp(skb, way, 6, part);
  });
}

/** An ICMP message: four bytes, and what follows. */
export function message(way: Way, type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  bytes.set(data, 8);
  const view = new DataView(bytes.buffer);
  icmp.write(view, 0, type, code, 0, rest >>> 0);
  icmp.sendCheck(view, 0, bytes.length);
  return packet(way, 1, bytes);
}

/** An ARP packet. */
export function arpFrame(way: Way, op: number, sha: number, tha: number): Uint8Array {
  return build(new Uint8Array(0), (skb) => {
    arp.push(skb, arp.ethernetIpv4(op, sha, way.saddr, tha, way.daddr));
    ethernet.push(skb, { dest: way.dest, source: way.source, proto: 0x0806 });
  });
}

function pushIp(skb: SkBuff, { dest, source, saddr, daddr }: Way, protocol: number, part: IpPart): void {
  ipv4.push(skb, { protocol, saddr, daddr, ...part });
  ethernet.push(skb, { dest, source, proto: 0x0800 });
}

function build(data: Uint8Array, push: (skb: SkBuff) => void): Uint8Array {
  const skb = alloc(data.length, HEADROOM);
  skb.putData(data);
  push(skb);
  const bytes = gather(skb);
  skb.free();
  return bytes;
}

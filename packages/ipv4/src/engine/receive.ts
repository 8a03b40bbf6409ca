/**
 * A packet arrives: is it one, is it ours, where does it go. Linux `ip_rcv`; RFC 1122 §3.2.1, RFC 1812 §4.2.2, §5.2.
 * @module
 */
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  SKB_GSO_TCPV4,
  type SkBuff,
} from '@stack/skbuff';
import { isMulticast } from '../address.ts';
import { daddr, HLEN, headerLength, saddr, tos, totLen, ttl } from '../fields.ts';
import { checkPacket, verify } from '../header.ts';
import {
  CB_FLAGS,
  CB_FRAG_MAX_SIZE,
  IPSKB_DOREDIRECT,
  IPSKB_LOOPED,
  PACKET_LOOPBACK,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
} from './constants.ts';
import { localDeliver } from './deliver.ts';
import { forward } from './forward.ts';
import type { Ipv4 } from './ipv4.ts';
import { receiveOptions } from './options-in.ts';
import { BROADCAST, type InputRoute, MULTICAST, routeInput } from './route-input.ts';
import { unreachable } from './unreachable.ts';

/** See `Ipv4.receive`. */
export function receive(ip: Ipv4, now: number, packet: SkBuff): void {
  if (ip.probe !== undefined) ip.probe('ip_rcv', packet);
  if (packet.pktType === PACKET_OTHERHOST) {
    ip.ports.drop(packet, 'OTHERHOST');
    return;
  }
  const skb = packet.users === 1 ? packet : unshare(packet);
  const { mib } = ip;
  mib.Ip.InReceives++;
  mib.IpExt.InOctets += skb.len;
  if (!skb.mayPull(HLEN) || !skb.mayPull(headerLength(skb.view, skb.data))) {
    refuseHeader(ip, skb);
    return;
  }
  const { view } = skb;
  const at = skb.data;
  const fault = checkPacket(view, at, skb.tail, skb.len);
  if (fault === 'IPV4_TRUNCATED' || fault === 'IPV4_BAD_VERSION' || fault === 'IPV4_BAD_IHL') {
    refuseHeader(ip, skb);
    return;
  }
  const octet = tos(view, at);
  countEcn(ip, octet & 3, skb.gsoSegs === 0 ? 1 : skb.gsoSegs);
  // RFC 1122 §3.2.1.2: a host MUST verify the checksum and silently discard.
  if (!verify(view, at)) {
    mib.IpExt.InCsumErrors++;
    mib.Ip.InHdrErrors++;
    ip.ports.drop(skb, 'IP_CSUM');
    return;
  }
  if (fault === 'IPV4_PACKET_TRUNCATED') {
    mib.IpExt.InTruncatedPkts++;
    ip.ports.drop(skb, 'PKT_TOO_SMALL');
    return;
  }
  // Super-packets of more than 65,535 bytes have no total length (BIG TCP).
  const isBig = fault !== undefined && totLen(view, at) === 0 && (skb.gsoType & SKB_GSO_TCPV4) !== 0;
  if (fault !== undefined && !isBig) {
    refuseHeader(ip, skb);
    return;
  }
  if (!isBig) skb.trim(totLen(view, at));
  skb.networkHeader = at;
  skb.transportHeader = at + headerLength(view, at);
  skb.ttl = ttl(view, at);
  skb.tos = octet;
  skb.cb[CB_FLAGS] = 0;
  skb.cb[CB_FRAG_MAX_SIZE] = 0;
  skb.orphan();
  dispatch(ip, now, skb);
}

/** Routes a sound packet and hands it on (Linux `ip_rcv_finish`). */
function dispatch(ip: Ipv4, now: number, skb: SkBuff): void {
  const device = ip.devices.get(skb.ifindex);
  if (device === undefined) {
    ip.ports.drop(skb, 'DEV_READY');
    return;
  }
  const at = skb.networkHeader;
  const destination = daddr(skb.view, at);
  let route: InputRoute | string;
  if (skb.pktType === PACKET_LOOPBACK) {
    // Our own, for ourselves: its way was looked up when it was sent.
    route = isMulticast(destination) ? MULTICAST : BROADCAST;
    skb.pktType = isMulticast(destination) ? PACKET_MULTICAST : PACKET_BROADCAST;
    skb.cb[CB_FLAGS] = IPSKB_LOOPED;
  } else {
    route = routeInput(ip, skb, device, destination, saddr(skb.view, at), skb.tos);
  }
  if (typeof route !== 'string' && skb.transportHeader - at > HLEN) {
    skb.cb[CB_FLAGS] = (skb.cb[CB_FLAGS] as number) | route.flags;
    route = receiveOptions(ip, now, skb, device, route);
  }
  if (typeof route === 'string') {
    if (route === 'IP_RPFILTER') ip.mib.TcpExt.IPReversePathFilter++;
    ip.ports.drop(skb, route);
    return;
  }
  skb.cb[CB_FLAGS] = (skb.cb[CB_FLAGS] as number) | route.flags;
  if ((route.flags & RTCF_MULTICAST) !== 0) {
    ip.mib.IpExt.InMcastPkts++;
    ip.mib.IpExt.InMcastOctets += skb.len;
  } else if ((route.flags & RTCF_BROADCAST) !== 0) {
    ip.mib.IpExt.InBcastPkts++;
    ip.mib.IpExt.InBcastOctets += skb.len;
  } else if (skb.pktType !== PACKET_HOST && device.conf.drop_unicast_in_l2_multicast !== 0) {
    // RFC 1122 §3.3.6: a host SHOULD discard a unicast datagram in a link-layer broadcast.
    ip.ports.drop(skb, 'UNICAST_IN_L2_MULTICAST');
    return;
  }
  if (route.action === 'deliver') localDeliver(ip, now, skb);
  else if (route.dst !== undefined) forward(ip, now, skb, route.dst);
  else unreachable(ip, now, skb, device, route.errno);
}

/** For a protocol, in its `receive`, before it uses `skb.cb`: whether the packet came to a group or a broadcast address of ours. */
export function routeFlags(skb: SkBuff): number {
  return (skb.cb[CB_FLAGS] as number) & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL | IPSKB_DOREDIRECT);
}

function refuseHeader(ip: Ipv4, skb: SkBuff): void {
  ip.mib.Ip.InHdrErrors++;
  ip.ports.drop(skb, 'IP_INHDR');
}

/** Somebody else holds it too: a packet socket. */
function unshare(skb: SkBuff): SkBuff {
  const twin = skb.clone();
  skb.free();
  return twin;
}

function countEcn(ip: Ipv4, ecn: number, segments: number): void {
  const { IpExt } = ip.mib;
  if (ecn === 0) IpExt.InNoECTPkts += segments;
  else if (ecn === 1) IpExt.InECT1Pkts += segments;
  else if (ecn === 2) IpExt.InECT0Pkts += segments;
  else IpExt.InCEPkts += segments;
}

/**
 * A packet for somebody else: one hop on. Linux `ip_forward`; RFC 1812 §5.2, §5.3.1.
 * @module
 */
import { CHECKSUM_COMPLETE, CHECKSUM_NONE, PACKET_HOST, type SkBuff } from '@stack/skbuff';
import { flags, HLEN, headerLength } from '../fields.ts';
import { FLAG_DF } from '../header.ts';
import { decTtl } from '../set.ts';
import {
  CB_FLAGS,
  ICMP_DEST_UNREACH,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_SR_FAILED,
  ICMP_TIME_EXCEEDED,
  IPSKB_DOREDIRECT,
  IPSKB_FORWARDED,
  IPSKB_SOURCE_ROUTED,
  IPSKB_STRICT_ROUTE,
} from './constants.ts';
import type { Dst } from './dst.ts';
import { gsoFits } from './gso-length.ts';
import type { Ipv4 } from './ipv4.ts';
import { forwardOptions } from './options-in.ts';
import { ipOutput } from './output.ts';
import { sendRedirect } from './redirect.ts';
import { tosPriority } from './tos-priority.ts';

/** Sends a packet on over `dst`, `data` at the IP header. */
export function forward(ip: Ipv4, now: number, skb: SkBuff, dst: Dst): void {
  if (ip.probe !== undefined) ip.probe('ip_forward', skb);
  // RFC 1122 §3.3.6, RFC 1812 §5.3.4: what came in a link-layer broadcast is not forwarded.
  if (skb.pktType !== PACKET_HOST) {
    ip.ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  if (skb.ipSummed === CHECKSUM_COMPLETE) skb.ipSummed = CHECKSUM_NONE; // the header is about to change
  // RFC 1812 §5.3.1: discarded before it would reach zero.
  if (skb.ttl <= 1) {
    ip.mib.Ip.InHdrErrors++;
    ip.ports.icmpSend(now, skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
    ip.ports.drop(skb, 'IP_INHDR');
    return;
  }
  const marks = (skb.cb[CB_FLAGS] as number) | IPSKB_FORWARDED;
  skb.cb[CB_FLAGS] = marks;
  if ((marks & IPSKB_STRICT_ROUTE) !== 0 && dst.gateway !== 0) {
    ip.ports.icmpSend(now, skb, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0);
    ip.ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  // RFC 4293 ipSystemStatsOutForwDatagrams: a route was found and used, whatever becomes of the packet.
  ip.mib.Ip.ForwDatagrams++;
  const mtu = forwardMtu(ip, now, dst);
  if (exceedsMtu(skb, mtu)) {
    ip.mib.Ip.FragFails++;
    ip.ports.icmpSend(now, skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
    ip.ports.drop(skb, 'PKT_TOO_BIG');
    return;
  }
  if (!skb.cow(dst.dev.hardHeaderLen)) {
    ip.mib.Ip.InDiscards++;
    ip.ports.drop(skb, 'NOMEM');
    return;
  }
  decTtl(skb.view, skb.networkHeader);
  if ((marks & (IPSKB_DOREDIRECT | IPSKB_SOURCE_ROUTED)) === IPSKB_DOREDIRECT) {
    sendRedirect(ip, now, skb, dst);
  }
  if (ip.sysctl.ip_forward_update_priority !== 0) skb.priority = tosPriority(skb.tos);
  if (headerLength(skb.view, skb.networkHeader) > HLEN) forwardOptions(ip, skb, dst);
  skb.tstamp = 0;
  ipOutput(ip, now, skb, dst, undefined);
}

/** The MTU that forwarded packets are held to: path MTUs are believed only where the sysctl says so. */
export function forwardMtu(ip: Ipv4, now: number, dst: Dst): number {
  return ip.sysctl.ip_forward_use_pmtu !== 0 || dst.metrics.mtuLock ? dst.mtu(now) : dst.linkMtu();
}

function exceedsMtu(skb: SkBuff, mtu: number): boolean {
  if (skb.len <= mtu || (flags(skb.view, skb.networkHeader) & FLAG_DF) === 0) return false;
  return skb.gsoSize === 0 || !gsoFits(skb, mtu);
}

/**
 * Packets leave: the header is written in place, then cut or fragmented to the path's MTU, looped back where our own groups hear
 * them, and given to the neighbour layer. Linux ip_output.c; RFC 791 §3.2, RFC 1122 §3.3.
 * @module
 */
import { CHECKSUM_UNNECESSARY, SKB_GSO_TCPV4, type SkBuff } from '@stack/skbuff';
import { daddr as daddrOf, HLEN, ttl as ttlOf } from '../fields.ts';
import { ETH_P_IP, FLAG_DF, sendCheck } from '../header.ts';
import { writeHeader } from '../write.ts';
import {
  CB_FLAGS,
  IP_MAX_MTU,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
  IPSKB_FORWARDED,
  IPSKB_IGNORE_DF,
  PACKET_LOOPBACK,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
} from './constants.ts';
import type { Dst } from './dst.ts';
import { forwardMtu } from './forward.ts';
import { fragment, fragmentOrRefuse } from './fragment.ts';
import { gsoFits } from './gso-length.ts';
import type { DatagramSock, InetSock, XmitSock } from './inet-sock.ts';
import type { Ipv4 } from './ipv4.ts';
import { writeOptions } from './options-out.ts';
import { DROP, type Errno, OK } from './ports.ts';

/** See `Ipv4.queueXmit`. */
export function queueXmit(ip: Ipv4, now: number, skb: SkBuff, dst: Dst, sk: XmitSock): number | Errno {
  if (ip.probe !== undefined) ip.probe('ip_queue_xmit', skb);
  const { inet } = sk;
  const df = dontFragment(inet, dst, now);
  return build(ip, now, skb, dst, sk, inet.tos, inet.ttl, df, 0);
}

/** See `Ipv4.sendSkb`. */
export function sendSkb(ip: Ipv4, now: number, skb: SkBuff, dst: Dst, sk: DatagramSock): number | Errno {
  const { inet } = sk;
  const length = skb.len + HLEN + (inet.options === undefined ? 0 : inet.options.bytes.length);
  const most = inet.ignoresDf ? IP_MAX_MTU : mtuFor(inet, dst, now);
  if (length > IP_MAX_MTU || (length > most && skb.gsoSize === 0)) {
    skb.free();
    return 'EMSGSIZE';
  }
  const { pmtudisc } = inet;
  const df =
    pmtudisc === IP_PMTUDISC_DO ||
    pmtudisc === IP_PMTUDISC_PROBE ||
    (length <= dst.mtu(now) && dontFragment(inet, dst, now));
  const ttl = sk.ttl < 0 && dst.type === 'multicast' ? inet.mcTtl : sk.ttl;
  const flags = inet.ignoresDf ? IPSKB_IGNORE_DF : 0;
  const result = build(ip, now, skb, dst, sk, sk.tos, ttl, df, flags);
  if (result === DROP) ip.mib.Ip.OutDiscards++;
  return result;
}

/** Whether a packet gets DF for path MTU discovery (Linux `ip_dont_fragment`). */
export function dontFragment(inet: InetSock, dst: Dst, now: number): boolean {
  return inet.pmtudisc === IP_PMTUDISC_DO || (inet.pmtudisc === IP_PMTUDISC_WANT && !dst.mtuLocked(now));
}

/** The MTU that a socket's packets are held to (Linux `ip_skb_dst_mtu`). */
function mtuFor(inet: InetSock, dst: Dst, now: number): number {
  return inet.usesPmtu ? dst.mtu(now) : Math.min(dst.dev.mtu, IP_MAX_MTU);
}

function build(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  dst: Dst,
  sk: XmitSock,
  tos: number,
  ttl: number,
  df: boolean,
  flags: number,
): number | Errno {
  const { inet } = sk;
  const { options } = inet;
  const length = options === undefined ? HLEN : HLEN + options.bytes.length;
  if (skb.len + length > IP_MAX_MTU && (skb.gsoType & SKB_GSO_TCPV4) === 0) {
    ip.ports.drop(skb, 'PKT_TOO_BIG');
    return 'EMSGSIZE';
  }
  // One move where there is too little room, and then also for what is below.
  if ((skb.cloned || skb.headroom < length) && !skb.cow(length + dst.dev.hardHeaderLen)) {
    ip.ports.drop(skb, 'NOMEM');
    return 'ENOBUFS';
  }
  const segments = Math.max(skb.gsoSegs, 1);
  let id = 0;
  if (inet.connected) {
    id = inet.id;
    inet.id = (id + segments) & 0xffff;
  } else if (!df || (flags & IPSKB_IGNORE_DF) !== 0) {
    // RFC 6864 §4.1: what cannot be fragmented needs no identification.
    id = ip.idents.reserve(now, sk.daddr, sk.saddr, sk.protocol, segments);
  }
  const at = skb.push(length);
  const hops = ttl >= 0 ? ttl : dst.metrics.hoplimit || ip.sysctl.ip_default_ttl;
  const to = options === undefined || options.firstHop === 0 ? sk.daddr : options.firstHop;
  const fragOff = df ? FLAG_DF << 13 : 0;
  writeHeader(skb.view, at, tos, skb.len, id, fragOff, hops, sk.protocol, sk.saddr, to);
  if (options !== undefined) {
    skb.view.setUint8(at, 0x40 | (length >>> 2));
    writeOptions(ip, now, skb.view, at + HLEN, options, sk.daddr, sk.saddr);
    sendCheck(skb.view, at);
  }
  skb.networkHeader = at;
  skb.mark = sk.mark;
  skb.priority = sk.priority;
  skb.cb[CB_FLAGS] = flags;
  return localOut(ip, now, skb, dst, inet);
}

/** A packet of our own with its whole header, `data` at it, `skb.cb` ours (Linux `ip_local_out`). Takes it over. */
export function localOut(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  dst: Dst,
  inet: InetSock | undefined,
): number | Errno {
  ip.mib.Ip.OutRequests++;
  return ipOutput(ip, now, skb, dst, inet);
}

/** Linux `ip_output` and `ip_mc_output`. `inet`: the sending socket's; `undefined` = none, or forwarded. */
export function ipOutput(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  dst: Dst,
  inet: InetSock | undefined,
): number | Errno {
  if (ip.probe !== undefined) ip.probe('ip_output', skb);
  skb.protocol = ETH_P_IP;
  skb.dev = dst.dev;
  const { flags } = dst;
  if ((flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0 && !dst.dev.loopback) {
    const multicast = (flags & RTCF_MULTICAST) !== 0;
    if ((flags & RTCF_LOCAL) !== 0 && (!multicast || inet === undefined || inet.mcLoop))
      loopBack(ip, skb, dst);
    // RFC 1112 §6.1: a TTL of 0 restricts a multicast to this host.
    if (multicast && ttlOf(skb.view, skb.networkHeader) === 0) {
      skb.free();
      return OK;
    }
  }
  return finishOutput(ip, now, skb, dst, inet);
}

/** A copy for ourselves. Without memory there is none: datagrams may get lost. */
function loopBack(ip: Ipv4, skb: SkBuff, dst: Dst): void {
  const copy = skb.copy(0);
  if (copy === undefined) return;
  copy.pktType = PACKET_LOOPBACK;
  copy.ipSummed = CHECKSUM_UNNECESSARY;
  copy.ifindex = dst.dev.ifindex;
  copy.macHeader = -1;
  ip.ports.loopback(copy);
}

function finishOutput(
  ip: Ipv4,
  now: number,
  skb: SkBuff,
  dst: Dst,
  inet: InetSock | undefined,
): number | Errno {
  const forwarded = ((skb.cb[CB_FLAGS] as number) & IPSKB_FORWARDED) !== 0;
  let mtu: number;
  if (forwarded) mtu = forwardMtu(ip, now, dst);
  else mtu = inet === undefined ? dst.mtu(now) : mtuFor(inet, dst, now);
  if (skb.gsoSize !== 0) {
    return gsoFits(skb, mtu) ? transmit(ip, now, skb, dst) : segmentOutput(ip, now, skb, dst, mtu);
  }
  return skb.len > mtu ? fragmentOrRefuse(ip, now, skb, dst, mtu) : transmit(ip, now, skb, dst);
}

/** A super-packet whose segments do not fit: cut here, and each segment fragmented. */
function segmentOutput(ip: Ipv4, now: number, skb: SkBuff, dst: Dst, mtu: number): number | Errno {
  const segments = ip.ports.gsoSegment(skb);
  if (segments === undefined) {
    ip.ports.drop(skb, 'NOMEM');
    return 'ENOBUFS';
  }
  let result: number | Errno = OK;
  for (let i = 0; i < segments.length; i++) {
    const part = segments[i] as SkBuff;
    part.cb[CB_FLAGS] = skb.cb[CB_FLAGS] as number;
    part.networkHeader = part.data;
    const one = part.len > mtu ? fragment(ip, now, part, dst, mtu) : transmit(ip, now, part, dst);
    if (one !== OK && result === OK) result = one;
  }
  skb.free();
  return result;
}

/** To the neighbour layer (Linux `ip_finish_output2`). */
export function transmit(ip: Ipv4, now: number, skb: SkBuff, dst: Dst): number {
  if (dst.type === 'multicast') {
    ip.mib.IpExt.OutMcastPkts++;
    ip.mib.IpExt.OutMcastOctets += skb.len;
  } else if (dst.type === 'broadcast') {
    ip.mib.IpExt.OutBcastPkts++;
    ip.mib.IpExt.OutBcastOctets += skb.len;
  }
  // RFC 4293: what is sent is counted as it is sent, each fragment for itself.
  ip.mib.Ip.OutTransmits++;
  ip.mib.IpExt.OutOctets += skb.len;
  return ip.ports.output(now, skb, dst, dst.gateway || daddrOf(skb.view, skb.networkHeader));
}

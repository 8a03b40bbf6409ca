/**
 * How large a segment may be: RFC 9293 §3.7.1, RFC 6691, and the path MTU.
 * @module
 */
import { HLEN } from '../fields.ts';
import { TCPOLEN_TSTAMP_ALIGNED } from '../write.ts';
import { authLength } from './auth-sock.ts';
import type { Dst } from './ports.ts';
import { changingLength } from './sack.ts';
import type { TcpSock } from './tcb.ts';

/** MSS of a peer that names none (RFC 9293 MUST-15). */
export const TCP_MSS_DEFAULT = 536;
/** Least MSS we reckon the peer's segments with. */
export const TCP_MIN_MSS = 88;
/** Initial window, segments (RFC 6928). */
export const TCP_INIT_CWND = 10;
/** MTU minus the headers of the smallest datagram that everybody must take (RFC 791). */
const MIN_PAYLOAD = 68;
/** What Linux sets aside for all headers in front of a payload: no super-packet is larger than the device's limit minus this. */
export const MAX_TCP_HEADER = 320;

/** MSS for a path MTU, within what the peer takes; options take their part of it. */
export function baseMss(sk: TcpSock, pmtu: number): number {
  let mss = pmtu - sk.family.headerLength - (sk.inet.optionsLength ?? 0) - HLEN;
  if (mss > sk.mssClamp) mss = sk.mssClamp;
  const least = sk.tcp.sysctl.tcp_min_snd_mss;
  return Math.max(mss, least);
}

/** The same without options that every segment carries. */
export function mtuToMss(sk: TcpSock, pmtu: number): number {
  return baseMss(sk, pmtu) - (sk.tcpHeaderLen - HLEN);
}

/** Bytes of a packet with a segment of `mss`: the way back. */
export function mssToMtu(sk: TcpSock, mss: number): number {
  return mss + sk.tcpHeaderLen + sk.family.headerLength + (sk.inet.optionsLength ?? 0);
}

/** Takes in a path MTU: what segments are cut to from now on. */
export function syncMss(sk: TcpSock, pmtu: number): number {
  const { mtup } = sk;
  let mss = boundToHalfWindow(sk, mtuToMss(sk, pmtu));
  if (mtup !== undefined) {
    if (mtup.searchHigh > pmtu) mtup.searchHigh = pmtu;
    mss = Math.min(mss, mtuToMss(sk, mtup.searchLow));
  }
  sk.pmtuCookie = pmtu;
  sk.mssCache = mss;
  return mss;
}

/** The MSS for the next segment: the path MTU is asked again, and what SACK and Accurate ECN tell with it takes its part. */
export function currentMss(now: number, sk: TcpSock): number {
  const { dst } = sk;
  if (dst !== undefined) {
    const mtu = dst.mtu(now);
    if (mtu !== sk.pmtuCookie) syncMss(sk, mtu);
  }
  return sk.mssCache - changingLength(sk);
}

/** At most half of the largest window the peer ever offered, so that two segments fit (RFC 9293 §3.8.6.2.1). */
function boundToHalfWindow(sk: TcpSock, size: number): number {
  const cutoff = sk.maxWindow > TCP_MSS_DEFAULT ? sk.maxWindow >> 1 : sk.maxWindow;
  if (cutoff !== 0 && size > cutoff) return Math.max(cutoff, MIN_PAYLOAD - sk.tcpHeaderLen);
  return size;
}

/** Payload bytes one skb of the write queue is filled to: a whole number of segments. */
export function sizeGoal(sk: TcpSock, mss: number, large: boolean): number {
  if (!large) return mss;
  const { dst } = sk;
  const most = dst === undefined || sk.auth !== undefined ? 0 : dst.gsoMaxSize;
  if (most <= MAX_TCP_HEADER + mss) return mss;
  const bound = boundToHalfWindow(sk, gsoMaxPayload(dst as Dst));
  let goal = sk.gsoSegs * mss;
  if (bound < goal || bound >= goal + mss) {
    sk.gsoSegs = Math.min(Math.floor(bound / mss), (dst as Dst).gsoMaxSegs);
    goal = sk.gsoSegs * mss;
  }
  return Math.max(goal, mss);
}

/** Most payload bytes of a super-packet. */
export function gsoMaxPayload(dst: Dst): number {
  return dst.gsoMaxSize - MAX_TCP_HEADER - 1;
}

/** The MSS to advertise: the route's, or less where TCP_MAXSEG says so. */
export function advertisedMss(sk: TcpSock, dst: Dst): number {
  return sk.userMss !== 0 && sk.userMss < dst.advmss ? sk.userMss : dst.advmss;
}

/** First guess of the peer's segment size, for delayed ACKs. */
export function initializeRcvMss(sk: TcpSock): void {
  const hint = Math.min(sk.advmss, sk.mssCache, sk.rcvWnd >>> 1, TCP_MSS_DEFAULT);
  sk.rcvMss = Math.max(hint, TCP_MIN_MSS);
}

/** Bytes of header with the options that every segment of an established connection carries. */
export function headerLengthFor(sk: TcpSock, tstampOk: boolean): number {
  return (tstampOk ? HLEN + TCPOLEN_TSTAMP_ALIGNED : HLEN) + authLength(sk);
}

/** Initial congestion window, segments: RFC 6928, or what the route says. */
export function initialCwnd(sk: TcpSock): number {
  const wanted = sk.dst === undefined ? 0 : sk.dst.metrics.initcwnd;
  return Math.min(wanted !== 0 ? wanted : TCP_INIT_CWND, sk.sndCwndClamp);
}

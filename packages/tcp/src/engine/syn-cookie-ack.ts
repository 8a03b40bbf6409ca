/**
 * SYN cookies at a listener: when a SYN is answered with one, and the ACK that brings it back, of which a connection is made without
 * anything that was kept (RFC 4987 §3.6, Linux `tcp_syn_flood_action`, `cookie_v4_check`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SAW_TIMESTAMPS } from '../option-scan.ts';
import { aceOf } from './accecn.ts';
import { acceptQueueFull } from './accept-queue.ts';
import { createChild } from './child.ts';
import { routeWantsEcn } from './ecn.ts';
import { listenDrop, openWindow, routeRequest, takeIn, takeNetworkOptions } from './minisocks.ts';
import { stampSeconds } from './paws.ts';
import { RequestSock } from './request.ts';
import type { Segment } from './segment.ts';
import { COOKIE_VALID, readCookieTimestamp, SynCookies } from './syn-cookie.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';

/** A SYN that cannot be remembered: whether it is answered with a cookie. */
export function synFloodAction({ tcp }: TcpSock): boolean {
  const wanted = tcp.sysctl.tcp_syncookies !== 0;
  tcp.mib.TcpExt[wanted ? 'TCPReqQFullDoCookies' : 'TCPReqQFullDrop']++;
  return wanted;
}

/** The number that answers the SYN of `req`. That cookies are out is noted at the port, for all who listen at it. */
export function cookieIsn(now: number, req: RequestSock, local: number, remote: number): number {
  const { bindBucket, tcp } = req.listener;
  tcp.cookies ??= new SynCookies(tcp.random);
  if (bindBucket !== undefined) bindBucket.synqOverflow = stampSeconds(now);
  tcp.mib.TcpExt.SyncookiesSent++;
  return tcp.cookies.make(now, local, remote, (req.dport << 16) | req.sport, req.rcvIsn, req.mss);
}

/**
 * An ACK, no SYN and no RST, that belongs to nobody at a listener: the socket it makes; the reason to drop it for, where it would but
 * cannot; `undefined` where it is not the answer to a cookie. The packet stays the caller's.
 */
export function cookieSegment(
  now: number,
  sk: TcpSock,
  skb: SkBuff,
  seg: Segment,
): TcpSock | string | undefined {
  const { bindBucket, family, tcp } = sk;
  const { cookies, mib } = tcp;
  if (cookies === undefined || bindBucket === undefined || tcp.sysctl.tcp_syncookies === 0) return undefined;
  if (stampSeconds(now) - bindBucket.synqOverflow > COOKIE_VALID) return undefined;
  const req = new RequestSock(sk);
  req.takeAddresses(skb, seg);
  takeNetworkOptions(req, skb);
  req.rcvIsn = (seg.seq - 1) | 0;
  req.rcvNxt = seg.seq;
  req.sntIsn = (seg.ackSeq - 1) | 0;
  const local = family.hash(req.saddr);
  const remote = family.hash(req.daddr);
  const ports = (req.dport << 16) | req.sport;
  req.mss = cookies.check(now, local, remote, ports, req.rcvIsn, req.sntIsn);
  if (req.mss === 0) {
    mib.TcpExt.SyncookiesFailed++;
    return undefined;
  }
  mib.TcpExt.SyncookiesRecv++;
  seg.readOptions(skb);
  req.takeAo(skb);
  if (!takeTimestamp(req, seg, local, remote)) return undefined;
  const dst = routeRequest(now, req);
  if (typeof dst === 'string') return 'IP_OUTNOROUTES';
  req.dst = dst;
  if (tcp.sysctl.tcp_ecn === 0 && !routeWantsEcn(dst)) req.ecnOk = false;
  takeAccEcn(req, seg);
  openWindow(req, req.mss);
  if (acceptQueueFull(sk.listener as ListenerExtra)) {
    mib.TcpExt.ListenOverflows++;
    listenDrop(sk);
    return 'NO_SOCKET';
  }
  mib.Tcp.PassiveOpens++;
  const child = createChild(now, req, seg);
  takeIn(sk, child);
  return child;
}

/** Reads the options of the SYN out of the echo. False where it tells of some that nobody agreed to. */
function takeTimestamp(req: RequestSock, seg: Segment, local: number, remote: number): boolean {
  const { options } = seg;
  if ((options.saw & SAW_TIMESTAMPS) === 0) return true;
  const { secure, sysctl } = req.listener.tcp;
  if (sysctl.tcp_timestamps === 0) return true;
  req.tstampOk = true;
  req.tsRecent = options.tsval;
  if (options.tsecr !== 0 && sysctl.tcp_timestamps === 1) req.tsoffset = secure.tsOffset(local, remote);
  readCookieTimestamp(options.tsecr === 0 ? 0 : (options.tsecr - req.tsoffset) | 0, req);
  return (!req.sackOk || sysctl.tcp_sack !== 0) && (!req.wscaleOk || sysctl.tcp_window_scaling !== 0);
}

/** Which ECN it is the ACK tells: RFC 3168's has at most ECE. What the SYN was marked with is forgotten. */
function takeAccEcn(req: RequestSock, seg: Segment): void {
  if (!req.ecnOk || aceOf(seg.flags) <= 1) return;
  req.ecnOk = false;
  req.accecn = 0;
}

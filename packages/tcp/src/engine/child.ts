/**
 * The socket that a request becomes (Linux `tcp_create_openreq_child`).
 * @module
 */
import { ECN_MASK } from './accecn.ts';
import { inheritAuth } from './auth-open.ts';
import { defaultCongestion, routeCongestion } from './congestion.ts';
import { ecnChild } from './ecn.ts';
import { advertisedMss, headerLengthFor, initializeRcvMss, syncMss } from './mss.ts';
import { stampSeconds } from './paws.ts';
import type { Family, Inet } from './ports.ts';
import type { RequestSock } from './request.ts';
import { TCP_TIMEOUT_INIT } from './rtt.ts';
import type { Segment } from './segment.ts';
import { SYN_RECV } from './state.ts';
import { TcpSock } from './tcb.ts';
import { armKeepalive, keepaliveTime } from './timer.ts';

/** A socket in SYN_RECV that inherits its listener's options. It is in no table yet. */
export function createChild(now: number, req: RequestSock, seg: Segment): TcpSock {
  const { family, listener } = req;
  const { tcp } = listener;
  const child = new TcpSock(tcp, family, listener.caOps);
  child.state = SYN_RECV;
  tcp.socketsAllocated++;
  inherit(child, listener);
  if (req.options !== undefined) family.setOptions?.(child.inet, req.options);
  if (tcp.sysctl.tcp_reflect_tos !== 0) child.inet.tos = req.tos & ~ECN_MASK;
  child.saddr = req.saddr;
  child.rcvSaddr = req.saddr;
  child.daddr = req.daddr;
  child.sport = req.sport;
  child.dport = req.dport;
  child.dst = req.dst;
  if (!routeCongestion(child, req.dst) && !listener.caSetsockopt) child.caOps = defaultCongestion(tcp);

  child.irs = req.rcvIsn;
  child.rcvNxt = (req.rcvIsn + 1) | 0;
  child.rcvWup = child.rcvNxt;
  child.copiedSeq = child.rcvNxt;
  child.rcvWnd = req.rsksRcvWnd;
  child.rcvSsthresh = req.rsksRcvWnd;
  child.windowClamp = req.windowClamp;
  child.iss = req.sntIsn;
  child.sndUna = (req.sntIsn + 1) | 0;
  child.sndNxt = child.sndUna;
  child.sndUp = child.sndUna;
  child.sndSml = child.sndUna;
  child.writeSeq = child.sndUna;
  child.pushedSeq = child.sndUna;
  child.sndWl1 = req.rcvIsn;
  child.rto = TCP_TIMEOUT_INIT;

  child.tstampOk = req.tstampOk;
  child.tsoffset = req.tsoffset;
  inheritAuth(child, req);
  child.tcpHeaderLen = headerLengthFor(child, req.tstampOk);
  if (req.tstampOk) {
    child.tsRecent = req.tsRecent;
    child.tsRecentStamp = stampSeconds(now);
  }
  child.sackOk = req.sackOk;
  ecnChild(child, req);
  child.wscaleOk = req.wscaleOk;
  if (req.wscaleOk) {
    child.sndWscale = req.sndWscale;
    child.rcvWscale = req.rcvWscale;
  } else child.windowClamp = Math.min(child.windowClamp, 0xffff);
  child.sndWnd = seg.window << child.sndWscale;
  child.maxWindow = child.sndWnd;
  child.mssClamp = req.mss;
  if (req.dst !== undefined) {
    child.advmss = advertisedMss(child, req.dst);
    syncMss(child, req.dst.mtu(now));
  }
  initializeRcvMss(child);
  child.lsndtime = now;
  child.lrcvtime = now;
  child.rcvTstamp = now;
  child.totalRetrans = req.numRetrans;
  if (req.numTimeout > 0) {
    child.totalRto = req.numTimeout;
    child.totalRtoRecoveries = 1;
    child.totalRtoTime = now - req.sntSynack;
    child.hasUndo = true;
    child.retransStamp = req.sntSynack;
  }
  if (child.keepOpen) armKeepalive(child, now + keepaliveTime(child));
  return child;
}

/** What `accept` hands on from the listening socket (Linux `sk_clone`). */
function inherit(child: TcpSock, from: TcpSock): void {
  child.sndbuf = from.sndbuf;
  child.rcvbuf = from.rcvbuf;
  child.userlocks = from.userlocks;
  child.mark = from.mark;
  child.priority = 0; // Linux: sk_clone does not hand it on
  child.localRoute = from.localRoute;
  child.pacingRate = from.pacingRate;
  child.maxPacingRate = from.maxPacingRate;
  child.pacingStatus = from.pacingStatus;
  child.boundDevIf = from.boundDevIf;
  child.reuse = from.reuse;
  child.reusePort = from.reusePort;
  child.keepOpen = from.keepOpen;
  child.linger = from.linger;
  child.rcvlowat = from.rcvlowat;
  child.zerocopy = from.zerocopy;
  child.timestamp = from.timestamp;
  if (from.timestamping !== undefined) child.timestamping = { ...from.timestamping };
  child.oobInline = from.oobInline;
  child.recvmsgInq = from.recvmsgInq;
  child.nonagle = from.nonagle;
  child.userMss = from.userMss;
  child.notsentLowat = from.notsentLowat;
  child.keepaliveTime = from.keepaliveTime;
  child.keepaliveIntvl = from.keepaliveIntvl;
  child.keepaliveProbes = from.keepaliveProbes;
  child.synRetries = from.synRetries;
  child.linger2 = from.linger2;
  child.userTimeout = from.userTimeout;
  child.rtoMaxUs = from.rtoMaxUs;
  child.thinLto = from.thinLto;
  child.caSetsockopt = from.caSetsockopt;
  child.pingpong = from.pingpong;
  child.scalingRatio = from.scalingRatio;
  copyInet(child.family, child.inet, from.inet);
}

/** Options of IP that a connection has from its listener. */
export function copyInet(family: Family<unknown>, to: Inet, from: Inet): void {
  to.tos = from.tos;
  to.minttl = from.minttl;
  to.recverr = from.recverr;
  to.pmtudisc = from.pmtudisc;
  family.inherit?.(from, to);
}

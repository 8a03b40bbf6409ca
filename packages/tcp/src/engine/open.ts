/**
 * Active open, `listen` and `accept`: RFC 9293 §3.10.1, and SYN-SENT of §3.10.7.3.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, RST, SYN } from '../flags.ts';
import { SAW_MSS, SAW_SACK_PERM, SAW_TIMESTAMPS, SAW_WSCALE } from '../option-scan.ts';
import { DELACK_MAX, delayAck, enterQuickAck, inPingpong, TCP_MAX_QUICKACKS } from './ack.ts';
import { FLAG_SLOWPATH } from './ack-flags.ts';
import { processAck } from './acked.ts';
import { bindForListen, hashConnect } from './bind.ts';
import { CB_FLAGS } from './cb.ts';
import { resetReceived, stateChanged } from './close.ts';
import { chooseCongestion } from './congestion.ts';
import { updatePacingRate } from './cwnd.ts';
import { charge } from './memory.ts';
import { shiftAccepted } from './minisocks.ts';
import {
  advertisedMss,
  headerLengthFor,
  initialCwnd,
  initializeRcvMss,
  syncMss,
  TCP_MSS_DEFAULT,
} from './mss.ts';
import { pawsReject, storeTsRecent } from './paws.ts';
import { type Dst, type Errno, OK } from './ports.ts';
import { initRcvSpace } from './rcvbuf.ts';
import { TCP_TIMEOUT_FALLBACK, TCP_TIMEOUT_INIT } from './rtt.ts';
import type { Segment } from './segment.ts';
import { newSendSkb, purgeSendQueues, setTsoSegs } from './send-queue.ts';
import { expandSndbuf } from './sndbuf.ts';
import { CLOSE, ESTABLISHED, LISTEN, SYN_RECV, SYN_SENT, setState } from './state.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock, TIMER_RETRANS } from './tcb.ts';
import { armKeepalive, armRtx, keepaliveTime } from './timer.ts';
import { sendAck, transmitSkb, tsClock } from './transmit.ts';
import { undoSpuriousSyn } from './undo.ts';
import {
  fullSpace,
  type InitialWindow,
  initBufferSpace,
  selectInitialWindow,
  TCP_MAX_WSCALE,
} from './window.ts';

const initial: InitialWindow = { window: 0, clamp: 0, wscale: 0 };

/** See {@link Tcp.connect}. */
export function connectSocket(now: number, sk: TcpSock, address: unknown, port: number): Errno {
  const { family, tcp } = sk;
  if (sk.state === SYN_SENT || sk.state === SYN_RECV) return 'EALREADY';
  if (sk.state !== CLOSE) return 'EISCONN';
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) return 'EINVAL';
  const { flow } = tcp;
  flow.daddr = address;
  flow.saddr = sk.saddr;
  flow.oif = sk.boundDevIf;
  flow.tos = sk.inet.tos;
  flow.mark = sk.mark;
  flow.sport = sk.bindBucket === undefined ? 0 : sk.sport;
  flow.dport = port;
  flow.dontroute = sk.localRoute;
  const dst = family.route(now, flow, sk.inet);
  if (typeof dst === 'string') return dst;
  // MUST-46: nobody connects to a group.
  if (family.isMulticast(flow.daddr) || family.isBroadcast(flow.daddr)) return 'ENETUNREACH';
  const saved = sk.saddr;
  const savedRcv = sk.rcvSaddr;
  if (family.same(sk.saddr, family.any)) sk.saddr = flow.saddr;
  if (family.same(sk.rcvSaddr, family.any)) sk.rcvSaddr = flow.saddr;
  if (sk.tsRecentStamp !== 0 && !family.same(sk.daddr, flow.daddr)) {
    sk.tsRecent = 0;
    sk.tsRecentStamp = 0;
    sk.writeSeq = 0;
  }
  sk.daddr = flow.daddr;
  sk.dport = port;
  setState(sk, SYN_SENT);
  const unbound = sk.bindBucket === undefined;
  if (unbound) sk.sport = 0;
  const error = hashConnect(now, sk);
  if (error !== undefined) {
    setState(sk, CLOSE);
    sk.saddr = saved;
    sk.rcvSaddr = savedRcv;
    sk.daddr = family.any;
    sk.dport = 0;
    return error;
  }
  sk.dst = dst;
  const local = family.hash(sk.saddr);
  const remote = family.hash(sk.daddr);
  if (sk.writeSeq === 0) sk.writeSeq = tcp.secure.seq(now, local, remote, sk.sport, sk.dport);
  sk.tsoffset = tcp.sysctl.tcp_timestamps === 1 ? tcp.secure.tsOffset(local, remote) : 0;
  return sendSyn(now, sk, dst);
}

/** Initializes both sequence spaces and sends the SYN (Linux `tcp_connect`). */
function sendSyn(now: number, sk: TcpSock, dst: Dst): Errno {
  const { tcp } = sk;
  prepare(now, sk, dst);
  const skb = newSendSkb(sk, sk.writeSeq, SYN);
  if (skb === undefined) {
    setState(sk, CLOSE);
    return 'ENOBUFS';
  }
  setTsoSegs(skb, sk.mssCache);
  sk.retransStamp = now === 0 ? 1 : now;
  sk.wmemQueued += skb.truesize;
  charge(sk, skb.truesize);
  sk.rtxQueue.push(skb);
  sk.writeSeq = (sk.writeSeq + 1) | 0;
  sk.packetsOut = 1;
  skb.tstamp = now;
  transmitSkb(now, sk, skb);
  // After the transmission, so that it counts as an original one.
  sk.sndNxt = sk.writeSeq;
  sk.pushedSeq = sk.writeSeq;
  tcp.mib.Tcp.ActiveOpens++;
  armRtx(sk, TIMER_RETRANS, now + sk.rto);
  return 'EINPROGRESS';
}

function prepare(now: number, sk: TcpSock, dst: Dst): void {
  const { sysctl } = sk.tcp;
  sk.tcpHeaderLen = headerLengthFor(sysctl.tcp_timestamps !== 0);
  sk.mssClamp = sk.userMss !== 0 ? sk.userMss : TCP_MSS_DEFAULT;
  sk.maxWindow = 0;
  syncMss(sk, dst.mtu(now));
  sk.windowClamp = sk.clampOption !== 0 ? sk.clampOption : dst.metrics.window;
  sk.advmss = advertisedMss(sk, dst);
  const space = fullSpace(sk);
  if ((sk.userlocks & 2) !== 0 && (sk.windowClamp > space || sk.windowClamp === 0)) sk.windowClamp = space;
  const mss = sk.advmss - (sk.tsRecentStamp !== 0 ? sk.tcpHeaderLen - 20 : 0);
  const { initrwnd } = dst.metrics;
  selectInitialWindow(sk.tcp, space, mss, sk.windowClamp, sysctl.tcp_window_scaling !== 0, initrwnd, initial);
  sk.rcvWnd = initial.window;
  sk.windowClamp = initial.clamp;
  sk.rcvWscale = initial.wscale;
  sk.rcvSsthresh = sk.rcvWnd;
  initializeRcvMss(sk);
  sk.err = '';
  sk.sndWnd = 0;
  sk.sndWl1 = 0;
  purgeSendQueues(sk);
  sk.iss = sk.writeSeq;
  sk.sndUna = sk.writeSeq;
  sk.sndSml = sk.writeSeq;
  sk.sndUp = sk.writeSeq;
  sk.sndNxt = sk.writeSeq;
  sk.rcvNxt = 0;
  sk.rcvWup = 0;
  sk.copiedSeq = 0;
  sk.rto = TCP_TIMEOUT_INIT;
  sk.retransmits = 0;
  sk.hasUndo = false;
  sk.undoRetrans = -1;
  sk.wscaleOk = false;
  sk.tstampOk = false;
  sk.sackOk = false;
  sk.numSacks = 0;
  sk.dsack = false;
  sk.sndWscale = 0;
}

/** See {@link Tcp.listen}. */
export function listenSocket(_now: number, sk: TcpSock, backlog: number): Errno | undefined {
  const { tcp } = sk;
  if (sk.state !== CLOSE && sk.state !== LISTEN) return 'EINVAL';
  const { somaxconn } = tcp.core;
  const limit = backlog < 0 || backlog > somaxconn ? somaxconn : Math.trunc(backlog);
  if (sk.state === LISTEN && sk.listener !== undefined) {
    sk.listener.backlog = limit;
    return undefined;
  }
  const error = bindForListen(sk);
  if (error !== undefined) return error;
  setState(sk, LISTEN);
  sk.listener = {
    backlog: limit,
    acceptFirst: undefined,
    acceptLast: undefined,
    acceptLength: 0,
    requests: new Set(),
    young: 0,
  };
  sk.dport = 0;
  sk.dst = undefined;
  tcp.tables.listen(sk);
  return undefined;
}

/** See {@link Tcp.accept}. */
export function acceptSocket(sk: TcpSock): TcpSock | Errno {
  if (sk.state !== LISTEN || sk.listener === undefined) return 'EINVAL';
  return shiftAccepted(sk.listener) ?? 'EAGAIN';
}

/** {@link synSent}: the packet is dealt with. */
const SYN_CONSUMED = 0;
/** Dealt with, but what it carries beyond the handshake is not. */
export const SYN_MORE = 1;

/**
 * A segment in SYN-SENT (RFC 9293 §3.10.7.3). `SYN_CONSUMED`, `SYN_MORE`, or the reason to drop it for; with `tcp.resetDue` set the sender
 * gets a RST. The packet stays the caller's.
 */
export function synSent(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): number | string {
  const { tcp } = sk;
  const { options } = seg;
  seg.readOptions(skb);
  sk.sawTstamp = false;
  const timestamps = (options.saw & SAW_TIMESTAMPS) !== 0 && tcp.sysctl.tcp_timestamps !== 0;
  if (timestamps) seg.takeTimestamps(sk);
  if ((seg.flags & ACK) !== 0) {
    // "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set)".
    if (((seg.ackSeq - sk.sndUna) | 0) <= 0 || ((seg.ackSeq - sk.sndNxt) | 0) > 0) {
      if (sk.retransmits === 0) armRtx(sk, TIMER_RETRANS, now + 2000);
      tcp.resetDue = true;
      return 'TCP_INVALID_ACK_SEQUENCE';
    }
    if (timestamps && sk.rcvTsecr !== 0 && !echoesUs(now, sk)) {
      tcp.mib.TcpExt.PAWSActive++;
      tcp.resetDue = true;
      return 'TCP_RFC7323_PAWS';
    }
    if ((seg.flags & RST) !== 0) {
      resetReceived(now, sk);
      return SYN_CONSUMED;
    }
    if ((seg.flags & SYN) === 0) return 'TCP_FLAGS';
    takeSynOptions(sk, seg);
    establish(now, sk, seg, timestamps);
    return finishHandshake(now, sk);
  }
  if ((seg.flags & RST) !== 0) return 'TCP_RESET';
  if (
    sk.tsRecentStamp !== 0 &&
    timestamps &&
    pawsReject(now, sk.tsRecent, sk.tsRecentStamp, sk.rcvTsval, false)
  ) {
    return 'TCP_RFC7323_PAWS';
  }
  if ((seg.flags & SYN) === 0) return 'TCP_FLAGS';
  crossedSyn(now, sk, seg, timestamps);
  return SYN_CONSUMED;
}

/** The echoed timestamp lies between our first SYN and now. */
function echoesUs(now: number, sk: TcpSock): boolean {
  const first = tsClock(sk.retransStamp);
  return (sk.rcvTsecr - first) >>> 0 <= (tsClock(now) - first) >>> 0;
}

function takeSynOptions(sk: TcpSock, seg: Segment): void {
  const { options } = seg;
  let mss = (options.saw & SAW_MSS) !== 0 && options.mss !== 0 ? options.mss : TCP_MSS_DEFAULT;
  if (sk.userMss !== 0 && sk.userMss < mss) mss = sk.userMss;
  sk.mssClamp = mss;
  sk.wscaleOk = (options.saw & SAW_WSCALE) !== 0 && sk.tcp.sysctl.tcp_window_scaling !== 0;
  sk.sndWscale = sk.wscaleOk ? Math.min(options.wscale, TCP_MAX_WSCALE) : 0;
  sk.sackOk = (options.saw & SAW_SACK_PERM) !== 0 && sk.tcp.sysctl.tcp_sack !== 0;
}

/** Our SYN is acknowledged, and the peer's is here. */
function establish(now: number, sk: TcpSock, seg: Segment, timestamps: boolean): void {
  sk.sndWl1 = seg.seq;
  undoSpuriousSyn(sk);
  processAck(now, sk, seg, FLAG_SLOWPATH);
  sk.irs = seg.seq;
  sk.rcvNxt = (seg.seq + 1) | 0;
  sk.rcvWup = sk.rcvNxt;
  sk.sndWnd = seg.window; // never scaled in a SYN
  if (!sk.wscaleOk) {
    sk.rcvWscale = 0;
    sk.windowClamp = Math.min(sk.windowClamp, 0xffff);
  }
  useTimestamps(now, sk, timestamps);
  syncMss(sk, sk.pmtuCookie);
  initializeRcvMss(sk);
  sk.copiedSeq = sk.rcvNxt;
}

function useTimestamps(now: number, sk: TcpSock, timestamps: boolean): void {
  sk.tstampOk = timestamps;
  sk.tcpHeaderLen = headerLengthFor(timestamps);
  if (!timestamps) return;
  sk.advmss -= sk.tcpHeaderLen - 20;
  storeTsRecent(now, sk);
}

/** Into ESTABLISHED, and the third segment of the handshake, which may wait for data to go with. */
function finishHandshake(now: number, sk: TcpSock): number {
  setState(sk, ESTABLISHED);
  sk.lrcvtime = now;
  initTransfer(now, sk);
  sk.lsndtime = now;
  if (sk.keepOpen) armKeepalive(sk, now + keepaliveTime(sk));
  if (!sk.orphaned) stateChanged(sk);
  if (sk.writePending || sk.deferAccept !== 0 || inPingpong(sk)) {
    enterQuickAck(sk, TCP_MAX_QUICKACKS);
    delayAck(now, sk, DELACK_MAX);
    return SYN_CONSUMED;
  }
  sendAck(now, sk);
  return SYN_MORE;
}

/** A simultaneous open (RFC 9293 §3.5 figure 7): answer the SYN that crossed ours. */
function crossedSyn(now: number, sk: TcpSock, seg: Segment, timestamps: boolean): void {
  takeSynOptions(sk, seg);
  setState(sk, SYN_RECV);
  sk.tstampOk = timestamps;
  sk.tcpHeaderLen = headerLengthFor(timestamps);
  if (timestamps) storeTsRecent(now, sk);
  if (!sk.wscaleOk) {
    sk.rcvWscale = 0;
    sk.windowClamp = Math.min(sk.windowClamp, 0xffff);
  }
  sk.irs = seg.seq;
  sk.rcvNxt = (seg.seq + 1) | 0;
  sk.copiedSeq = sk.rcvNxt;
  sk.rcvWup = sk.rcvNxt;
  sk.sndWnd = seg.window;
  sk.sndWl1 = seg.seq;
  sk.maxWindow = sk.sndWnd;
  syncMss(sk, sk.pmtuCookie);
  initializeRcvMss(sk);
  sendCrossedSynack(now, sk);
}

/** Turns the SYN in the retransmit queue into a SYN-ACK and sends it. */
function sendCrossedSynack(now: number, sk: TcpSock): void {
  const skb = sk.rtxQueue.first;
  if (skb === undefined) return;
  skb.cb[CB_FLAGS] = SYN | ACK;
  if (transmitSkb(now, sk, skb) !== OK) return;
  armRtx(sk, TIMER_RETRANS, now + sk.rto);
}

/** At the start of data transfer: windows and buffers (Linux `tcp_init_transfer`). */
export function initTransfer(now: number, sk: TcpSock): void {
  if (sk.srtt === 0) {
    // RFC 6298 (5.7): nothing was measured, as the SYN was retransmitted.
    sk.rttvar = TCP_TIMEOUT_FALLBACK;
    sk.mdev = TCP_TIMEOUT_FALLBACK;
    sk.mdevMax = TCP_TIMEOUT_FALLBACK;
    sk.rto = TCP_TIMEOUT_FALLBACK;
  }
  // RFC 5681 §3.1: one segment after a SYN that was lost more than once. The threshold says nothing of the path yet.
  sk.sndCwnd = sk.totalRetrans > 1 && sk.hasUndo ? 1 : initialCwnd(sk);
  sk.sndCwndStamp = now;
  sk.sndSsthresh = TCP_INFINITE_SSTHRESH;
  chooseCongestion(now, sk);
  if ((sk.userlocks & 1) === 0) expandSndbuf(sk);
  initBufferSpace(sk);
  initRcvSpace(now, sk);
  updatePacingRate(sk);
}

/**
 * Active open, `listen` and `accept`: RFC 9293 §3.10.1.
 * @module
 */
import { shiftAccepted } from './accept-queue.ts';
import { beginAuth, mayConnect } from './auth-open.ts';
import { bindForListen, hashConnect } from './bind.ts';
import { seqOf } from './cb.ts';
import { routeCongestion } from './congestion.ts';
import { ecnSyn } from './ecn.ts';
import { defersConnect, sendSynData } from './fastopen-client.ts';
import { tuneQueue } from './fastopen-queue.ts';
import { charge } from './memory.ts';
import { advertisedMss, headerLengthFor, initializeRcvMss, syncMss, TCP_MSS_DEFAULT } from './mss.ts';
import type { Dst, Errno } from './ports.ts';
import { connectSilently, isRepairing } from './repair.ts';
import { TCP_TIMEOUT_INIT } from './rtt.ts';
import { newSendSkb, purgeSendQueues, setTsoSegs } from './send-queue.ts';
import { CLOSE, LISTEN, SYN_RECV, SYN_SENT, setState } from './state.ts';
import { TFO_SERVER_ENABLE, TFO_SERVER_WO_SOCKOPT1 } from './sysctl.ts';
import type { TcpSock } from './tcb.ts';
import { TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';
import { transmitSkb } from './transmit.ts';
import { fullSpace, type InitialWindow, selectInitialWindow } from './window.ts';

const initial: InitialWindow = { window: 0, clamp: 0, wscale: 0 };

/** See {@link Tcp.connect}. */
export function connectSocket(now: number, sk: TcpSock, address: unknown, port: number): Errno | undefined {
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
  const rejected = sk.auth === undefined ? undefined : mayConnect(sk, sk.auth, flow.daddr);
  if (rejected !== undefined) return rejected;
  const saved = sk.saddr;
  const savedRcv = sk.rcvSaddr;
  if (family.same(sk.saddr, family.any)) sk.saddr = flow.saddr;
  if (family.same(sk.rcvSaddr, family.any)) sk.rcvSaddr = flow.saddr;
  if (sk.tsRecentStamp !== 0 && !family.same(sk.daddr, flow.daddr)) {
    sk.tsRecent = 0;
    sk.tsRecentStamp = 0;
    if (!isRepairing(sk)) sk.writeSeq = 0;
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
  if (isRepairing(sk)) {
    prepare(now, sk, dst);
    connectSilently(now, sk);
    return undefined;
  }
  const local = family.hash(sk.saddr);
  const remote = family.hash(sk.daddr);
  if (sk.writeSeq === 0) sk.writeSeq = tcp.secure.seq(now, local, remote, sk.sport, sk.dport);
  sk.tsoffset = tcp.sysctl.tcp_timestamps === 1 ? tcp.secure.tsOffset(local, remote) : 0;
  return defersConnect(now, sk) ? undefined : sendSyn(now, sk, dst);
}

/** Initializes both sequence spaces and sends the SYN, of fast open too (Linux `tcp_connect`). */
export function sendSyn(now: number, sk: TcpSock, dst: Dst): Errno {
  const { tcp } = sk;
  prepare(now, sk, dst);
  const skb = newSendSkb(sk, sk.writeSeq, ecnSyn(sk));
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
  const request = sk.fastopenReq;
  if (request === undefined) transmitSkb(now, sk, skb);
  else {
    sendSynData(now, sk, skb, request);
    sk.fastopenReq = undefined;
  }
  // After the transmission, so that it counts as an original one. Data that could not go with it waits.
  const unsent = sk.writeQueue.first;
  sk.sndNxt = unsent === undefined ? sk.writeSeq : seqOf(unsent);
  sk.pushedSeq = sk.sndNxt;
  tcp.mib.Tcp.ActiveOpens++;
  armRtx(sk, TIMER_RETRANS, now + sk.rto);
  return 'EINPROGRESS';
}

function prepare(now: number, sk: TcpSock, dst: Dst): void {
  const { sysctl } = sk.tcp;
  if (sk.auth !== undefined) beginAuth(sk, sk.auth);
  sk.tcpHeaderLen = headerLengthFor(sk, sysctl.tcp_timestamps !== 0);
  sk.mssClamp = sk.userMss !== 0 ? sk.userMss : TCP_MSS_DEFAULT;
  sk.maxWindow = 0;
  syncMss(sk, dst.mtu(now));
  sk.windowClamp = sk.clampOption !== 0 ? sk.clampOption : dst.metrics.window;
  sk.advmss = advertisedMss(sk, dst);
  routeCongestion(sk, dst);
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
  if (isRepairing(sk)) sk.rcvTstamp = now;
  else sk.rcvNxt = 0;
  sk.rcvWup = sk.rcvNxt;
  sk.copiedSeq = sk.rcvNxt;
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
  const everyone = TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1;
  if ((tcp.sysctl.tcp_fastopen & everyone) === everyone && (sk.fastopenq?.maxLength ?? 0) === 0) {
    tuneQueue(sk, limit);
  }
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

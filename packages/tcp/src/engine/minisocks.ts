/**
 * Passive open: SYN-RECEIVED as a small request at its listener until the handshake is complete, then a socket that waits for `accept`
 * (Linux tcp_minisocks.c, inet_connection_sock.c). RFC 9293 §3.10.7.2, §3.10.7.4.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SAW_MSS, SAW_SACK_PERM, SAW_TIMESTAMPS, SAW_WSCALE } from '../option-scan.ts';
import { ECN_MASK } from './accecn.ts';
import { acceptQueueFull, pushAccepted, shiftAccepted, wakeListener } from './accept-queue.ts';
import { isSigned } from './auth-open.ts';
import { copyInet } from './child.ts';
import { destroySocket, disconnectSocket, orphanChild } from './close.ts';
import { doubled } from './doubled.ts';
import { ecnRequested } from './ecn.ts';
import { tryFastopen } from './fastopen-server.ts';
import { TCP_MSS_DEFAULT } from './mss.ts';
import type { Dst, Errno, Family } from './ports.ts';
import { replyRequestReset, replyReset, sendSynack } from './reply.ts';
import { RequestSock, type SynVerdict } from './request.ts';
import { TCP_TIMEOUT_INIT } from './rtt.ts';
import type { Segment } from './segment.ts';
import { LISTEN } from './state.ts';
import { cookieTimestamp } from './syn-cookie.ts';
import { cookieIsn, synFloodAction } from './syn-cookie-ack.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import { tsClock } from './transmit.ts';
import { fullSpace, type InitialWindow, selectInitialWindow, TCP_MAX_WSCALE } from './window.ts';

const initial: InitialWindow = { window: 0, clamp: 0, wscale: 0 };

/**
 * A SYN for a listener (Linux `tcp_conn_request`). The packet stays the caller's. `isn` is the number to begin with where TIME-WAIT
 * gave it, 0 = any. The reason where it was dropped.
 */
export function connRequest(
  now: number,
  sk: TcpSock,
  skb: SkBuff,
  seg: Segment,
  isn: number,
): string | undefined {
  const { family, tcp } = sk;
  const extra = sk.listener as ListenerExtra;
  const { TcpExt } = tcp.mib;
  if (isGroup(family, family.saddr(skb)) || isGroup(family, family.daddr(skb))) return listenDrop(sk); // MUST-63, MUST-57
  const { tcp_max_syn_backlog: most, tcp_syncookies, tcp_timestamps } = tcp.sysctl;
  const overflows = isn === 0 && (tcp_syncookies === 2 || extra.requests.size > extra.backlog);
  if (overflows && !synFloodAction(sk)) return listenDrop(sk);
  if (acceptQueueFull(extra)) {
    TcpExt.ListenOverflows++;
    return listenDrop(sk);
  }
  const req = new RequestSock(sk);
  fill(now, req, skb, seg);
  const dst = routeRequest(now, req);
  if (typeof dst === 'string') return listenDrop(sk);
  req.dst = dst;
  // Without SYN cookies the last quarter is for peers known from before.
  const scarce = tcp_syncookies === 0 && most - extra.requests.size < most >> 2;
  if (isn === 0 && scarce && !isProven(now, req)) return listenDrop(sk);
  const { secure } = tcp;
  const local = family.hash(req.saddr);
  const remote = family.hash(req.daddr);
  if (overflows) req.sntIsn = cookieIsn(now, req, local, remote);
  else req.sntIsn = isn !== 0 ? isn : secure.seq(now, local, remote, req.sport, req.dport);
  // Linux: SACK is worth more, and beside a signature there is no room for both. A cookie has all it knows in the timestamp.
  if (req.sackOk && !overflows && isSigned(req)) req.tstampOk = false;
  if (req.tstampOk && tcp_timestamps === 1) req.tsoffset = secure.tsOffset(local, remote);
  ecnRequested(req, skb, seg, dst);
  if (overflows && !req.tstampOk) forgetOptions(req);
  const { userMss } = sk;
  const advmss = userMss !== 0 ? Math.min(userMss, dst.advmss) : dst.advmss;
  openWindow(req, advmss - (req.tstampOk ? 12 : 0));
  return judge(now, req, skb, seg, overflows);
}

/** Where the answers to a request go; `req.saddr` and `req.daddr` are set. */
export function routeRequest(now: number, req: RequestSock): Dst | Errno {
  const { family, listener } = req;
  const { flow } = listener.tcp;
  flow.daddr = req.daddr;
  flow.saddr = req.saddr;
  flow.oif = req.boundDevIf;
  flow.tos = listener.inet.tos;
  flow.mark = listener.mark;
  flow.sport = req.sport;
  flow.dport = req.dport;
  flow.dontroute = listener.localRoute;
  return family.route(now, flow, req.inet);
}

/** A cookie can tell these in a timestamp alone. */
function forgetOptions(req: RequestSock): void {
  req.wscaleOk = false;
  req.sackOk = false;
  req.ecnOk = false;
  req.accecn = -1;
}

/** Whether there was a connection with that peer lately. */
function isProven(now: number, { daddr, dst, family, listener, saddr }: RequestSock): boolean {
  const known = listener.tcp.metrics.find(now, family, saddr, daddr, dst?.metrics);
  return known !== undefined && known.rtt !== 0;
}

/** Not an address of one host. */
function isGroup(family: Family<unknown>, address: unknown): boolean {
  return family.isMulticast(address) || family.isBroadcast(address);
}

export function listenDrop(sk: TcpSock): string {
  sk.drops++;
  sk.tcp.mib.TcpExt.ListenDrops++;
  return 'NOT_SPECIFIED';
}

/** Takes over what the SYN says. */
function fill(now: number, req: RequestSock, skb: SkBuff, seg: Segment): void {
  const sk = req.listener;
  const { sysctl } = sk.tcp;
  seg.readOptions(skb);
  const { options } = seg;
  req.takeAddresses(skb, seg);
  req.rcvIsn = seg.seq;
  req.rcvNxt = (seg.seq + 1) | 0;
  req.tos = skb.tos;
  takeNetworkOptions(req, skb);
  let mss = (options.saw & SAW_MSS) !== 0 && options.mss !== 0 ? options.mss : TCP_MSS_DEFAULT;
  if (sk.userMss !== 0 && sk.userMss < mss) mss = sk.userMss;
  req.mss = mss;
  if ((options.saw & SAW_WSCALE) !== 0 && sysctl.tcp_window_scaling !== 0) {
    req.wscaleOk = true;
    req.sndWscale = Math.min(options.wscale, TCP_MAX_WSCALE);
  }
  if ((options.saw & SAW_TIMESTAMPS) !== 0 && sysctl.tcp_timestamps !== 0) {
    req.tstampOk = true;
    req.tsRecent = options.tsval;
  }
  req.sackOk = (options.saw & SAW_SACK_PERM) !== 0 && sysctl.tcp_sack !== 0;
  req.timeout = TCP_TIMEOUT_INIT;
  req.sntSynack = now;
  req.takeAo(skb);
}

/** What answers carry in the network header: as the listener has it, but the options are the SYN's, and with `tcp_reflect_tos` the DSCP (RFC 9293 §3.9.2.1). */
export function takeNetworkOptions(req: RequestSock, skb: SkBuff): void {
  const { family, listener, tos } = req;
  const reflects = listener.tcp.sysctl.tcp_reflect_tos !== 0;
  req.options = family.answerOptions?.(skb);
  if (!reflects && req.options === undefined && !listener.inet.optionsLength) return;
  const inet = family.inet();
  copyInet(family, inet, listener.inet);
  if (reflects) inet.tos = (tos & ~ECN_MASK) | (inet.tos & ECN_MASK);
  if (req.options !== undefined) family.setOptions?.(inet, req.options);
  req.inet = inet;
}

/** The window to offer in the SYN-ACK, in segments of `mss` bytes (Linux `tcp_openreq_init_rwin`). */
export function openWindow(req: RequestSock, mss: number): void {
  const sk = req.listener;
  const dst = req.dst as NonNullable<RequestSock['dst']>;
  const space = fullSpace(sk);
  let clamp = sk.clampOption !== 0 ? sk.clampOption : dst.metrics.window;
  if ((sk.userlocks & 2) !== 0 && (clamp > space || clamp === 0)) clamp = space;
  selectInitialWindow(sk.tcp, space, mss, clamp, req.wscaleOk, dst.metrics.initrwnd, initial);
  req.rsksRcvWnd = initial.window;
  req.windowClamp = initial.clamp;
  req.rcvWscale = initial.wscale;
}

/** Asks the application, where it wants to be asked, and answers: with a cookie where nothing can be kept, nor put off. */
function judge(
  now: number,
  req: RequestSock,
  skb: SkBuff,
  seg: Segment,
  cookie: boolean,
): string | undefined {
  const sk = req.listener;
  const verdict = sk.synFilter === undefined ? 'accept' : sk.synFilter(req);
  if (verdict === 'drop') return 'NOT_SPECIFIED';
  if (verdict === 'reset') {
    replyReset(now, sk.tcp, sk.family, skb, seg, sk);
    return 'NOT_SPECIFIED';
  }
  if (cookie) {
    if (verdict === 'defer') return listenDrop(sk);
    sendSynack(now, req, cookieTimestamp(tsClock(now), req, req.ecnOk || req.accecn >= 0));
    return undefined;
  }
  const child = verdict === 'accept' ? tryFastopen(now, req, skb, seg) : undefined;
  if (child !== undefined) {
    sendSynack(now, req);
    takeIn(sk, child);
    wakeListener(sk);
    return undefined;
  }
  enqueue(req);
  if (verdict === 'defer') req.deferred = true;
  else answer(now, req);
  return undefined;
}

/** Puts a child where segments find it, and behind those that wait for `accept`. */
export function takeIn(sk: TcpSock, child: TcpSock): void {
  const { tables } = sk.tcp;
  tables.insert(child);
  if (sk.bindBucket !== undefined) tables.hold(child, sk.bindBucket.port, false);
  pushAccepted(sk.listener as ListenerExtra, child);
}

function enqueue(req: RequestSock): void {
  const { listener } = req;
  const extra = listener.listener as ListenerExtra;
  extra.requests.add(req);
  extra.young++;
  listener.tcp.tables.insert(req);
  req.timer = listener.tcp.timers.timer(requestTimeout, req);
}

function answer(now: number, req: RequestSock): void {
  req.deferred = false;
  req.sntSynack = now;
  req.tsFirst = tsClock(now);
  req.timer?.mod(now + req.timeout);
  sendSynack(now, req);
}

/** See {@link RequestSock.accept}. */
export function decideDeferred(now: number, req: RequestSock, verdict: SynVerdict): void {
  if (!req.deferred || !req.hashed) return;
  if (verdict === 'accept') {
    answer(now, req);
    return;
  }
  if (verdict === 'reset') replyRequestReset(now, req);
  dropRequest(req);
}

/** Forgets a request. */
export function dropRequest(req: RequestSock): void {
  if (!req.hashed) return;
  const { listener } = req;
  const extra = listener.listener;
  listener.tcp.tables.remove(req);
  req.timer?.del();
  req.deferred = false;
  if (extra === undefined || !extra.requests.delete(req)) return;
  if (req.numTimeout === 0) extra.young--;
}

/** No ACK came for the SYN-ACK: send it again, or give up (Linux `reqsk_timer_handler`). */
function requestTimeout(now: number, req: RequestSock): void {
  const sk = req.listener;
  const extra = sk.listener;
  if (sk.state !== LISTEN || extra === undefined) {
    dropRequest(req);
    return;
  }
  const most = synackRetries(sk, extra);
  const { deferAccept } = sk;
  const patience = !req.acked || req.numTimeout >= deferAccept;
  const expired = req.numTimeout >= most && (deferAccept === 0 || patience);
  const resend = deferAccept === 0 || !req.acked || req.numTimeout >= deferAccept - 1;
  if (expired || (resend && !resendSynack(now, req) && !req.acked)) {
    dropRequest(req);
    return;
  }
  if (req.numTimeout++ === 0) extra.young--;
  req.timer?.mod(now + requestBackoff(req));
}

/** Retries of a SYN-ACK: fewer where the queue is half full of old requests, so that young ones get their chance. */
function synackRetries(sk: TcpSock, extra: ListenerExtra): number {
  let most = sk.synRetries !== 0 ? sk.synRetries : sk.tcp.sysctl.tcp_synack_retries;
  const length = extra.requests.size;
  if (length * 2 <= Math.max(8, extra.backlog)) return most;
  for (let young = extra.young * 2; most > 2 && length >= young; young *= 2) most--;
  return most;
}

export function requestBackoff(req: RequestSock): number {
  return doubled(req.timeout, req.numTimeout, req.listener.tcp.sysctl.tcp_rto_max_ms * 1000);
}

export function resendSynack(now: number, req: RequestSock): boolean {
  req.cookie = undefined;
  req.accecnOption = false;
  if (!sendSynack(now, req)) return false;
  const { mib } = req.listener.tcp;
  mib.Tcp.RetransSegs++;
  mib.TcpExt.TCPSynRetrans++;
  req.numRetrans++;
  if (req.child !== undefined) req.child.totalRetrans++;
  return true;
}

/** A listener closed: requests are forgotten, connections that nobody accepted are reset (Linux `inet_csk_listen_stop`). */
export function stopListening(now: number, sk: TcpSock): void {
  const extra = sk.listener;
  if (extra === undefined) return;
  for (const req of extra.requests) dropRequest(req);
  sk.listener = undefined;
  for (let child = shiftAccepted(extra); child !== undefined; child = shiftAccepted(extra)) {
    disconnectSocket(now, child);
    orphanChild(child);
    destroySocket(now, child);
  }
}

/**
 * Passive open: SYN-RECEIVED as a small request at its listener until the handshake is complete, then a socket that waits for `accept`
 * (Linux tcp_minisocks.c, inet_connection_sock.c). RFC 9293 §3.10.7.2, §3.10.7.4.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { POLLIN } from '@stack/skbuff/sock';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { SAW_MSS, SAW_SACK_PERM, SAW_TIMESTAMPS, SAW_WSCALE } from '../option-scan.ts';
import { oowRateLimited } from './challenge.ts';
import { createChild } from './child.ts';
import { destroySocket, disconnectSocket, orphanChild } from './close.ts';
import { doubled } from './doubled.ts';
import { TCP_MSS_DEFAULT } from './mss.ts';
import { pawsReject, stampSeconds } from './paws.ts';
import type { Family } from './ports.ts';
import { replyRequestAck, replyRequestReset, replyReset, sendSynack } from './reply.ts';
import { RequestSock, type SynVerdict } from './request.ts';
import { TCP_TIMEOUT_INIT } from './rtt.ts';
import type { Segment } from './segment.ts';
import { LISTEN } from './state.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import { inWindow } from './timewait.ts';
import { tsClock } from './transmit.ts';
import { fullSpace, type InitialWindow, selectInitialWindow, TCP_MAX_WSCALE } from './window.ts';

const initial: InitialWindow = { window: 0, clamp: 0, wscale: 0 };

/** Whether no more connections may wait for `accept`; as in Linux one more fits than the backlog says. */
function acceptQueueFull(extra: ListenerExtra): boolean {
  return extra.acceptLength > extra.backlog;
}

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
  if (isn === 0 && extra.requests.size > extra.backlog) {
    TcpExt.TCPReqQFullDrop++; // SYN cookies are for later
    return listenDrop(sk);
  }
  if (acceptQueueFull(extra)) {
    TcpExt.ListenOverflows++;
    return listenDrop(sk);
  }
  const req = new RequestSock(sk);
  fill(now, req, skb, seg, family);
  const { flow } = tcp;
  flow.daddr = req.daddr;
  flow.saddr = req.saddr;
  flow.oif = req.boundDevIf;
  flow.tos = sk.inet.tos;
  flow.mark = sk.mark;
  flow.sport = req.sport;
  flow.dport = req.dport;
  flow.dontroute = sk.localRoute;
  const dst = family.route(now, flow, undefined);
  if (typeof dst === 'string') return listenDrop(sk);
  req.dst = dst;
  const most = tcp.sysctl.tcp_max_syn_backlog;
  // Without cookies the last quarter would be for peers known from before; nobody is.
  if (isn === 0 && most - extra.requests.size < most >> 2) return listenDrop(sk);
  const { secure } = tcp;
  const local = family.hash(req.saddr);
  const remote = family.hash(req.daddr);
  req.sntIsn = isn !== 0 ? isn : secure.seq(now, local, remote, req.sport, req.dport);
  if (req.tstampOk && tcp.sysctl.tcp_timestamps === 1) req.tsoffset = secure.tsOffset(local, remote);
  openWindow(req);
  return judge(now, req, skb, seg);
}

/** Not an address of one host. */
function isGroup(family: Family<unknown>, address: unknown): boolean {
  return family.isMulticast(address) || family.isBroadcast(address);
}

function listenDrop(sk: TcpSock): string {
  sk.drops++;
  sk.tcp.mib.TcpExt.ListenDrops++;
  return 'NOT_SPECIFIED';
}

/** Takes over what the SYN says. */
function fill(now: number, req: RequestSock, skb: SkBuff, seg: Segment, family: Family<unknown>): void {
  const sk = req.listener;
  const { sysctl } = sk.tcp;
  seg.readOptions(skb);
  const { options } = seg;
  req.saddr = family.daddr(skb);
  req.daddr = family.saddr(skb);
  req.sport = seg.dest;
  req.dport = seg.source;
  req.boundDevIf = sk.boundDevIf;
  req.mark = sk.mark;
  req.priority = sk.priority;
  req.rcvIsn = seg.seq;
  req.rcvNxt = (seg.seq + 1) | 0;
  req.tos = skb.tos;
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
}

/** The window to offer in the SYN-ACK (Linux `tcp_openreq_init_rwin`). */
function openWindow(req: RequestSock): void {
  const sk = req.listener;
  const dst = req.dst as NonNullable<RequestSock['dst']>;
  const space = fullSpace(sk);
  let clamp = sk.clampOption !== 0 ? sk.clampOption : dst.metrics.window;
  if ((sk.userlocks & 2) !== 0 && (clamp > space || clamp === 0)) clamp = space;
  const mss = (sk.userMss !== 0 ? Math.min(sk.userMss, dst.advmss) : dst.advmss) - (req.tstampOk ? 12 : 0);
  selectInitialWindow(sk.tcp, space, mss, clamp, req.wscaleOk, dst.metrics.initrwnd, initial);
  req.rsksRcvWnd = initial.window;
  req.windowClamp = initial.clamp;
  req.rcvWscale = initial.wscale;
}

/** Asks the application, where it wants to be asked, and answers. */
function judge(now: number, req: RequestSock, skb: SkBuff, seg: Segment): string | undefined {
  const sk = req.listener;
  const verdict = sk.synFilter === undefined ? 'accept' : sk.synFilter(req);
  if (verdict === 'drop') return 'NOT_SPECIFIED';
  if (verdict === 'reset') {
    replyReset(now, sk.tcp, sk.family, skb, seg, sk);
    return 'NOT_SPECIFIED';
  }
  enqueue(req);
  if (verdict === 'defer') req.deferred = true;
  else answer(now, req);
  return undefined;
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

function requestBackoff(req: RequestSock): number {
  return doubled(req.timeout, req.numTimeout, req.listener.tcp.sysctl.tcp_rto_max_ms * 1000);
}

function resendSynack(now: number, req: RequestSock): boolean {
  if (!sendSynack(now, req)) return false;
  const { mib } = req.listener.tcp;
  mib.Tcp.RetransSegs++;
  mib.TcpExt.TCPSynRetrans++;
  req.numRetrans++;
  return true;
}

/** {@link requestSegment}: it is dealt with. */
export const REQ_DONE = 'done';
/** The listener shall judge the segment: it is none of this request. */
export const REQ_LISTENER = 'listener';

/** A segment for a request (Linux `tcp_check_req`): a socket where it completes the handshake. The packet stays the caller's. */
export function requestSegment(
  now: number,
  req: RequestSock,
  skb: SkBuff,
  seg: Segment,
): TcpSock | typeof REQ_DONE | typeof REQ_LISTENER {
  const sk = req.listener;
  const { tcp } = sk;
  const { TcpExt } = tcp.mib;
  let { flags } = seg;
  if (req.deferred) return REQ_DONE; // the peer retransmits its SYN while the application thinks
  let saw = false;
  let rejected = false;
  let strange = false;
  if (seg.headerLength > 20 && req.tstampOk) {
    seg.readOptions(skb);
    saw = (seg.options.saw & SAW_TIMESTAMPS) !== 0;
    if (saw) {
      const stamp = stampSeconds(now) - Math.floor(requestBackoff(req) / 1_000_000);
      rejected = pawsReject(now, req.tsRecent, stamp, seg.options.tsval, (flags & RST) !== 0);
      strange = seg.options.tsecr !== 0 && !echoesUs(now, req, seg.options.tsecr);
    }
  }
  // A pure retransmission of the SYN.
  if (seg.seq === req.rcvIsn && (flags & (SYN | ACK | RST | FIN)) === SYN && !rejected) {
    if (!oowRateLimited(now, tcp, seg, req, 'TCPACKSkippedSynRecv') && resendSynack(now, req)) {
      req.timer?.mod(now + requestBackoff(req));
    }
    return REQ_DONE;
  }
  if ((flags & ACK) !== 0 && seg.ackSeq !== ((req.sntIsn + 1) | 0)) return REQ_LISTENER;
  const end = (req.rcvNxt + req.synackWindow) | 0;
  if (rejected || strange || !inWindow(seg.seq, seg.endSeq, req.rcvNxt, end)) {
    if ((flags & RST) === 0 && !oowRateLimited(now, tcp, seg, req, 'TCPACKSkippedSynRecv'))
      replyRequestAck(now, req);
    if (rejected) TcpExt.PAWSEstab++;
    else if (strange) TcpExt.TSEcrRejected++;
    return REQ_DONE;
  }
  if (saw && ((seg.seq - req.rcvNxt) | 0) <= 0) req.tsRecent = seg.options.tsval;
  if (seg.seq === req.rcvIsn) flags &= ~SYN; // it is out of the window that begins behind it
  if ((flags & (RST | SYN)) !== 0) {
    tcp.mib.Tcp.AttemptFails++;
    embryonicReset(now, req, skb, seg);
    return REQ_DONE;
  }
  if ((flags & ACK) === 0) return REQ_DONE;
  if (req.numTimeout < sk.deferAccept && seg.endSeq === ((req.rcvIsn + 1) | 0)) {
    req.acked = true;
    TcpExt.TCPDeferAcceptDrop++;
    return REQ_DONE;
  }
  return complete(now, req, skb, seg);
}

function echoesUs(now: number, req: RequestSock, tsecr: number): boolean {
  const echo = (tsecr - req.tsoffset) | 0;
  return (echo - req.tsFirst) >>> 0 <= (tsClock(now) - req.tsFirst) >>> 0;
}

function embryonicReset(now: number, req: RequestSock, skb: SkBuff, seg: Segment): void {
  const { listener } = req;
  if ((seg.flags & RST) === 0) replyReset(now, listener.tcp, listener.family, skb, seg, listener);
  listener.tcp.mib.TcpExt.EmbryonicRsts++;
  dropRequest(req);
}

/** The handshake is complete: a socket, if there is room in the accept queue and memory. */
function complete(now: number, req: RequestSock, skb: SkBuff, seg: Segment): TcpSock | typeof REQ_DONE {
  const sk = req.listener;
  const { tcp } = sk;
  const extra = sk.listener as ListenerExtra;
  if (acceptQueueFull(extra)) {
    tcp.mib.TcpExt.ListenOverflows++;
    listenDrop(sk);
    if (tcp.sysctl.tcp_abort_on_overflow === 0) req.acked = true;
    else embryonicReset(now, req, skb, seg);
    return REQ_DONE;
  }
  tcp.mib.Tcp.PassiveOpens++;
  const child = createChild(now, req, seg);
  const { numTimeout } = req;
  extra.requests.delete(req);
  if (numTimeout === 0) extra.young--;
  req.timer?.del();
  tcp.tables.remove(req);
  tcp.tables.insert(child);
  if (sk.bindBucket !== undefined) tcp.tables.hold(child, sk.bindBucket.port, false);
  if (extra.acceptLast === undefined) extra.acceptFirst = child;
  else extra.acceptLast.acceptNext = child;
  extra.acceptLast = child;
  extra.acceptLength++;
  return child;
}

/** Tells a listener that somebody waits. */
export function wakeListener(sk: TcpSock): void {
  sk.wake?.(sk, POLLIN);
}

/** Takes the oldest child that waits. */
export function shiftAccepted(extra: ListenerExtra): TcpSock | undefined {
  const child = extra.acceptFirst;
  if (child === undefined) return undefined;
  extra.acceptFirst = child.acceptNext;
  if (child.acceptNext === undefined) extra.acceptLast = undefined;
  child.acceptNext = undefined;
  extra.acceptLength--;
  return child;
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
    destroySocket(child);
  }
}

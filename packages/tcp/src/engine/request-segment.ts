/**
 * A segment for a request: RFC 9293 §3.10.7.4 in SYN-RECEIVED, as far as a passive open has no socket yet (Linux tcp_minisocks.c).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { SAW_TIMESTAMPS } from '../option-scan.ts';
import { acceptQueueFull } from './accept-queue.ts';
import { oowRateLimited } from './challenge.ts';
import { createChild } from './child.ts';
import { resetReceived } from './close.ts';
import { leaveQueue } from './fastopen-queue.ts';
import { dropRequest, listenDrop, requestBackoff, resendSynack, takeIn } from './minisocks.ts';
import { pawsReject, stampSeconds } from './paws.ts';
import { replyRequestAck, replyReset } from './reply.ts';
import type { RequestSock } from './request.ts';
import { synackRtt } from './rtt.ts';
import type { Segment } from './segment.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import { inWindow } from './timewait.ts';
import { tsClock } from './transmit.ts';

/** {@link requestSegment}: it is dealt with. */
export const REQ_DONE = 'done';
/** The listener shall judge the segment: it is none of this request. */
export const REQ_LISTENER = 'listener';

/** {@link judge}: it is what the handshake waits for; dealt with; not of this connection; a RST, or a SYN that should not be. */
const PASS = 0;
const ANSWERED = 1;
const FOREIGN = 2;
const REFUSED = 3;

/** A segment for a request (Linux `tcp_check_req`): a socket where it completes the handshake. The packet stays the caller's. */
export function requestSegment(
  now: number,
  req: RequestSock,
  skb: SkBuff,
  seg: Segment,
): TcpSock | typeof REQ_DONE | typeof REQ_LISTENER {
  if (req.deferred) return REQ_DONE; // the peer retransmits its SYN while the application thinks
  const verdict = judge(now, req, skb, seg);
  if (verdict === REFUSED) embryonicReset(now, req, skb, seg);
  if (verdict !== PASS) return verdict === FOREIGN ? REQ_LISTENER : REQ_DONE;
  const sk = req.listener;
  if (req.numTimeout < sk.deferAccept && seg.endSeq === ((req.rcvIsn + 1) | 0)) {
    req.acked = true;
    sk.tcp.mib.TcpExt.TCPDeferAcceptDrop++;
    return REQ_DONE;
  }
  return complete(now, req, skb, seg);
}

/** The same for a socket that a SYN made, before it looks at the segment itself: whether it shall. */
export function fastopenSegment(
  now: number,
  sk: TcpSock,
  req: RequestSock,
  skb: SkBuff,
  seg: Segment,
): boolean {
  const verdict = judge(now, req, skb, seg);
  if (verdict !== REFUSED) return verdict === PASS;
  if ((seg.flags & RST) === 0) replyReset(now, sk.tcp, sk.family, skb, seg, sk);
  else {
    leaveQueue(sk, now);
    resetReceived(now, sk);
  }
  return false;
}

function judge(now: number, req: RequestSock, skb: SkBuff, seg: Segment): number {
  const sk = req.listener;
  const { tcp } = sk;
  const { TcpExt } = tcp.mib;
  let { flags } = seg;
  const isOpen = req.child !== undefined; // then what the segment acknowledges is the child's to judge
  let saw = false;
  let rejected = false;
  let strange = false;
  if (seg.headerLength > 20 && req.tstampOk) {
    seg.readOptions(skb);
    saw = (seg.options.saw & SAW_TIMESTAMPS) !== 0;
    if (saw) {
      const stamp = stampSeconds(now) - Math.floor(requestBackoff(req) / 1_000_000);
      rejected = pawsReject(now, req.tsRecent, stamp, seg.options.tsval, (flags & RST) !== 0);
      strange = !isOpen && seg.options.tsecr !== 0 && !echoesUs(now, req, seg.options.tsecr);
    }
  }
  // A pure retransmission of the SYN.
  if (seg.seq === req.rcvIsn && (flags & (SYN | ACK | RST | FIN)) === SYN && !rejected) {
    if (!oowRateLimited(now, tcp, seg, req, 'TCPACKSkippedSynRecv') && resendSynack(now, req)) {
      req.timer?.mod(now + requestBackoff(req));
    }
    return ANSWERED;
  }
  if ((flags & ACK) !== 0 && !isOpen && seg.ackSeq !== ((req.sntIsn + 1) | 0)) return FOREIGN;
  const end = (req.rcvNxt + req.synackWindow) | 0;
  if (rejected || strange || !inWindow(seg.seq, seg.endSeq, req.rcvNxt, end)) {
    if ((flags & RST) === 0 && !oowRateLimited(now, tcp, seg, req, 'TCPACKSkippedSynRecv'))
      replyRequestAck(now, req);
    if (rejected) TcpExt.PAWSEstab++;
    else if (strange) TcpExt.TSEcrRejected++;
    return ANSWERED;
  }
  if (saw && ((seg.seq - req.rcvNxt) | 0) <= 0) req.tsRecent = seg.options.tsval;
  if (seg.seq === req.rcvIsn) flags &= ~SYN; // it is out of the window that begins behind it
  if ((flags & (RST | SYN)) !== 0) {
    tcp.mib.Tcp.AttemptFails++;
    return REFUSED;
  }
  return (flags & ACK) === 0 ? ANSWERED : PASS;
}

function echoesUs(now: number, req: RequestSock, tsecr: number): boolean {
  const echo = (tsecr - req.tsoffset) | 0;
  return (echo - req.tsFirst) >>> 0 <= (tsClock(now) - req.tsFirst) >>> 0;
}

function embryonicReset(now: number, req: RequestSock, skb: SkBuff, seg: Segment): void {
  const { listener } = req;
  if ((seg.flags & RST) === 0) replyReset(now, listener.tcp, listener.family, skb, seg, req);
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
  synackRtt(now, child, req.numRetrans === 0 ? req.sntSynack : 0);
  const { numTimeout } = req;
  extra.requests.delete(req);
  if (numTimeout === 0) extra.young--;
  req.timer?.del();
  tcp.tables.remove(req);
  takeIn(sk, child);
  return child;
}

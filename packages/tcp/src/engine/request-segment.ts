/**
 * A segment for a request: RFC 9293 §3.10.7.4 in SYN-RECEIVED, as far as a passive open has no socket yet (Linux tcp_minisocks.c).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { SAW_TIMESTAMPS } from '../option-scan.ts';
import { acceptQueueFull, pushAccepted } from './accept-queue.ts';
import { oowRateLimited } from './challenge.ts';
import { createChild } from './child.ts';
import { dropRequest, listenDrop, requestBackoff, resendSynack } from './minisocks.ts';
import { pawsReject, stampSeconds } from './paws.ts';
import { replyRequestAck, replyReset } from './reply.ts';
import type { RequestSock } from './request.ts';
import type { Segment } from './segment.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import { inWindow } from './timewait.ts';
import { tsClock } from './transmit.ts';

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
  pushAccepted(extra, child);
  return child;
}

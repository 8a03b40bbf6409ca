/**
 * Fast open as a server does it: a SYN with a good cookie makes a socket at once, whose application has the data and may answer while
 * the handshake goes on. RFC 7413 §4.2.1.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { acceptQueueFull } from './accept-queue.ts';
import { createChild } from './child.ts';
import { writeError } from './close.ts';
import { doubled } from './doubled.ts';
import { needsNoCookie } from './fastopen-option.ts';
import { keysOf, leaveQueue, queueOf } from './fastopen-queue.ts';
import { initTransfer } from './init-transfer.ts';
import { enterLoss } from './loss.ts';
import { resendSynack } from './minisocks.ts';
import { updateRtoTime } from './recovery.ts';
import type { RequestSock } from './request.ts';
import { rtoMax } from './rtt.ts';
import type { Segment } from './segment.ts';
import { cookieOf, queueSynData } from './syn-data.ts';
import { TFO_SERVER_COOKIE_NOT_REQD, TFO_SERVER_ENABLE } from './sysctl.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS, TIMER_RETRANS } from './tcb-values.ts';
import { armRtx, countTimeout, rearmRto } from './timer.ts';
import { anyRetransDone, tryUndoRecovery } from './undo.ts';

/**
 * A SYN whose options were read: the socket that it makes, in no queue yet, or `undefined` where it takes the usual way. The request's
 * {@link RequestSock.cookie} is what the SYN-ACK shall give the client.
 */
export function tryFastopen(now: number, req: RequestSock, skb: SkBuff, seg: Segment): TcpSock | undefined {
  const sk = req.listener;
  const { mib, sysctl } = sk.tcp;
  const offered = cookieOf(skb, seg.options);
  if (offered?.bytes.length === 0) mib.TcpExt.TCPFastOpenCookieReqd++;
  const wanted = offered !== undefined || seg.len > 0;
  if ((sysctl.tcp_fastopen & TFO_SERVER_ENABLE) === 0 || !wanted || !hasRoom(now, sk)) return undefined;
  if (needsNoCookie(sk, req.dst, TFO_SERVER_COOKIE_NOT_REQD)) return open(now, req, skb, seg);
  const keys = keysOf(sk);
  if (offered === undefined || keys === undefined) return undefined;
  const { family } = req;
  const client = family.hash(req.daddr);
  const server = family.hash(req.saddr);
  const whose = offered.bytes.length === 0 ? 0 : keys.check(offered.bytes, client, server);
  if (whose !== 1) req.cookie = { bytes: keys.cookie(client, server), exp: offered.exp };
  if (whose === 0) {
    if (offered.bytes.length !== 0) mib.TcpExt.TCPFastOpenPassiveFail++;
    return undefined;
  }
  const child = open(now, req, skb, seg);
  if (child === undefined) req.cookie = offered;
  else if (whose === 2) mib.TcpExt.TCPFastOpenPassiveAltKey++;
  return child;
}

function hasRoom(now: number, sk: TcpSock): boolean {
  return sk.fastopenq?.hasRoom(now, sk.tcp.mib) === true;
}

/** Makes the socket (Linux `tcp_fastopen_create_child`). */
function open(now: number, req: RequestSock, skb: SkBuff, seg: Segment): TcpSock | undefined {
  const sk = req.listener;
  const { tcp } = sk;
  if (acceptQueueFull(sk.listener as ListenerExtra)) {
    tcp.mib.TcpExt.TCPFastOpenPassiveFail++;
    return undefined;
  }
  const child = createChild(now, req, seg);
  queueOf(sk).length++;
  child.fastopenRsk = req;
  req.child = child;
  child.fastopenChild = true;
  child.sndWnd = seg.window; // not scaled in a SYN
  child.maxWindow = child.sndWnd;
  child.segsIn = 1;
  // The SYN-ACK's timer, until the handshake is over. The request is in no table: segments find the child.
  armRtx(child, TIMER_RETRANS, now + req.timeout);
  initTransfer(now, child);
  if (seg.len > 0) {
    queueSynData(now, child, skb, seg);
    child.dataSegsIn = 1;
  }
  req.rcvNxt = child.rcvNxt;
  child.rcvWup = child.rcvNxt;
  tcp.mib.Tcp.PassiveOpens++;
  tcp.mib.TcpExt.TCPFastOpenPassive++;
  return child;
}

/** No ACK came for the SYN-ACK of a child: again, or give up. Nothing else is sent again before (Linux `tcp_fastopen_synack_timer`). */
export function fastopenSynackTimeout(now: number, sk: TcpSock, req: RequestSock): void {
  const { mib, sysctl } = sk.tcp;
  mib.TcpExt.TCPTimeouts++;
  const most = sk.synRetries !== 0 ? sk.synRetries : sysctl.tcp_synack_retries + 1;
  if (req.numTimeout >= most) {
    writeError(now, sk);
    return;
  }
  if (sk.retransmits === 1) enterLoss(now, sk);
  resendSynack(now, req);
  req.numTimeout++;
  countTimeout(now, sk);
  if (sk.retransStamp === 0) sk.retransStamp = now === 0 ? 1 : now;
  armRtx(sk, TIMER_RETRANS, now + doubled(req.timeout, req.numTimeout, rtoMax(sk)));
}

/** The handshake of a child is over: its timer is for data from now on (Linux `tcp_rcv_synrecv_state_fastopen`). */
export function fastopenEstablished(now: number, sk: TcpSock): void {
  // If the SYN-ACK had to wait and was not lost, nothing was.
  if (sk.caState === CA_LOSS && sk.packetsOut === 0) tryUndoRecovery(now, sk);
  updateRtoTime(now, sk);
  sk.retransmits = 0;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  leaveQueue(sk);
  rearmRto(now, sk);
}

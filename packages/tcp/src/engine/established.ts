/**
 * A segment in ESTABLISHED: the two common cases first, a pure ACK and data in order (Van Jacobson's header prediction); everything else
 * in RFC 9293 §3.10.7.4's order.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, PSH, RST, SYN } from '../flags.ts';
import { accecnReceived } from './accecn.ts';
import { ackCheck, ackNowOrLater, ackScheduled, dataReceived } from './ack.ts';
import { FLAG_DATA, FLAG_SLOWPATH, FLAG_UPDATE_TS } from './ack-flags.ts';
import { processAck } from './acked.ts';
import { ecnAcceptCwr } from './ecn.ts';
import { pushPendingFrames } from './output.ts';
import { storeTsRecent } from './paws.ts';
import { rcvRttMeasureTs } from './rcvbuf.ts';
import { dataQueue, dataReady, drop, queueReceived } from './receive-queue.ts';
import type { Segment } from './segment.ts';
import { checkSpace } from './sndbuf.ts';
import { CLOSE } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW } from './tcb-values.ts';
import { processUrgent } from './urgent.ts';
import { validateIncoming } from './validate.ts';
import { receiveWindow } from './window.ts';

/** Takes over a segment for an established connection (Linux `tcp_rcv_established`). */
export function rcvEstablished(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { tcp } = sk;
  if (tcp.probe !== undefined) tcp.probe('tcp_rcv_established', skb);
  seg.readEstablished(skb, sk);
  if (isPredicted(sk, skb, seg)) {
    if (seg.len === 0) {
      if (sk.accecn !== undefined) accecnReceived(sk, sk.accecn, skb, seg);
      const flag = sk.rcvNxt === sk.rcvWup ? FLAG_UPDATE_TS : 0;
      const result = processAck(now, sk, seg, flag);
      skb.free();
      if (result === 1) dataSendCheck(now, sk);
      if (sk.accecn !== undefined && (sk.ackPending & ACK_NOW) !== 0) ackCheck(now, sk);
      return;
    }
    // What was reserved must do: who has to ask for memory goes the long way, as in Linux.
    if (skb.truesize <= sk.forwardAlloc) {
      predictedData(now, sk, skb, seg);
      return;
    }
  }
  slowPath(now, sk, skb, seg);
}

/** In order, nothing special about it, and the window of the peer as it was. */
function isPredicted(sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  return (
    (seg.flags & ~PSH) === sk.plainFlags &&
    seg.seq === sk.rcvNxt &&
    seg.window << sk.sndWscale === sk.sndWnd &&
    ((seg.ackSeq - sk.sndNxt) | 0) <= 0 &&
    ((seg.ackSeq - sk.sndUna) | 0) >= 0 &&
    sk.ofoQueue === undefined &&
    sk.urgData === 0 &&
    seg.headerLength === sk.tcpHeaderLen &&
    sk.sawTstamp === sk.tstampOk &&
    (!sk.sawTstamp || ((sk.rcvTsval - sk.tsRecent) | 0) >= 0) &&
    seg.len <= receiveWindow(sk) &&
    skb.len === seg.len + seg.headerLength
  );
}

function predictedData(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { tcp } = sk;
  const { ackSeq, endSeq, headerLength, len } = seg;
  const { gsoSize, truesize } = skb;
  tcp.mib.TcpExt.TCPHPHits++;
  const flag = sk.rcvNxt === sk.rcvWup ? FLAG_DATA | FLAG_UPDATE_TS : FLAG_DATA;
  // The timestamp is judged by what was acknowledged before this segment.
  if (ackSeq === sk.sndUna) {
    if (sk.sawTstamp && sk.rcvNxt === sk.rcvWup) storeTsRecent(now, sk);
    sk.sndWl1 = seg.seq;
  }
  if (sk.accecn !== undefined) accecnReceived(sk, sk.accecn, skb, seg);
  skb.pull(headerLength);
  if (sk.sawTstamp) rcvRttMeasureTs(now, sk, len);
  queueReceived(sk, skb, endSeq);
  dataReceived(now, sk, seg, len, truesize, gsoSize);
  if (ackSeq !== sk.sndUna) {
    processAck(now, sk, seg, flag);
    dataSendCheck(now, sk);
    if (sk.state === CLOSE) return;
    if (ackScheduled(sk)) ackNowOrLater(now, sk, false);
  } else ackNowOrLater(now, sk, false);
  dataReady(sk);
}

function slowPath(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  if ((seg.flags & (ACK | RST | SYN)) === 0) {
    drop(sk, skb, 'TCP_FLAGS');
    return;
  }
  const refused = validateIncoming(now, sk, seg);
  if (refused !== undefined) {
    drop(sk, skb, refused);
    return;
  }
  if (sk.accecn !== undefined) accecnReceived(sk, sk.accecn, skb, seg);
  const result = processAck(now, sk, seg, FLAG_SLOWPATH | FLAG_UPDATE_TS);
  if (typeof result === 'string') {
    drop(sk, skb, result);
    return;
  }
  ecnAcceptCwr(sk, seg);
  if (sk.sawTstamp) rcvRttMeasureTs(now, sk, seg.len);
  processUrgent(sk, skb, seg);
  dataQueue(now, sk, skb, seg);
  if (sk.state === CLOSE) return;
  dataSendCheck(now, sk);
  ackCheck(now, sk);
}

/** After an ACK: more may be sent, and more written (Linux `tcp_data_snd_check`). */
export function dataSendCheck(now: number, sk: TcpSock): void {
  pushPendingFrames(now, sk);
  checkSpace(now, sk);
}

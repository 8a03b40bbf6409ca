/**
 * A segment in any state but ESTABLISHED and LISTEN: RFC 9293 §3.10.7.3 and §3.10.7.4 (Linux `tcp_rcv_state_process`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, FIN, RST, SYN } from '../flags.ts';
import { accecnReceived } from './accecn.ts';
import { ackCheck } from './ack.ts';
import { FLAG_NO_CHALLENGE, FLAG_SLOWPATH, FLAG_UPDATE_TS } from './ack-flags.ts';
import { processAck } from './acked.ts';
import { challengeAck } from './challenge.ts';
import { doneWith, resetReceived, shutdownWrite, stateChanged } from './close.ts';
import { ecnAcceptCwr, ecnThirdAck } from './ecn.ts';
import { dataSendCheck } from './established.ts';
import { fastopenEstablished } from './fastopen-server.ts';
import { initTransfer } from './init-transfer.ts';
import { saveMetrics } from './metrics-use.ts';
import { initializeRcvMss } from './mss.ts';
import { updatePacingRate } from './pacing.ts';
import { dataQueue, drop } from './receive-queue.ts';
import { replyReset } from './reply.ts';
import { fastopenSegment } from './request-segment.ts';
import { synackRtt } from './rtt.ts';
import type { Segment } from './segment.ts';
import {
  CLOSE,
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT1,
  FIN_WAIT2,
  LAST_ACK,
  SYN_RECV,
  SYN_SENT,
  setState,
  TIME_WAIT,
} from './state.ts';
import { SYN_MORE, synSent } from './syn-sent.ts';
import type { TcpSock } from './tcb.ts';
import { armKeepalive } from './timer.ts';
import { finTime, TCP_TIMEWAIT_LEN, timeWait } from './timewait.ts';
import { undoSpuriousSyn } from './undo.ts';
import { processUrgent } from './urgent.ts';
import { validateIncoming } from './validate.ts';

/** Takes over a segment. */
export function rcvStateProcess(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  if (sk.state === CLOSE) {
    drop(sk, skb, 'TCP_CLOSE');
    return;
  }
  if (sk.state === SYN_SENT) {
    inSynSent(now, sk, skb, seg);
    return;
  }
  seg.readEstablished(skb, sk);
  const req = sk.fastopenRsk;
  if (req !== undefined && !fastopenSegment(now, sk, req, skb, seg)) {
    drop(sk, skb, 'TCP_FASTOPEN');
    return;
  }
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
  if (!fifthAck(now, sk, skb, seg)) return;
  ecnAcceptCwr(sk, seg);
  processUrgent(sk, skb, seg);
  if (!seventhText(now, sk, skb, seg)) return;
  if (sk.state === CLOSE) return;
  dataSendCheck(now, sk);
  ackCheck(now, sk);
}

function inSynSent(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { tcp } = sk;
  tcp.resetDue = false;
  const result = synSent(now, sk, skb, seg);
  if (typeof result === 'string') {
    if (tcp.resetDue) replyReset(now, tcp, sk.family, skb, seg, sk);
    drop(sk, skb, result);
    return;
  }
  if (result === SYN_MORE) {
    processUrgent(sk, skb, seg);
    skb.free();
    dataSendCheck(now, sk);
    return;
  }
  skb.free();
}

/** "Fifth, check the ACK field", and what its state does with it. False: the packet is gone. */
function fifthAck(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  const { tcp } = sk;
  const result = processAck(now, sk, seg, FLAG_SLOWPATH | FLAG_UPDATE_TS | FLAG_NO_CHALLENGE);
  if (result !== 1) {
    if (sk.state === SYN_RECV) {
      replyReset(now, tcp, sk.family, skb, seg, sk);
      drop(sk, skb, result === 0 ? 'TCP_OLD_ACK' : result);
      return false;
    }
    // While closing, an old ACK is taken.
    if (result !== 0) {
      challengeAck(now, sk);
      drop(sk, skb, result);
      return false;
    }
  }
  switch (sk.state) {
    case SYN_RECV:
      synAcked(now, sk, seg);
      return true;
    case FIN_WAIT1:
      if (sk.fastopenRsk !== undefined) fastopenEstablished(now, sk);
      return sk.sndUna !== sk.writeSeq || finAcked(now, sk, skb, seg);
    case CLOSING:
      if (sk.sndUna !== sk.writeSeq) return true;
      timeWait(now, sk, TIME_WAIT, 0);
      skb.free();
      return false;
    case LAST_ACK:
      if (sk.sndUna !== sk.writeSeq) return true;
      saveMetrics(now, sk);
      doneWith(now, sk);
      skb.free();
      return false;
    default:
      return true;
  }
}

/** SYN-RECEIVED to ESTABLISHED: a passive open, or one whose SYN crossed the peer's. */
function synAcked(now: number, sk: TcpSock, seg: Segment): void {
  sk.delivered++;
  ecnThirdAck(sk, seg);
  const req = sk.fastopenRsk;
  if (sk.srtt === 0) synackRtt(now, sk, req !== undefined && req.numRetrans === 0 ? req.sntSynack : 0);
  if (sk.tstampOk) sk.advmss -= 12;
  if (req !== undefined) fastopenEstablished(now, sk);
  else {
    undoSpuriousSyn(sk);
    sk.retransStamp = 0;
    initTransfer(now, sk);
    sk.copiedSeq = sk.rcvNxt;
  }
  setState(sk, ESTABLISHED);
  sk.sndUna = seg.ackSeq;
  sk.sndWnd = seg.window << sk.sndWscale;
  if ((seg.flags & SYN) !== 0) sk.sndWnd = seg.window;
  sk.sndWl1 = seg.seq;
  updatePacingRate(sk);
  sk.lsndtime = now;
  initializeRcvMss(sk);
  stateChanged(sk);
  if ((sk.shutdown & 2) !== 0) shutdownWrite(now, sk);
}

/** FIN-WAIT-1 to FIN-WAIT-2; without owner to what is left of it. False: the packet is gone. */
function finAcked(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  const { tcp } = sk;
  setState(sk, FIN_WAIT2);
  sk.shutdown |= 2;
  if (sk.dst !== undefined) sk.family.confirm(now, sk.dst);
  if (!sk.orphaned) {
    stateChanged(sk);
    return true;
  }
  const fin = (seg.flags & FIN) !== 0;
  const dataBeyond = seg.endSeq !== seg.seq && ((seg.endSeq - (fin ? 1 : 0) - sk.rcvNxt) | 0) > 0;
  if (sk.linger2 < 0 || dataBeyond) {
    // RFC 2525 §2.17: data for nobody.
    tcp.mib.TcpExt.TCPAbortOnData++;
    replyReset(now, tcp, sk.family, skb, seg, sk);
    doneWith(now, sk);
    drop(sk, skb, 'TCP_ABORT_ON_DATA');
    return false;
  }
  const wait = finTime(sk);
  if (wait > TCP_TIMEWAIT_LEN) armKeepalive(sk, now + wait - TCP_TIMEWAIT_LEN);
  else if (fin)
    armKeepalive(sk, now + wait); // its FIN is in this very segment
  else {
    timeWait(now, sk, FIN_WAIT2, wait);
    skb.free();
    return false;
  }
  return true;
}

/** "Seventh, process the segment text". False: the packet is gone, and the connection with it. */
function seventhText(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  switch (sk.state) {
    case CLOSE_WAIT:
    case CLOSING:
    case LAST_ACK:
      if (((seg.seq - sk.rcvNxt) | 0) >= 0) break; // "should not occur": ignored
      return refusesData(now, sk, skb, seg) ? false : queueText(now, sk, skb, seg);
    case FIN_WAIT1:
    case FIN_WAIT2:
      return refusesData(now, sk, skb, seg) ? false : queueText(now, sk, skb, seg);
    case ESTABLISHED:
      return queueText(now, sk, skb, seg);
    default:
  }
  if (seg.seq === seg.endSeq) skb.free();
  else drop(sk, skb, 'NOT_SPECIFIED');
  return true;
}

function queueText(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): true {
  dataQueue(now, sk, skb, seg);
  return true;
}

/**
 * RFC 9293 §3.6.1, SHLD-3: data after the application stopped reading, or behind the FIN, is answered with a RST. True: it was, and the
 * packet is gone.
 */
function refusesData(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  const { tcp } = sk;
  const fin = (seg.flags & FIN) !== 0 ? 1 : 0;
  if ((sk.shutdown & 1) === 0 || seg.endSeq === seg.seq || ((seg.endSeq - fin - sk.rcvNxt) | 0) <= 0)
    return false;
  tcp.mib.TcpExt.TCPAbortOnData++;
  replyReset(now, tcp, sk.family, skb, seg, sk);
  resetReceived(now, sk);
  drop(sk, skb, 'TCP_ABORT_ON_DATA');
  return true;
}

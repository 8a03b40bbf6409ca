/**
 * What an acknowledgment changes: RFC 9293 §3.10.7.4 "fifth, check the ACK field" (Linux `tcp_ack`).
 * @module
 */
import { SYN } from '../flags.ts';
import { accecnProcess } from './accecn.ts';
import {
  ackState,
  FLAG_CA_ALERT,
  FLAG_DATA,
  FLAG_DATA_ACKED,
  FLAG_DSACKING_ACK,
  FLAG_ECE,
  FLAG_FORWARD_PROGRESS,
  FLAG_NO_CHALLENGE,
  FLAG_NOT_DUP,
  FLAG_SET_XMIT_TIMER,
  FLAG_SLOWPATH,
  FLAG_SND_UNA_ADVANCED,
  FLAG_TS_PROGRESS,
  FLAG_UPDATE_TS,
  FLAG_WIN_UPDATE,
  REXMIT_NEW,
  REXMIT_NONE,
} from './ack-flags.ts';
import { challengeAck } from './challenge.ts';
import { cleanRtxQueue } from './clean-rtx-queue.ts';
import { countDelivered, inCwndReduction, packetsInFlight } from './cwnd.ts';
import { ecnEcho } from './ecn.ts';
import { currentMss, syncMss } from './mss.ts';
import { pushPending, windowEnd } from './output.ts';
import { updatePacingRate } from './pacing.ts';
import { replaceTsRecent } from './paws.ts';
import { cwndReduction } from './prr.ts';
import { rackUpdateReoWnd } from './rack.ts';
import { rateGenerate, rateSample } from './rate.ts';
import { fastRetransAlert } from './recovery.ts';
import { xmitRetransmitQueue } from './retransmit.ts';
import { highestSackSeq, sackWriteQueue } from './scoreboard.ts';
import type { Segment } from './segment.ts';
import { slowStartAfterIdleCheck } from './send-queue.ts';
import { SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { CA_OPEN, NAGLE_OFF } from './tcb-values.ts';
import { ackProbe, setXmitTimer } from './timer.ts';
import { processTlpAck } from './tlp.ts';

/** Acceptable, old but harmless, or the reason to drop the segment for. */
export type AckResult = 1 | 0 | 'TCP_TOO_OLD_ACK' | 'TCP_ACK_UNSENT_DATA';

/** Takes in the acknowledgment of a segment. `flag`: `FLAG_SLOWPATH` and those below it in `ack-flags.ts`. */
export function processAck(now: number, sk: TcpSock, seg: Segment, flag: number): AckResult {
  const ack = seg.ackSeq;
  const priorUna = sk.sndUna;
  const advance = (ack - priorUna) | 0;
  ackState.begin(flag, sk.sndNxt);
  rateSample.begin(packetsInFlight(sk));
  if (advance < 0) return oldAck(now, sk, seg, advance);
  if (((ack - sk.sndNxt) | 0) > 0) {
    // "If the ACK acks something not yet sent, then send an ACK, drop the segment."
    if ((flag & FLAG_NO_CHALLENGE) === 0) challengeAck(now, sk);
    return 'TCP_ACK_UNSENT_DATA';
  }
  const priorPackets = sk.packetsOut;
  const { delivered, isSackReneg, lost } = sk;
  const priorFack = sk.sackOk ? highestSackSeq(sk) : priorUna;
  if (advance > 0) {
    ackState.flag |= FLAG_SND_UNA_ADVANCED;
    sk.retransmits = 0;
  }
  if (sk.accecn !== undefined && sk.sawTstamp && ((sk.rcvTsval - sk.tsRecent) | 0) > 0) {
    ackState.flag |= FLAG_TS_PROGRESS;
  }
  if ((flag & FLAG_UPDATE_TS) !== 0) replaceTsRecent(now, sk, seg.seq);
  takeWindowAndSacks(now, sk, seg, priorUna);
  sk.errSoft = '';
  sk.probesOut = 0;
  sk.rcvTstamp = now;
  if (priorPackets === 0) {
    if (sk.accecn !== undefined) accecnProcess(sk, sk.accecn, seg, sk.delivered - delivered);
    sk.caOps.inAckEvent?.(sk);
    if ((ackState.flag & FLAG_DSACKING_ACK) !== 0) {
      fastRetransAlert(now, sk, priorUna, 0);
      newlyDelivered(sk, delivered);
    }
    ackProbe(now, sk, windowEnd(sk));
    processTlpAck(now, sk, ack);
    return 1;
  }
  cleanRtxQueue(now, sk, priorFack, priorUna);
  rackUpdateReoWnd(sk);
  if (sk.accecn !== undefined) accecnProcess(sk, sk.accecn, seg, sk.delivered - delivered);
  sk.caOps.inAckEvent?.(sk);
  processTlpAck(now, sk, ack);
  if (isDubious(sk)) {
    const mask = FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK;
    fastRetransAlert(now, sk, priorUna, (ackState.flag & mask) === 0 ? 1 : 0);
  }
  if ((ackState.flag & FLAG_SET_XMIT_TIMER) !== 0) setXmitTimer(now, sk);
  const arrived = (ackState.flag & FLAG_FORWARD_PROGRESS) !== 0 || (ackState.flag & FLAG_NOT_DUP) === 0;
  if (arrived && sk.dst !== undefined) sk.family.confirm(now, sk.dst);
  rateGenerate(now, sk, newlyDelivered(sk, delivered), sk.lost - lost, isSackReneg);
  controlCwnd(now, sk, ack);
  xmitRecovery(now, sk);
  return 1;
}

/** An ACK below SND.UNA. Its SACK blocks may still be news. */
function oldAck(now: number, sk: TcpSock, seg: Segment, advance: number): AckResult {
  // RFC 5961 §5.2: it may be a guess, but for the window's sake looks old.
  if (advance + Math.min(sk.maxWindow, sk.bytesAcked) < 0) {
    if ((ackState.flag & FLAG_NO_CHALLENGE) === 0) challengeAck(now, sk);
    return 'TCP_TOO_OLD_ACK';
  }
  if (!seg.hasSack(sk)) return 0;
  const { delivered } = sk;
  sackWriteQueue(now, sk, seg, sk.sndUna);
  countDelivered(sk, ackState.sackDelivered);
  if (sk.accecn !== undefined) accecnProcess(sk, sk.accecn, seg, sk.delivered - delivered);
  fastRetransAlert(now, sk, sk.sndUna, 0);
  newlyDelivered(sk, delivered);
  xmitRecovery(now, sk);
  return 0;
}

/** The window and the SACK blocks: of a segment by the fast path there is no news of either. */
function takeWindowAndSacks(now: number, sk: TcpSock, seg: Segment, priorUna: number): void {
  const { TcpExt } = sk.tcp.mib;
  if ((ackState.flag & (FLAG_SLOWPATH | FLAG_SND_UNA_ADVANCED)) === FLAG_SND_UNA_ADVANCED) {
    sk.sndWl1 = seg.seq;
    sndUnaUpdate(sk, seg.ackSeq);
    ackState.flag |= FLAG_WIN_UPDATE;
    TcpExt.TCPHPAcks++;
    return;
  }
  if (seg.seq !== seg.endSeq) ackState.flag |= FLAG_DATA;
  else TcpExt.TCPPureAcks++;
  if (updateWindow(now, sk, seg, seg.ackSeq)) ackState.flag |= FLAG_WIN_UPDATE;
  if (ecnEcho(sk, seg)) ackState.flag |= FLAG_ECE;
  if (!seg.hasSack(sk)) return;
  sackWriteQueue(now, sk, seg, priorUna);
  countDelivered(sk, ackState.sackDelivered);
}

/** Whether recovery has to look at this ACK. */
function isDubious(sk: TcpSock): boolean {
  const { flag } = ackState;
  return (flag & FLAG_NOT_DUP) === 0 || (flag & FLAG_CA_ALERT) !== 0 || sk.caState !== CA_OPEN;
}

/** Segments delivered since there were `before`. */
function newlyDelivered(sk: TcpSock, before: number): number {
  const delivered = sk.delivered - before;
  const { TcpExt } = sk.tcp.mib;
  TcpExt.TCPDelivered += delivered;
  if ((ackState.flag & FLAG_ECE) !== 0) {
    TcpExt.TCPDeliveredCE += sk.accecn === undefined ? delivered : ackState.ceCount;
  }
  return delivered;
}

/** In a reduction the window is what the reduction makes it; else it grows for what was delivered. Or the algorithm does all by itself. */
function controlCwnd(now: number, sk: TcpSock, ack: number): void {
  const { caOps } = sk;
  if (caOps.congControl !== undefined) {
    caOps.congControl(now, sk, rateSample);
    return;
  }
  const { ackedSacked, losses } = rateSample;
  if (inCwndReduction(sk)) {
    cwndReduction(sk, ackedSacked, losses, (ackState.flag & FLAG_SND_UNA_ADVANCED) !== 0);
  } else if (mayRaiseCwnd(sk)) {
    caOps.congAvoid?.(now, sk, ack, ackedSacked);
    sk.sndCwndStamp = now; // the window is judged for idleness from here
  }
  updatePacingRate(sk);
}

/** With much reordering what is delivered counts, whether or not it is acknowledged in order. */
function mayRaiseCwnd(sk: TcpSock): boolean {
  const progress = sk.reordering > sk.tcp.sysctl.tcp_reordering ? FLAG_FORWARD_PROGRESS : FLAG_DATA_ACKED;
  return (ackState.flag & progress) !== 0;
}

/** Sends what recovery asked for, now that the window is known (Linux `tcp_xmit_recovery`). */
function xmitRecovery(now: number, sk: TcpSock): void {
  if (ackState.rexmit === REXMIT_NONE || sk.state === SYN_SENT) return;
  if (ackState.rexmit === REXMIT_NEW) {
    if (sk.writeQueue.first !== undefined) pushPending(now, sk, currentMss(now, sk), NAGLE_OFF);
    if (((sk.sndNxt - sk.highSeq) | 0) > 0) return;
    sk.frto = false;
  }
  xmitRetransmitQueue(now, sk);
}

function sndUnaUpdate(sk: TcpSock, ack: number): void {
  sk.bytesAcked += (ack - sk.sndUna) | 0;
  sk.sndUna = ack;
}

/** RFC 9293 §3.10.7.4: the window is taken from the newest segment only, told by its sequence and acknowledgment numbers. */
function updateWindow(now: number, sk: TcpSock, seg: Segment, ack: number): boolean {
  const window = (seg.flags & SYN) !== 0 ? seg.window : seg.window << sk.sndWscale;
  const newer = (seg.seq - sk.sndWl1) | 0;
  let updated = false;
  if (((ack - sk.sndUna) | 0) > 0 || newer > 0 || (newer === 0 && (window > sk.sndWnd || window === 0))) {
    updated = true;
    sk.sndWl1 = seg.seq;
    if (sk.sndWnd !== window) {
      sk.sndWnd = window;
      if (sk.writeQueue.first !== undefined) slowStartAfterIdleCheck(now, sk);
      if (window > sk.maxWindow) {
        sk.maxWindow = window;
        syncMss(sk, sk.pmtuCookie);
      }
    }
  }
  sndUnaUpdate(sk, ack);
  return updated;
}

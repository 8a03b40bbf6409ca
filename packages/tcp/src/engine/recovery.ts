/**
 * What a dubious ACK means, and the states between Open and Recovery (Linux `tcp_fastretrans_alert`): RFC 5681 §3.2, RFC 6675, RFC 8985.
 * What is lost is for RACK to say, or for NewReno where the peer has no SACK; how much may be sent, for PRR.
 * @module
 */
import {
  ackState,
  FLAG_ECE,
  FLAG_LOST_RETRANS,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SND_UNA_ADVANCED,
  REXMIT_LOST,
} from './ack-flags.ts';
import { currentSsthresh, inCwndReduction, leftOut, setCaState } from './cwnd.ts';
import { processLoss } from './loss.ts';
import { mtuProbeLost } from './mtu-probe.ts';
import { addRenoSack, newrenoMarkLost } from './newreno.ts';
import { endCwndReduction, enterCwr, initCwndReduction } from './prr.ts';
import { rackMarkLost } from './rack.ts';
import type { TcpSock } from './tcb.ts';
import { CA_CWR, CA_DISORDER, CA_LOSS, CA_OPEN, CA_RECOVERY, TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';
import { anyRetransDone, initUndo, tryUndoDsack, tryUndoPartial, tryUndoRecovery } from './undo.ts';

/** Least delay until a peer that takes back what it told is believed, µs; half a round trip where that is more. */
const RENEGE_DELAY = 10_000;

/**
 * An ACK that is dubious, or came in dubious times. `priorUna`: SND.UNA before it; `dupacks`: how many duplicates it stands for. What to
 * retransmit is in `ackState.rexmit`.
 */
export function fastRetransAlert(now: number, sk: TcpSock, priorUna: number, dupacks: number): void {
  const advanced = (ackState.flag & FLAG_SND_UNA_ADVANCED) !== 0;
  if (sk.packetsOut === 0) sk.sackedOut = 0;
  const congested = (ackState.flag & FLAG_ECE) !== 0;
  if (congested) sk.priorSsthresh = 0;
  if (checkReneging(now, sk)) return;
  if (sk.caState === CA_OPEN) sk.retransStamp = 0;
  else if (((sk.sndUna - sk.highSeq) | 0) >= 0 && endOfEpisode(now, sk)) return;
  switch (sk.caState) {
    case CA_RECOVERY:
      if (!advanced) {
        if (!sk.sackOk) addRenoSack(sk, dupacks);
      } else if (tryUndoPartial(now, sk, priorUna)) return;
      if (tryUndoDsack(now, sk)) tryToOpen(now, sk);
      identifyPacketLoss(now, sk);
      if (sk.caState !== CA_RECOVERY) {
        if (sk.lostOut === 0) return;
        enterRecovery(now, sk, congested); // what was undone, and what is lost all the same
      }
      break;
    case CA_LOSS:
      processLoss(now, sk, dupacks);
      if ((sk.caState as number) !== CA_LOSS) updateRtoTime(now, sk);
      identifyPacketLoss(now, sk);
      if ((sk.caState as number) !== CA_OPEN && (ackState.flag & FLAG_LOST_RETRANS) === 0) return;
      if (!perhapsRecover(now, sk, advanced, dupacks)) return;
      break;
    default:
      if (!perhapsRecover(now, sk, advanced, dupacks)) return;
  }
  ackState.rexmit = REXMIT_LOST;
}

/** Nothing is lost so far. Whether something is now, so that recovery began. */
function perhapsRecover(now: number, sk: TcpSock, advanced: boolean, dupacks: number): boolean {
  if (!sk.sackOk) {
    if (advanced) sk.sackedOut = 0;
    addRenoSack(sk, dupacks);
  }
  if (sk.caState <= CA_DISORDER) tryUndoDsack(now, sk);
  identifyPacketLoss(now, sk);
  if (sk.lostOut === 0) {
    tryToOpen(now, sk);
    return false;
  }
  if (sk.mtup !== undefined && mtuProbeLost(now, sk, sk.mtup)) return false;
  enterRecovery(now, sk, (ackState.flag & FLAG_ECE) !== 0);
  return true;
}

/** The peer forgot what it told (RFC 2018 §8): unless it remembers soon, all of it is sent again. */
function checkReneging(now: number, sk: TcpSock): boolean {
  const both = FLAG_SACK_RENEGING | FLAG_SND_UNA_ADVANCED;
  if ((ackState.flag & both) !== both) return false;
  armRtx(sk, TIMER_RETRANS, now + Math.max(sk.srtt >> 4, RENEGE_DELAY));
  ackState.flag &= ~FLAG_SET_XMIT_TIMER;
  return true;
}

/** Everything that was sent when the episode began is acknowledged. True = nothing more to do. */
function endOfEpisode(now: number, sk: TcpSock): boolean {
  if (sk.caState === CA_CWR) {
    if (sk.sndUna !== sk.highSeq) {
      endCwndReduction(now, sk);
      setCaState(now, sk, CA_OPEN);
    }
  } else if (sk.caState === CA_RECOVERY) {
    if (!sk.sackOk) sk.sackedOut = 0;
    if (tryUndoRecovery(now, sk)) return true;
    endCwndReduction(now, sk);
  }
  return false;
}

/** A recovery by timeout is over: TCP_INFO tells how long it took. */
export function updateRtoTime(now: number, sk: TcpSock): void {
  if (sk.rtoStamp === 0) return;
  sk.totalRtoTime += now - sk.rtoStamp;
  sk.rtoStamp = 0;
}

/** Marks what this ACK shows to be lost. */
function identifyPacketLoss(now: number, sk: TcpSock): void {
  if (sk.rtxQueue.first === undefined) return;
  if (!sk.sackOk) {
    newrenoMarkLost(sk, (ackState.flag & FLAG_SND_UNA_ADVANCED) !== 0);
    return;
  }
  const { retransOut } = sk;
  if (rackMarkLost(now, sk)) ackState.flag &= ~FLAG_SET_XMIT_TIMER;
  if (retransOut > sk.retransOut) ackState.flag |= FLAG_LOST_RETRANS;
}

/**
 * RFC 5681 §3.2 step 2, 3: the threshold comes down, with a mark by which a mistake is noticed. `congested`: an ACK told of congestion, so that
 * the reduction is none.
 */
export function enterRecovery(now: number, sk: TcpSock, congested: boolean): void {
  const { TcpExt } = sk.tcp.mib;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  if (sk.sackOk) TcpExt.TCPSackRecovery++;
  else TcpExt.TCPRenoRecovery++;
  sk.priorSsthresh = 0;
  initUndo(sk);
  if (!inCwndReduction(sk)) {
    if (!congested) sk.priorSsthresh = currentSsthresh(sk);
    initCwndReduction(now, sk);
  }
  setCaState(now, sk, CA_RECOVERY);
}

/** Nothing is lost for sure: Open or Disorder; but a mark is answered as a loss is, once in a window (RFC 3168 §6.1.2). */
function tryToOpen(now: number, sk: TcpSock): void {
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  if ((ackState.flag & FLAG_ECE) !== 0) enterCwr(now, sk);
  if (sk.caState !== CA_CWR) tryKeepOpen(now, sk);
}

/** Open, or Disorder where anything is out of order or was retransmitted. */
export function tryKeepOpen(now: number, sk: TcpSock): void {
  const state = leftOut(sk) > 0 || anyRetransDone(sk) ? CA_DISORDER : CA_OPEN;
  if (sk.caState === state) return;
  setCaState(now, sk, state);
  sk.highSeq = sk.sndNxt;
}

/**
 * After a timeout: RFC 5681 §3.1, RFC 6298 §5, and F-RTO, RFC 5682, which asks with new data whether anything was lost at all.
 * @module
 */
import {
  ackState,
  FLAG_DATA_SACKED,
  FLAG_ORIG_SACK_ACKED,
  FLAG_SND_UNA_ADVANCED,
  REXMIT_LOST,
  REXMIT_NEW,
} from './ack-flags.ts';
import { CB_SACKED, SACKED_ACKED, sackedOf } from './cb.ts';
import { currentSsthresh, cwndEvent, packetsInFlight, setCaState } from './cwnd.ts';
import { ecnQueueCwr } from './ecn.ts';
import { currentMss } from './mss.ts';
import { addRenoSack, limitRenoSacked } from './newreno.ts';
import { windowEnd } from './output.ts';
import { rackSkbTimeout } from './rack.ts';
import { markLost, markTooLarge, xmitRetransmitQueue } from './retransmit.ts';
import { SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { CA_DISORDER, CA_LOSS, CA_RECOVERY } from './tcb-values.ts';
import { initUndo, tryUndoLoss, tryUndoRecovery } from './undo.ts';

/** The timer fired: what is in flight is taken for lost, the window begins anew (Linux `tcp_enter_loss`). */
export function enterLoss(now: number, sk: TcpSock): void {
  const { caState } = sk;
  const { tcp_frto, tcp_reordering } = sk.tcp.sysctl;
  markAllLost(now, sk);
  // Once in a window: a second timeout of the same data does not halve it again.
  if (
    caState <= CA_DISORDER ||
    ((sk.highSeq - sk.sndUna) | 0) <= 0 ||
    (caState === CA_LOSS && sk.retransmits === 0)
  ) {
    sk.priorSsthresh = currentSsthresh(sk);
    sk.priorCwnd = sk.sndCwnd;
    sk.sndSsthresh = sk.caOps.ssthresh(now, sk);
    cwndEvent(now, sk, 'LOSS');
    initUndo(sk);
  }
  sk.sndCwnd = packetsInFlight(sk) + 1;
  sk.sndCwndCnt = 0;
  sk.sndCwndStamp = now;
  // With so much delivered beyond it, the head was waited for in vain: less reordering is to be expected.
  if (caState <= CA_DISORDER && sk.sackedOut >= tcp_reordering) {
    sk.reordering = Math.min(sk.reordering, tcp_reordering);
  }
  setCaState(now, sk, CA_LOSS);
  sk.highSeq = sk.sndNxt;
  sk.tlpHighSeq = undefined;
  ecnQueueCwr(sk);
  // RFC 5682 §2.1 step 1, §3.1: not in the middle of another recovery.
  sk.frto = tcp_frto !== 0 && (caState < CA_RECOVERY || sk.retransmits !== 0);
}

/** What was delivered by SACK stays so, unless the first segment was: then the peer dropped it again (RFC 2018 §8). */
function markAllLost(now: number, sk: TcpSock): void {
  const head = sk.rtxQueue.first;
  const renege = head !== undefined && (sackedOf(head) & SACKED_ACKED) !== 0;
  if (renege) {
    sk.tcp.mib.TcpExt.TCPSACKReneging++;
    sk.sackedOut = 0;
    sk.sackRuns?.clear();
    sk.isSackReneg = true;
  } else if (!sk.sackOk) sk.sackedOut = 0;
  for (let skb = head; skb !== undefined; skb = skb.next) {
    if (renege) skb.cb[CB_SACKED] = sackedOf(skb) & ~SACKED_ACKED;
    // What was sent a moment ago is not late.
    else if (skb !== head && rackSkbTimeout(now, sk, skb, 0) > 0) continue;
    markLost(sk, skb);
  }
  sk.retransmitHint = undefined;
}

/** An ACK in CA_LOSS, which goes on until all that was in flight is acknowledged, or turns out not to have been lost. */
export function processLoss(now: number, sk: TcpSock, dupacks: number): void {
  const { flag } = ackState;
  const advanced = (flag & FLAG_SND_UNA_ADVANCED) !== 0;
  const recovered = ((sk.sndUna - sk.highSeq) | 0) >= 0;
  if (advanced && tryUndoLoss(now, sk, false)) return;
  const sentNew = ((sk.sndNxt - sk.highSeq) | 0) > 0;
  if (sk.frto) {
    // RFC 5682 §3.1 step 3.b: what was sent once and never again was delivered.
    if ((flag & FLAG_ORIG_SACK_ACKED) !== 0 && tryUndoLoss(now, sk, true)) return;
    if (sentNew) {
      if ((flag & FLAG_DATA_SACKED) !== 0 || dupacks > 0) sk.frto = false; // step 3.a: it was a loss
    } else if (advanced && !recovered) {
      sk.highSeq = sk.sndNxt;
      // Step 2.b: new data, if there is any, when the window is known.
      if (sk.writeQueue.first !== undefined && ((windowEnd(sk) - sk.sndNxt) | 0) > 0) {
        ackState.rexmit = REXMIT_NEW;
        return;
      }
      sk.frto = false;
    }
  }
  if (recovered) {
    tryUndoRecovery(now, sk);
    return;
  }
  if (!sk.sackOk) {
    // A duplicate of what was sent since means that something of it arrived: it clocks out more.
    if (((sk.sndNxt - sk.highSeq) | 0) > 0 && dupacks > 0) addRenoSack(sk, dupacks);
    else if (advanced) sk.sackedOut = 0;
  }
  ackState.rexmit = REXMIT_LOST;
}

/** The path MTU shrank: what is too large for it is sent again at once, and the window stays as it is. */
export function simpleRetransmit(now: number, sk: TcpSock): void {
  // A SYN and its data are two packets here, and were one on the wire: it was too large.
  const opening = sk.synData && sk.state === SYN_SENT;
  markTooLarge(sk, opening ? -1 : currentMss(now, sk));
  sk.retransmitHint = undefined;
  if (sk.lostOut === 0) return;
  if (!sk.sackOk) limitRenoSacked(sk);
  retransmitLost(now, sk);
}

/** Sends again what is marked as lost, and the window stays as it is: it was no congestion (Linux `tcp_non_congestion_loss_retransmit`). */
export function retransmitLost(now: number, sk: TcpSock): void {
  if (sk.caState !== CA_LOSS) {
    sk.highSeq = sk.sndNxt;
    sk.sndSsthresh = currentSsthresh(sk);
    sk.priorSsthresh = 0;
    sk.hasUndo = false;
    setCaState(now, sk, CA_LOSS);
  }
  xmitRetransmitQueue(now, sk);
}

/**
 * Taking back a reduction of the window that was a mistake: the echoed timestamps tell that the original arrived (Eifel, RFC 3522,
 * RFC 4015), D-SACKs that every retransmission was one too many (RFC 3708), F-RTO that the timeout was (RFC 5682).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { CB_SACKED, EVER_RETRANS, LOST, LOST_BY_RACK, SACKED_RETRANS, sackedOf, seqOf } from './cb.ts';
import { setCaState } from './cwnd.ts';
import { ecnWithdrawCwr } from './ecn.ts';
import { TCP_RACK_RECOVERY_THRESH } from './rack.ts';
import { tryKeepOpen } from './recovery.ts';
import { checkSackReordering } from './reordering.ts';
import { prependSent } from './sent-list.ts';
import { SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS, CA_OPEN } from './tcb-values.ts';
import { tsClock } from './transmit.ts';

/** From here on it is kept account of whether anything is really lost. */
export function initUndo(sk: TcpSock): void {
  sk.hasUndo = true;
  sk.undoMarker = sk.sndUna;
  // What is in flight of former retransmissions, a probe too, may be told to have come twice.
  const inFlight = sk.retransOut + (sk.tlpHighSeq !== undefined && sk.tlpRetrans ? 1 : 0);
  sk.undoRetrans = inFlight === 0 ? -1 : inFlight;
}

/** Whether nothing of this episode was lost, as far as is known now. */
function mayUndo(sk: TcpSock): boolean {
  return sk.hasUndo && (sk.undoRetrans === 0 || packetDelayed(sk));
}

/** Whether what was acknowledged is older than the first retransmission. */
function packetDelayed(sk: TcpSock): boolean {
  if (sk.retransStamp !== 0) {
    return sk.sawTstamp && sk.rcvTsecr !== 0 && ((sk.rcvTsecr - tsClock(sk.retransStamp)) | 0) < 0;
  }
  // Nothing was retransmitted yet, and the ACK came. But at the end of an episode without SACK the stamp is gone early.
  const atEnd = !sk.sackOk && ((sk.sndUna - sk.highSeq) | 0) >= 0;
  return !atEnd && sk.state !== SYN_SENT;
}

/** The handshake's ACK echoes the very first SYN, or SYN-ACK: that its timer fired meant no loss. */
export function undoSpuriousSyn(sk: TcpSock): void {
  if (sk.retransStamp !== 0 && sk.sawTstamp && sk.rcvTsecr === tsClock(sk.retransStamp)) sk.hasUndo = false;
}

/** Whether anything in the queue was retransmitted: then the first of it was. */
export function anyRetransDone(sk: TcpSock): boolean {
  if (sk.retransOut > 0) return true;
  const head = sk.rtxQueue.first;
  return head !== undefined && (sackedOf(head) & EVER_RETRANS) !== 0;
}

/** Restores window and threshold. `unmark`: what is marked as lost is not. */
function undoCwndReduction(now: number, sk: TcpSock, unmark: boolean): void {
  if (unmark) unmarkAllLost(sk);
  if (sk.priorSsthresh !== 0) {
    sk.sndCwnd = sk.caOps.undoCwnd(now, sk);
    if (sk.priorSsthresh > sk.sndSsthresh) {
      sk.sndSsthresh = sk.priorSsthresh;
      ecnWithdrawCwr(sk);
    }
  }
  sk.sndCwndStamp = now;
  sk.hasUndo = false;
  sk.rackAdvanced = true; // losses are to be judged again
}

/** Takes the mark of loss off everything: nothing was lost. What a timeout had marked is RACK's to judge again. */
function unmarkAllLost(sk: TcpSock): void {
  const again: SkBuff[] = [];
  for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) {
    const sacked = sackedOf(skb);
    if ((sacked & (LOST | LOST_BY_RACK | SACKED_RETRANS)) === LOST) again.push(skb);
    skb.cb[CB_SACKED] = sacked & ~(LOST | LOST_BY_RACK);
  }
  if (sk.sackOk)
    prependSent(
      sk,
      again.sort((a, b) => a.tstamp - b.tstamp || (seqOf(a) - seqOf(b)) | 0),
    );
  sk.lostOut = 0;
  sk.retransmitHint = undefined;
}

/** The end of recovery: with the old window if it was a mistake. True = stay until more is acknowledged. */
export function tryUndoRecovery(now: number, sk: TcpSock): boolean {
  const { TcpExt } = sk.tcp.mib;
  if (mayUndo(sk)) {
    const loss = sk.caState === CA_LOSS;
    undoCwndReduction(now, sk, false);
    if (loss) TcpExt.TCPLossUndo++;
    else TcpExt.TCPFullUndo++;
  } else if (sk.rackReoWndPersist > 0) sk.rackReoWndPersist--;
  if (preventsReopen(sk)) return true;
  setCaState(now, sk, CA_OPEN);
  sk.isSackReneg = false;
  return false;
}

/** Every retransmission was told to have come twice. */
export function tryUndoDsack(now: number, sk: TcpSock): boolean {
  if (!sk.hasUndo || sk.undoRetrans !== 0) return false;
  sk.rackReoWndPersist = Math.min(sk.rackReoWndPersist + 1, TCP_RACK_RECOVERY_THRESH);
  undoCwndReduction(now, sk, false);
  sk.tcp.mib.TcpExt.TCPDSACKUndo++;
  return true;
}

/** In CA_LOSS; `frto`: F-RTO found that the timeout was spurious. */
export function tryUndoLoss(now: number, sk: TcpSock, frto: boolean): boolean {
  if (!frto && !mayUndo(sk)) return false;
  const { TcpExt } = sk.tcp.mib;
  undoCwndReduction(now, sk, true);
  TcpExt.TCPLossUndo++;
  if (frto) TcpExt.TCPSpuriousRTOs++;
  sk.retransmits = 0;
  if (preventsReopen(sk)) return true;
  if (frto || sk.sackOk) {
    setCaState(now, sk, CA_OPEN);
    sk.isSackReneg = false;
  }
  return true;
}

/** A partial ACK of an original that was merely late. True = wait for the retransmissions in flight. */
export function tryUndoPartial(now: number, sk: TcpSock, priorUna: number): boolean {
  if (!sk.hasUndo || !packetDelayed(sk)) return false;
  checkSackReordering(sk, priorUna, 'TCPTSReorder');
  if (sk.retransOut !== 0) return true;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  undoCwndReduction(now, sk, true);
  sk.tcp.mib.TcpExt.TCPPartialUndo++;
  tryKeepOpen(now, sk);
  return false;
}

/**
 * RFC 6582 §3.2 step 1: without SACK the old state holds until something above its end is acknowledged, lest duplicates of the
 * retransmissions start another recovery.
 */
function preventsReopen(sk: TcpSock): boolean {
  if (sk.sackOk || sk.sndUna !== sk.highSeq) return false;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  return true;
}

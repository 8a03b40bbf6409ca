/**
 * What ACKs tell about losses, and what the window does then: RFC 5681, RFC 6582, RFC 3042, without SACK for now. Duplicate ACKs
 * count as delivered segments, so that the window needs no inflation: what is in flight shrinks instead.
 * @module
 */
import { CB_SACKED, LOST, pcountOf, sackedOf } from './cb.ts';
import { currentSsthresh, cwndEvent, inCwndReduction, leftOut, packetsInFlight, setCaState } from './cwnd.ts';
import { currentMss } from './mss.ts';
import { markLost, markTooLarge, xmitRetransmitQueue } from './retransmit.ts';
import { fragment, seglenOf } from './send-queue.ts';
import {
  CA_CWR,
  CA_DISORDER,
  CA_LOSS,
  CA_OPEN,
  CA_RECOVERY,
  TCP_INFINITE_SSTHRESH,
  type TcpSock,
} from './tcb.ts';
import { mayUndo, packetDelayed, undoCwndReduction } from './undo.ts';

/** {@link fastRetransAlert}: nothing to retransmit. */
export const REXMIT_NONE = 0;
/** What is marked as lost, within the window. */
export const REXMIT_LOST = 1;
/** And its first segment in any case. */
export const REXMIT_FORCED = 2;

/**
 * An ACK that is dubious, or came in dubious times (Linux `tcp_fastretrans_alert`). `advanced`: it acknowledged something.
 * `dupacks`: 1 where it is a duplicate. What to retransmit: `REXMIT_*`.
 */
export function fastRetransAlert(now: number, sk: TcpSock, advanced: boolean, dupacks: number): number {
  if (sk.packetsOut === 0) sk.sackedOut = 0;
  if (sk.caState === CA_OPEN) sk.retransStamp = 0;
  else if (((sk.sndUna - sk.highSeq) | 0) >= 0 && endOfEpisode(now, sk)) return REXMIT_NONE;
  switch (sk.caState) {
    case CA_RECOVERY:
      if (!advanced) addRenoSack(sk, dupacks);
      else if (undoPartial(now, sk)) return REXMIT_NONE;
      if (sk.caState === CA_RECOVERY) {
        const marked = newrenoMarkLost(sk, advanced);
        return advanced && marked ? REXMIT_FORCED : REXMIT_LOST;
      }
      break;
    case CA_LOSS: {
      const rexmit = processLoss(now, sk, advanced, dupacks);
      if ((sk.caState as number) !== CA_LOSS) updateRtoTime(now, sk);
      if ((sk.caState as number) !== CA_OPEN) return rexmit;
      break;
    }
    default:
      if (advanced) sk.sackedOut = 0;
      addRenoSack(sk, dupacks);
  }
  newrenoMarkLost(sk, advanced);
  if (sk.lostOut === 0) {
    tryToOpen(now, sk);
    return REXMIT_NONE;
  }
  enterRecovery(now, sk);
  return REXMIT_FORCED;
}

/** Everything that was sent when the episode began is acknowledged. True = nothing more to do. */
function endOfEpisode(now: number, sk: TcpSock): boolean {
  if (sk.caState === CA_CWR) {
    if (sk.sndUna !== sk.highSeq) {
      endCwndReduction(now, sk);
      setCaState(now, sk, CA_OPEN);
    }
  } else if (sk.caState === CA_RECOVERY) {
    sk.sackedOut = 0;
    if (tryUndoRecovery(now, sk)) return true;
    endCwndReduction(now, sk);
  }
  return false;
}

/** A recovery by timeout is over: TCP_INFO tells how long it took. */
function updateRtoTime(now: number, sk: TcpSock): void {
  if (sk.rtoStamp === 0) return;
  sk.totalRtoTime += now - sk.rtoStamp;
  sk.rtoStamp = 0;
}

/** CA_LOSS goes on until all that was in flight is acknowledged, or turns out to have been no loss at all. */
function processLoss(now: number, sk: TcpSock, advanced: boolean, dupacks: number): number {
  if (advanced && tryUndoLoss(now, sk)) return REXMIT_NONE;
  if (((sk.sndUna - sk.highSeq) | 0) >= 0) {
    tryUndoRecovery(now, sk);
    return REXMIT_NONE;
  }
  // A duplicate of what was sent since means that something of it arrived: it clocks out more.
  if (((sk.sndNxt - sk.highSeq) | 0) > 0 && dupacks > 0) addRenoSack(sk, dupacks);
  else if (advanced) sk.sackedOut = 0;
  return REXMIT_LOST;
}

/** RFC 6582 §3.2: the first segment is lost after enough duplicates, and after each partial ACK. Whether it is marked now. */
function newrenoMarkLost(sk: TcpSock, advanced: boolean): boolean {
  const { caState } = sk;
  const due = caState < CA_RECOVERY ? sk.sackedOut >= sk.reordering : caState === CA_RECOVERY && advanced;
  const head = sk.rtxQueue.first;
  if (!due || head === undefined) return false;
  if ((sackedOf(head) & LOST) !== 0) return false;
  const mss = seglenOf(head);
  if (pcountOf(head) > 1 && head.len > mss) fragment(sk, head, mss, mss, true);
  markLost(sk, head);
  return true;
}

/** RFC 5681 §3.2 step 2, 3: half the window; and a mark by which a mistake is noticed. */
function enterRecovery(now: number, sk: TcpSock): void {
  sk.tcp.mib.TcpExt.TCPRenoRecovery++;
  sk.priorSsthresh = 0;
  initUndo(sk);
  if (!inCwndReduction(sk)) {
    sk.priorSsthresh = currentSsthresh(sk);
    initCwndReduction(now, sk);
  }
  setCaState(now, sk, CA_RECOVERY);
  reduceCwnd(now, sk);
}

/** The threshold comes down, and the window with it; proportional reduction (RFC 6937) is for later. */
function initCwndReduction(now: number, sk: TcpSock): void {
  sk.highSeq = sk.sndNxt;
  sk.sndCwndCnt = 0;
  sk.priorCwnd = sk.sndCwnd;
  sk.sndSsthresh = sk.caOps.ssthresh(now, sk);
}

function reduceCwnd(now: number, sk: TcpSock): void {
  sk.sndCwnd = Math.min(sk.sndCwnd, sk.sndSsthresh);
  sk.sndCwndStamp = now;
}

function endCwndReduction(now: number, sk: TcpSock): void {
  if (sk.sndSsthresh < TCP_INFINITE_SSTHRESH && (sk.hasUndo || sk.caState === CA_CWR)) {
    sk.sndCwnd = sk.sndSsthresh;
    sk.sndCwndStamp = now;
  }
  cwndEvent(now, sk, 'COMPLETE_CWR');
}

/** The queues of this host overflow: a reduction without a loss (Linux `tcp_enter_cwr`). */
export function enterCwr(now: number, sk: TcpSock): void {
  sk.priorSsthresh = 0;
  if (sk.caState >= CA_CWR) return;
  sk.hasUndo = false;
  initCwndReduction(now, sk);
  setCaState(now, sk, CA_CWR);
  reduceCwnd(now, sk);
}

/** The timer fired: all that is in flight is taken for lost, the window begins anew (RFC 5681 §3.1, Linux `tcp_enter_loss`). */
export function enterLoss(now: number, sk: TcpSock): void {
  sk.sackedOut = 0;
  for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) markLost(sk, skb);
  sk.retransmitHint = undefined;
  const { caState } = sk;
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
  setCaState(now, sk, CA_LOSS);
  sk.highSeq = sk.sndNxt;
}

function initUndo(sk: TcpSock): void {
  sk.hasUndo = true;
  sk.undoRetrans = sk.retransOut === 0 ? -1 : sk.retransOut;
}

/** A duplicate ACK: one more segment arrived, whichever. */
function addRenoSack(sk: TcpSock, dupacks: number): void {
  if (dupacks === 0) return;
  const before = sk.sackedOut;
  sk.sackedOut += dupacks;
  checkRenoReordering(sk, 0);
  if (sk.sackedOut > before) sk.delivered += sk.sackedOut - before;
}

/** `acked` segments were acknowledged: one was the hole, the others had been counted as duplicate ACKs. */
export function removeRenoSacks(sk: TcpSock, acked: number): void {
  if (acked > 0) {
    sk.delivered += Math.max(acked - sk.sackedOut, 1);
    sk.sackedOut = Math.max(sk.sackedOut - (acked - 1), 0);
  }
  checkRenoReordering(sk, acked);
}

/** More duplicate ACKs than segments can have arrived: they were reordered, or duplicated. */
function checkRenoReordering(sk: TcpSock, addend: number): void {
  if (!limitRenoSacked(sk)) return;
  sk.reordering = Math.min(sk.packetsOut + addend, sk.tcp.sysctl.tcp_max_reordering);
  sk.reordSeen++;
  sk.tcp.mib.TcpExt.TCPRenoReorder++;
}

function limitRenoSacked(sk: TcpSock): boolean {
  const holes = Math.min(Math.max(sk.lostOut, 1), sk.packetsOut);
  if (sk.sackedOut + holes <= sk.packetsOut) return false;
  sk.sackedOut = sk.packetsOut - holes;
  return true;
}

/** Nothing is lost for sure: Open or Disorder. */
function tryToOpen(now: number, sk: TcpSock): void {
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  if (sk.caState !== CA_CWR) tryKeepOpen(now, sk);
}

function tryKeepOpen(now: number, sk: TcpSock): void {
  const state = leftOut(sk) > 0 || anyRetransDone(sk) ? CA_DISORDER : CA_OPEN;
  if (sk.caState === state) return;
  setCaState(now, sk, state);
  sk.highSeq = sk.sndNxt;
}

function anyRetransDone(sk: TcpSock): boolean {
  if (sk.retransOut > 0) return true;
  const head = sk.rtxQueue.first;
  return head !== undefined && (sackedOf(head) & 0x80) !== 0;
}

/** The end of recovery: with the old window if it was a mistake. True = stay until more is acknowledged. */
function tryUndoRecovery(now: number, sk: TcpSock): boolean {
  const { TcpExt } = sk.tcp.mib;
  if (mayUndo(sk)) {
    const loss = sk.caState === CA_LOSS;
    undoCwndReduction(now, sk, false);
    if (loss) TcpExt.TCPLossUndo++;
    else TcpExt.TCPFullUndo++;
  }
  if (preventsReopen(sk)) return true;
  setCaState(now, sk, CA_OPEN);
  return false;
}

function tryUndoLoss(now: number, sk: TcpSock): boolean {
  if (!mayUndo(sk)) return false;
  undoCwndReduction(now, sk, true);
  sk.tcp.mib.TcpExt.TCPLossUndo++;
  sk.retransmits = 0;
  preventsReopen(sk);
  return true;
}

/** A partial ACK of an original that was merely late. True = wait for the retransmissions in flight. */
function undoPartial(now: number, sk: TcpSock): boolean {
  if (!sk.hasUndo || !packetDelayed(sk)) return false;
  if (sk.retransOut !== 0) return true;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  undoCwndReduction(now, sk, true);
  sk.tcp.mib.TcpExt.TCPPartialUndo++;
  tryKeepOpen(now, sk);
  return false;
}

/** RFC 6582 §3.2 step 1: without SACK the old state holds until something above its end is acknowledged, lest duplicates of the retransmissions start another recovery. */
function preventsReopen(sk: TcpSock): boolean {
  if (sk.sndUna !== sk.highSeq) return false;
  if (!anyRetransDone(sk)) sk.retransStamp = 0;
  return true;
}

/** The path MTU shrank: what is too large for it is sent again at once, and the window stays as it is. */
export function simpleRetransmit(now: number, sk: TcpSock): void {
  markTooLarge(sk, currentMss(now, sk));
  sk.retransmitHint = undefined;
  if (sk.lostOut === 0) return;
  limitRenoSacked(sk);
  if (sk.caState !== CA_LOSS) {
    sk.highSeq = sk.sndNxt;
    sk.sndSsthresh = currentSsthresh(sk);
    sk.priorSsthresh = 0;
    sk.hasUndo = false;
    setCaState(now, sk, CA_LOSS);
  }
  xmitRetransmitQueue(now, sk, false);
}

/** Takes the mark of loss off everything: nothing was lost. */
export function unmarkAllLost(sk: TcpSock): void {
  for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) {
    skb.cb[CB_SACKED] = sackedOf(skb) & ~LOST;
  }
  sk.lostOut = 0;
  sk.retransmitHint = undefined;
}

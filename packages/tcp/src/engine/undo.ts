/**
 * Taking back a reduction of the window that was a mistake: the echoed timestamps tell that the original arrived (Eifel, RFC 3522, RFC 4015).
 * @module
 */
import { unmarkAllLost } from './recovery.ts';
import { SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { tsClock } from './transmit.ts';

/** Whether nothing of this episode was lost, as far as is known now. */
export function mayUndo(sk: TcpSock): boolean {
  return sk.hasUndo && (sk.undoRetrans === 0 || packetDelayed(sk));
}

/** Whether what was acknowledged is older than the first retransmission. */
export function packetDelayed(sk: TcpSock): boolean {
  if (sk.retransStamp !== 0) {
    return sk.sawTstamp && sk.rcvTsecr !== 0 && ((sk.rcvTsecr - tsClock(sk.retransStamp)) | 0) < 0;
  }
  // Nothing was retransmitted yet, and the ACK came. But at the end of an episode without SACK the stamp is gone early.
  return ((sk.sndUna - sk.highSeq) | 0) < 0 && sk.state !== SYN_SENT;
}

/** The handshake's ACK echoes the very first SYN, or SYN-ACK: that its timer fired meant no loss. */
export function undoSpuriousSyn(sk: TcpSock): void {
  if (sk.retransStamp !== 0 && sk.sawTstamp && sk.rcvTsecr === tsClock(sk.retransStamp)) sk.hasUndo = false;
}

/** Restores window and threshold. `unmark`: what is marked as lost is not. */
export function undoCwndReduction(now: number, sk: TcpSock, unmark: boolean): void {
  if (unmark) unmarkAllLost(sk);
  if (sk.priorSsthresh !== 0) {
    sk.sndCwnd = sk.caOps.undoCwnd(now, sk);
    if (sk.priorSsthresh > sk.sndSsthresh) sk.sndSsthresh = sk.priorSsthresh;
  }
  sk.sndCwndStamp = now;
  sk.hasUndo = false;
}

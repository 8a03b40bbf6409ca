/**
 * Reno: RFC 5681, the algorithm that is always there.
 * @module
 */
import type { CongestionOps } from './cong.ts';
import { inSlowStart, isCwndLimited } from './cwnd.ts';
import type { TcpSock } from './tcb.ts';

/** Slow start: a segment for each one acknowledged, up to the threshold. What is left of `acked` beyond it. */
export function slowStart(sk: TcpSock, acked: number): number {
  const cwnd = Math.min(sk.sndCwnd + acked, sk.sndSsthresh);
  const left = acked - (cwnd - sk.sndCwnd);
  sk.sndCwnd = Math.min(cwnd, sk.sndCwndClamp);
  return left;
}

/** Additive increase: one segment for every `window` acknowledged. */
export function congAvoidAi(sk: TcpSock, window: number, acked: number): void {
  // Credit from a time when the window was larger makes one segment, not several.
  if (sk.sndCwndCnt >= window) {
    sk.sndCwndCnt = 0;
    sk.sndCwnd++;
  }
  sk.sndCwndCnt += acked;
  if (sk.sndCwndCnt >= window) {
    const more = Math.floor(sk.sndCwndCnt / window);
    sk.sndCwndCnt -= more * window;
    sk.sndCwnd += more;
  }
  sk.sndCwnd = Math.min(sk.sndCwnd, sk.sndCwndClamp);
}

/** Half of what is in the window, at least two (RFC 5681 (4)). */
export function renoSsthresh(_now: number, sk: TcpSock): number {
  return Math.max(sk.sndCwnd >> 1, 2);
}

/** RFC 5681 §3.1, only while the window is what limits sending. */
export function renoCongAvoid(_now: number, sk: TcpSock, _ack: number, acked: number): void {
  if (!isCwndLimited(sk)) return;
  let left = acked;
  if (inSlowStart(sk)) {
    left = slowStart(sk, left);
    if (left === 0) return;
  }
  congAvoidAi(sk, sk.sndCwnd, left);
}

/** The window before the loss. */
export function renoUndoCwnd(_now: number, sk: TcpSock): number {
  return Math.max(sk.sndCwnd, sk.priorCwnd);
}

/** The algorithm `reno`. */
export const reno: CongestionOps = {
  name: 'reno',
  ssthresh: renoSsthresh,
  congAvoid: renoCongAvoid,
  undoCwnd: renoUndoCwnd,
};

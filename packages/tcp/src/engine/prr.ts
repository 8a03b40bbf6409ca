/**
 * Proportional rate reduction: RFC 6937bis (Linux `tcp_cwnd_reduction`). In a reduction the window is what is in flight and what may be
 * sent for what this ACK delivered: so that at its end it is the threshold, without a pause and without a burst.
 * @module
 */
import { cwndEvent, inCwndReduction, packetsInFlight, setCaState } from './cwnd.ts';
import { ecnQueueCwr } from './ecn.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import { CA_CWR } from './tcb-values.ts';

/** The threshold comes down; what is acknowledged from now on brings the window to it. */
export function initCwndReduction(now: number, sk: TcpSock): void {
  sk.highSeq = sk.sndNxt;
  sk.tlpHighSeq = undefined;
  sk.sndCwndCnt = 0;
  sk.priorCwnd = sk.sndCwnd;
  sk.prrDelivered = 0;
  sk.prrOut = 0;
  sk.sndSsthresh = sk.caOps.ssthresh(now, sk);
  ecnQueueCwr(sk);
}

/** An ACK delivered `delivered` segments and showed that `lost` are lost. `advanced`: it advanced SND.UNA. */
export function cwndReduction(sk: TcpSock, delivered: number, lost: number, advanced: boolean): void {
  if (delivered <= 0 || sk.priorCwnd === 0) return;
  const inFlight = packetsInFlight(sk);
  const room = sk.sndSsthresh - inFlight;
  sk.prrDelivered += delivered;
  let count: number;
  if (room < 0) {
    // Above the threshold: as many for each delivered as the threshold is of the window.
    count = Math.ceil((sk.sndSsthresh * sk.prrDelivered) / sk.priorCwnd) - sk.prrOut;
  } else {
    // Below it: what was delivered, and one more while it goes well (slow start); else losses alone would decide.
    count = Math.max(sk.prrDelivered - sk.prrOut, delivered);
    if (advanced && lost === 0) count++;
    count = Math.min(room, count);
  }
  // The fast retransmit itself waits for nothing.
  count = Math.max(count, sk.prrOut === 0 ? 1 : 0);
  sk.sndCwnd = inFlight + count;
}

/** The reduction is over: the window is the threshold, unless all was a mistake. */
export function endCwndReduction(now: number, sk: TcpSock): void {
  if (sk.caOps.congControl !== undefined) return;
  if (sk.sndSsthresh < TCP_INFINITE_SSTHRESH && (sk.caState === CA_CWR || sk.hasUndo)) {
    sk.sndCwnd = sk.sndSsthresh;
    sk.sndCwndStamp = now;
  }
  cwndEvent(now, sk, 'COMPLETE_CWR');
}

/** Congestion without a loss, marked or in the queues of this host: a reduction, once in a window (Linux `tcp_enter_cwr`). */
export function enterCwr(now: number, sk: TcpSock): void {
  sk.priorSsthresh = 0;
  if (sk.caState >= CA_CWR) return;
  sk.hasUndo = false;
  initCwndReduction(now, sk);
  setCaState(now, sk, CA_CWR);
}

/** `count` segments were sent: in a reduction that is kept account of. */
export function prrSent(sk: TcpSock, count: number): void {
  if (inCwndReduction(sk)) sk.prrOut += count;
}

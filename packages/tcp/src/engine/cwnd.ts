/**
 * The congestion window between losses: how it is used, what it is after idleness, when it is reduced without a loss.
 * @module
 */
import { ackState, FLAG_ECE } from './ack-flags.ts';
import { CHRONO_SNDBUF, chronoStart } from './chrono.ts';
import type { CongestionEvent } from './cong.ts';
import { initialCwnd } from './mss.ts';
import { CLOSE_WAIT, ESTABLISHED } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { CA_CWR, CA_OPEN, CA_RECOVERY } from './tcb-values.ts';

/** Segments that left the network for sure or perhaps: delivered out of order, or lost. */
export function leftOut(sk: TcpSock): number {
  return sk.sackedOut + sk.lostOut;
}

/** Segments in the network (RFC 6675's pipe). */
export function packetsInFlight(sk: TcpSock): number {
  return sk.packetsOut - sk.sackedOut - sk.lostOut + sk.retransOut;
}

export function inSlowStart(sk: TcpSock): boolean {
  return sk.sndCwnd < sk.sndSsthresh;
}

/** `count` more segments were delivered, as an ACK tells that may tell of congestion too. */
export function countDelivered(sk: TcpSock, count: number): void {
  sk.delivered += count;
  if ((ackState.flag & FLAG_ECE) !== 0 && sk.accecn === undefined) sk.deliveredCe += count;
}

/** The window is being reduced, so nothing else may change it. */
export function inCwndReduction(sk: TcpSock): boolean {
  return sk.caState === CA_CWR || sk.caState === CA_RECOVERY;
}

export function cwndEvent(now: number, sk: TcpSock, event: CongestionEvent): void {
  sk.caOps.cwndEvent?.(now, sk, event);
}

/** Changes `sk.caState` and tells the algorithm. */
export function setCaState(now: number, sk: TcpSock, state: number): void {
  sk.caOps.setState?.(now, sk, state);
  sk.caState = state;
}

/** The threshold to remember: three quarters of a window that was proven. */
export function currentSsthresh(sk: TcpSock): number {
  if (inCwndReduction(sk)) return sk.sndSsthresh;
  return Math.max(sk.sndSsthresh, (sk.sndCwnd >> 1) + (sk.sndCwnd >> 2));
}

/** Whether a window that is not used becomes a guess again: `tcp_slow_start_after_idle`, and not for an algorithm with a model. */
export function shrinksWhenIdle(sk: TcpSock): boolean {
  return sk.tcp.sysctl.tcp_slow_start_after_idle !== 0 && sk.caOps.congControl === undefined;
}

/** RFC 2861: halves the window for each RTO without a packet, down to the initial one. */
export function cwndRestart(now: number, sk: TcpSock, idle: number, initial: number): void {
  const floor = Math.min(initial, sk.sndCwnd);
  cwndEvent(now, sk, 'CWND_RESTART');
  sk.sndSsthresh = currentSsthresh(sk);
  let cwnd = sk.sndCwnd;
  for (let left = idle - sk.rto; left > 0 && cwnd > floor; left -= sk.rto) cwnd >>= 1;
  sk.sndCwnd = Math.max(cwnd, floor);
  sk.sndCwndStamp = now;
  sk.sndCwndUsed = 0;
}

/** Whether the window is what holds sending back, so that growing it makes sense (RFC 7661's question). */
export function isCwndLimited(sk: TcpSock): boolean {
  if (sk.isCwndLimited) return true;
  // In slow start it may grow to twice what was acknowledged.
  return inSlowStart(sk) && sk.sndCwnd < 2 * sk.maxPacketsOut;
}

/** After sending: notes how much of the window was used, and shrinks one that was not for an RTO. */
export function cwndValidate(now: number, sk: TcpSock, limited: boolean): void {
  if (
    ((sk.sndUna - sk.cwndUsageSeq) | 0) >= 0 ||
    limited ||
    (!sk.isCwndLimited && sk.packetsOut > sk.maxPacketsOut)
  ) {
    sk.isCwndLimited = limited;
    sk.maxPacketsOut = sk.packetsOut;
    sk.cwndUsageSeq = sk.sndNxt;
  }
  if (isCwndLimited(sk)) {
    sk.sndCwndUsed = 0;
    sk.sndCwndStamp = now;
    return;
  }
  if (sk.packetsOut > sk.sndCwndUsed) sk.sndCwndUsed = sk.packetsOut;
  if (shrinksWhenIdle(sk) && now - sk.sndCwndStamp >= sk.rto) applicationLimited(now, sk);
  if (
    sk.noSpace &&
    sk.writeQueue.first === undefined &&
    (sk.state === ESTABLISHED || sk.state === CLOSE_WAIT)
  ) {
    chronoStart(now, sk, CHRONO_SNDBUF);
  }
}

function applicationLimited(now: number, sk: TcpSock): void {
  if (sk.caState === CA_OPEN && !sk.noSpace) {
    const used = Math.max(sk.sndCwndUsed, initialCwnd(sk));
    if (used < sk.sndCwnd) {
      sk.sndSsthresh = currentSsthresh(sk);
      sk.sndCwnd = (sk.sndCwnd + used) >> 1;
    }
    sk.sndCwndUsed = 0;
  }
  sk.sndCwndStamp = now;
}

/**
 * What a connection begins its transfer with, opened from either side.
 * @module
 */
import { chooseCongestion } from './congestion.ts';
import { initMetrics } from './metrics-use.ts';
import { initialCwnd } from './mss.ts';
import { initMtuProbing } from './mtu-probe.ts';
import { updatePacingRate } from './pacing.ts';
import { initRcvSpace } from './rcvbuf.ts';
import { expandSndbuf } from './sndbuf.ts';
import { ESTABLISHED, setState } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { armKeepalive, keepaliveTime } from './timer.ts';
import { initBufferSpace } from './window.ts';

/** At the start of data transfer: windows and buffers (Linux `tcp_init_transfer`). */
export function initTransfer(now: number, sk: TcpSock): void {
  initMtuProbing(now, sk);
  initMetrics(now, sk);
  // RFC 5681 §3.1: one segment after a SYN that was lost more than once.
  sk.sndCwnd = sk.totalRetrans > 1 && sk.hasUndo ? 1 : initialCwnd(sk);
  sk.sndCwndStamp = now;
  chooseCongestion(now, sk);
  if ((sk.userlocks & 1) === 0) expandSndbuf(sk);
  initBufferSpace(sk);
  initRcvSpace(now, sk);
  updatePacingRate(sk);
}

/** An active open is over (Linux `tcp_finish_connect`). */
export function finishConnect(now: number, sk: TcpSock): void {
  setState(sk, ESTABLISHED);
  sk.lrcvtime = now;
  initTransfer(now, sk);
  sk.lsndtime = now;
  if (sk.keepOpen) armKeepalive(sk, now + keepaliveTime(sk));
}

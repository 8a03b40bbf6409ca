/**
 * What a connection begins its transfer with, opened from either side.
 * @module
 */
import { chooseCongestion } from './congestion.ts';
import { updatePacingRate } from './cwnd.ts';
import { initialCwnd } from './mss.ts';
import { initRcvSpace } from './rcvbuf.ts';
import { TCP_TIMEOUT_FALLBACK } from './rtt.ts';
import { expandSndbuf } from './sndbuf.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import { initBufferSpace } from './window.ts';

/** At the start of data transfer: windows and buffers (Linux `tcp_init_transfer`). */
export function initTransfer(now: number, sk: TcpSock): void {
  if (sk.srtt === 0) {
    // RFC 6298 (5.7): nothing was measured, as the SYN was retransmitted.
    sk.rttvar = TCP_TIMEOUT_FALLBACK;
    sk.mdev = TCP_TIMEOUT_FALLBACK;
    sk.mdevMax = TCP_TIMEOUT_FALLBACK;
    sk.rto = TCP_TIMEOUT_FALLBACK;
  }
  // RFC 5681 §3.1: one segment after a SYN that was lost more than once. The threshold says nothing of the path yet.
  sk.sndCwnd = sk.totalRetrans > 1 && sk.hasUndo ? 1 : initialCwnd(sk);
  sk.sndCwndStamp = now;
  sk.sndSsthresh = TCP_INFINITE_SSTHRESH;
  chooseCongestion(now, sk);
  if ((sk.userlocks & 1) === 0) expandSndbuf(sk);
  initBufferSpace(sk);
  initRcvSpace(now, sk);
  updatePacingRate(sk);
}

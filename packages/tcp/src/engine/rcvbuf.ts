/**
 * Dynamic right-sizing: a receive buffer that nobody set follows what the application takes in a round trip, so that the window never is what
 * limits (Linux `tcp_rcv_space_adjust`). The round trip is the sender's, as the receiver sees it.
 * @module
 */
import { endSeqOf } from './cb.ts';
import { TCP_INIT_CWND } from './mss.ts';
import { rttFromTimestamp } from './rtt.ts';
import type { TcpSock } from './tcb.ts';
import { clampTo, spaceFromWin, winFromSpace } from './window.ts';

/** At the start of a connection: an initial window is expected. */
export function initRcvSpace(now: number, sk: TcpSock): void {
  sk.rcvqSpace = Math.min(sk.rcvSsthresh, sk.rcvWnd, TCP_INIT_CWND * sk.advmss);
  sk.rcvqSeq = sk.copiedSeq;
  sk.rcvqTime = now;
}

/** Without timestamps: a window takes a round trip to arrive, or longer. Told of every segment with data. */
export function rcvRttMeasure(now: number, sk: TcpSock): void {
  if (sk.rcvRttTime >= 0) {
    if (((sk.rcvNxt - sk.rcvRttSeq) | 0) < 0) return;
    const rtt = Math.max(now - sk.rcvRttTime, 1) << 3;
    if (sk.rcvRtt === 0 || rtt < sk.rcvRtt) sk.rcvRtt = rtt;
  }
  sk.rcvRttSeq = (sk.rcvNxt + sk.rcvWnd) | 0;
  sk.rcvRttTime = now;
}

/** With timestamps: the echo of a full segment that answers a new one of ours. */
export function rcvRttMeasureTs(now: number, sk: TcpSock, len: number): void {
  if (sk.rcvTsecr === sk.rcvRttTsecr) return;
  sk.rcvRttTsecr = sk.rcvTsecr;
  if (len < sk.rcvMss) return;
  const rtt = rttFromTimestamp(now, sk);
  if (rtt < 0) return;
  sk.rcvRtt = sk.rcvRtt === 0 ? rtt << 3 : Math.max(sk.rcvRtt + rtt - (sk.rcvRtt >> 3), 1);
}

/** The application has read: once in a round trip, the buffer is judged by how much. */
export function rcvSpaceAdjust(now: number, sk: TcpSock): void {
  if (sk.rcvRtt === 0 || now - sk.rcvqTime < sk.rcvRtt >> 3) return;
  const copied = (sk.copiedSeq - sk.rcvqSeq) | 0;
  if (copied > sk.rcvqSpace) growRcvbuf(sk, copied);
  sk.rcvqSeq = sk.copiedSeq;
  sk.rcvqTime = now;
}

/**
 * `space` bytes were taken in a round trip: room for twice as many, for the sender may double its rate in the next, for as much again as it
 * rose, and for what waits behind a gap; at most `tcp_rmem[2]`.
 */
export function growRcvbuf(sk: TcpSock, space: number): void {
  const before = sk.rcvqSpace;
  sk.rcvqSpace = space;
  const { sysctl } = sk.tcp;
  if (sysctl.tcp_moderate_rcvbuf === 0 || (sk.userlocks & 2) !== 0) return;
  let window = 2 * space;
  if (before > 0) window += (window * (space - before)) / before;
  const last = sk.ofoQueue?.last;
  if (last !== undefined) window += (endSeqOf(last) - sk.rcvNxt) | 0;
  const rcvbuf = Math.min(spaceFromWin(sk, window), sysctl.tcp_rmem[2]);
  if (rcvbuf <= sk.rcvbuf) return;
  sk.rcvbuf = rcvbuf;
  clampTo(sk, winFromSpace(sk, rcvbuf));
}

/**
 * What a connection takes from the paths that are remembered, and leaves there (Linux `tcp_init_metrics`, `tcp_update_metrics`).
 * @module
 */
import { inSlowStart } from './cwnd.ts';
import type { PathMetrics } from './metrics.ts';
import { LOCK_CWND, LOCK_REORDERING, LOCK_RTT, LOCK_RTTVAR, LOCK_SSTHRESH } from './ports.ts';
import { rtoMin, TCP_TIMEOUT_FALLBACK } from './rtt.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import { CA_OPEN } from './tcb-values.ts';

/** At the start of a transfer: threshold, reordering, and a timeout that suits data, which a SYN is too small to measure. */
export function initMetrics(now: number, sk: TcpSock): void {
  // What the handshake made of the threshold says nothing of the path.
  sk.sndSsthresh = TCP_INFINITE_SSTHRESH;
  const { dst } = sk;
  const known =
    dst === undefined ? undefined : sk.tcp.metrics.find(now, sk.family, sk.saddr, sk.daddr, dst.metrics);
  if (known !== undefined) {
    if ((known.locks & LOCK_CWND) !== 0) sk.sndCwndClamp = known.cwnd;
    if (known.ssthresh !== 0 && sk.tcp.sysctl.tcp_no_ssthresh_metrics_save === 0) {
      sk.sndSsthresh = Math.min(known.ssthresh, sk.sndCwndClamp);
    }
    if (known.reordering !== 0) sk.reordering = known.reordering;
  }
  const cached = known === undefined ? 0 : known.rtt;
  if (cached > sk.srtt) {
    const rtt = cached >> 3;
    sk.rto = rtt + Math.max(2 * rtt, rtoMin(sk));
  } else if (sk.srtt === 0) {
    // RFC 6298 (5.7): nothing was measured, as the SYN was retransmitted.
    sk.rttvar = TCP_TIMEOUT_FALLBACK;
    sk.mdev = TCP_TIMEOUT_FALLBACK;
    sk.mdevMax = TCP_TIMEOUT_FALLBACK;
    sk.rto = TCP_TIMEOUT_FALLBACK;
  }
}

/** At the end of a connection that was closed in order. */
export function saveMetrics(now: number, sk: TcpSock): void {
  const { metrics, sysctl } = sk.tcp;
  if (sysctl.tcp_no_metrics_save !== 0 || sk.dst === undefined) return;
  if (sk.backoff !== 0 || sk.srtt === 0) {
    // No answer came in time: what is remembered of the round trip is not to be trusted either.
    const known = metrics.find(now, sk.family, sk.saddr, sk.daddr, sk.dst.metrics);
    if (known !== undefined && (known.locks & LOCK_RTT) === 0) known.rtt = 0;
    return;
  }
  const entry = metrics.make(now, sk.family, sk.saddr, sk.daddr, sk.dst.metrics);
  saveRtt(entry, sk);
  saveWindow(entry, sk, sysctl.tcp_no_ssthresh_metrics_save === 0 && (entry.locks & LOCK_SSTHRESH) === 0);
  entry.stamp = now;
}

/** A longer round trip is believed at once, a shorter one by an eighth: to be too patient is better than not enough. */
function saveRtt(entry: PathMetrics, sk: TcpSock): void {
  const less = entry.rtt - sk.srtt;
  if ((entry.locks & LOCK_RTT) === 0) entry.rtt = less <= 0 ? sk.srtt : entry.rtt - (less >> 3);
  if ((entry.locks & LOCK_RTTVAR) !== 0) return;
  const deviation = Math.max(Math.abs(less) >> 1, sk.mdev);
  if (deviation >= entry.rttvar) entry.rttvar = deviation;
  else entry.rttvar -= (entry.rttvar - deviation) >> 2;
}

function setCwnd(entry: PathMetrics, cwnd: number): void {
  if ((entry.locks & LOCK_CWND) === 0) entry.cwnd = cwnd;
}

/** Window and threshold, as far as the connection came to know the path. */
function saveWindow(entry: PathMetrics, sk: TcpSock, threshold: boolean): void {
  const half = sk.sndCwnd >> 1;
  if (sk.sndSsthresh >= TCP_INFINITE_SSTHRESH) {
    // Nothing was ever lost.
    if (threshold && entry.ssthresh !== 0 && half > entry.ssthresh) entry.ssthresh = half;
    setCwnd(entry, Math.max(entry.cwnd, sk.sndCwnd));
  } else if (!inSlowStart(sk) && sk.caState === CA_OPEN) {
    if (threshold) entry.ssthresh = Math.max(half, sk.sndSsthresh);
    setCwnd(entry, (entry.cwnd + sk.sndCwnd) >> 1);
  } else {
    setCwnd(entry, (entry.cwnd + sk.sndSsthresh) >> 1);
    if (threshold && entry.ssthresh !== 0 && sk.sndSsthresh > entry.ssthresh) entry.ssthresh = sk.sndSsthresh;
    if ((entry.locks & LOCK_REORDERING) !== 0) return;
    if (entry.reordering < sk.reordering && sk.reordering !== sk.tcp.sysctl.tcp_reordering) {
      entry.reordering = sk.reordering;
    }
  }
}

/**
 * The round-trip time and the retransmission timeout: RFC 6298 with Linux's variance, which never lets the timeout fall below the RTT
 * plus `tcp_rto_min_us` and follows a falling RTT slowly.
 * @module
 */

import { ackState, FLAG_ACK_MAYBE_DELAYED, FLAG_ACKED } from './ack-flags.ts';
import { rateSample } from './rate.ts';
import type { TcpSock } from './tcb.ts';
import { tsClock } from './transmit.ts';
import { WindowedMax } from './windowed-max.ts';

/** Timeout before the first measurement, µs (RFC 6298 (2.1)). */
export const TCP_TIMEOUT_INIT = 1_000_000;
/** Timeout of a connection whose SYN was retransmitted, so that nothing could be measured, µs (RFC 6298 (5.7)). */
export const TCP_TIMEOUT_FALLBACK = 3_000_000;
const MILLISECOND = 1000;
/** Ticks of the timestamp clock beyond which an echo is nonsense: 2^31 µs. */
const MAX_ECHO_AGE = 2_147_483;

/** Lower bound on the timeout, µs. */
export function rtoMin(sk: TcpSock): number {
  const route = sk.dst === undefined ? 0 : sk.dst.metrics.rto_min;
  return route !== 0 ? route * 1000 : sk.tcp.sysctl.tcp_rto_min_us;
}

/** Upper bound on the timeout, µs. */
export function rtoMax(sk: TcpSock): number {
  return sk.rtoMaxUs !== 0 ? sk.rtoMaxUs : sk.tcp.sysctl.tcp_rto_max_ms * 1000;
}

/** Largest measurement, µs: eight times it is an int32. */
const MAX_RTT = 0x0fff_ffff;

/** Takes in one measurement, µs. */
export function rttEstimate(sk: TcpSock, sample: number): void {
  const rtt = Math.min(sample, MAX_RTT);
  const least = rtoMin(sk);
  if (sk.srtt === 0) {
    // RFC 6298 (2.2): SRTT <- R, RTTVAR <- R/2 (four times of which is 2R).
    sk.srtt = Math.max(rtt << 3, 1);
    sk.mdev = rtt << 1;
    sk.rttvar = Math.max(sk.mdev, least);
    sk.mdevMax = sk.rttvar;
    sk.rttSeq = sk.sndNxt;
    return;
  }
  const error = rtt - (sk.srtt >> 3);
  sk.srtt = Math.max(sk.srtt + error, 1); // (2.3): alpha = 1/8
  let deviation = Math.abs(error) - (sk.mdev >> 2);
  // A falling RTT must not look like variance: take it in at an eighth.
  if (error < 0 && deviation > 0) deviation >>= 3;
  sk.mdev += deviation; // beta = 1/4
  if (sk.mdev > sk.mdevMax) {
    sk.mdevMax = sk.mdev;
    if (sk.mdevMax > sk.rttvar) sk.rttvar = sk.mdevMax;
  }
  if (((sk.sndUna - sk.rttSeq) | 0) <= 0) return;
  // A round trip is over: the greatest deviation in it is what counts, and it decays by a quarter.
  if (sk.mdevMax < sk.rttvar) sk.rttvar -= (sk.rttvar - sk.mdevMax) >> 2;
  sk.rttSeq = sk.sndNxt;
  sk.mdevMax = least;
}

/** RFC 6298 (2.3), (2.4): what the measurements make the timeout. */
export function setRto(sk: TcpSock): void {
  sk.rto = Math.min((sk.srtt >> 3) + sk.rttvar, rtoMax(sk));
}

/** Takes in an RTT: the least of the last `tcp_min_rtt_wlen` seconds is remembered, by a filter from the first one on that is not the least. */
function updateMinRtt(now: number, sk: TcpSock, measured: number): void {
  const { minRtt } = sk;
  if ((ackState.flag & FLAG_ACK_MAYBE_DELAYED) !== 0 && minRtt >= 0 && measured > minRtt) return;
  const rtt = measured === 0 ? MILLISECOND : measured;
  const ms = Math.floor(now / MILLISECOND);
  if (sk.minRttFilter === undefined) {
    if (minRtt < 0 || rtt <= minRtt) {
      sk.minRtt = rtt;
      sk.minRttStamp = ms;
      return;
    }
    sk.minRttFilter = new WindowedMax();
    sk.minRttFilter.reset(sk.minRttStamp, -minRtt);
  }
  sk.minRttFilter.update(sk.tcp.sysctl.tcp_min_rtt_wlen * 1000, ms, -rtt);
  sk.minRtt = -sk.minRttFilter.value;
}

/** The RTT that the echoed timestamp tells, µs; -1 = none (RFC 7323 §4). */
export function rttFromTimestamp(now: number, sk: TcpSock): number {
  if (!sk.sawTstamp || sk.rcvTsecr === 0) return -1;
  const ticks = (tsClock(now) - sk.rcvTsecr) | 0;
  if (ticks < 0 || ticks > MAX_ECHO_AGE) return -1;
  return Math.max(ticks, 1) * 1000;
}

/**
 * Takes in what an ACK measured, µs, -1 = nothing: `seqRtt` of the first segment it acknowledged, `sackRtt` of the first that SACK told
 * of, `caRtt` of the last of either. Where it measured nothing the timestamps are asked. Whether there was any.
 */
export function ackUpdateRtt(
  now: number,
  sk: TcpSock,
  seqRtt: number,
  sackRtt: number,
  caRtt: number,
): boolean {
  let rtt = seqRtt < 0 ? sackRtt : seqRtt;
  let least = caRtt;
  if (rtt < 0 && (ackState.flag & FLAG_ACKED) !== 0) {
    rtt = rttFromTimestamp(now, sk);
    least = rtt;
  }
  rateSample.rtt = least;
  return takeRtt(now, sk, rtt, least);
}

function takeRtt(now: number, sk: TcpSock, rtt: number, least: number): boolean {
  if (rtt < 0) return false;
  updateMinRtt(now, sk, least);
  rttEstimate(sk, rtt);
  setRto(sk);
  sk.backoff = 0; // (5.7): only a measurement ends the backoff
  return true;
}

/** The handshake's RTT, of a passive open: `sent` is when the SYN-ACK was sent, 0 where it was sent again (Karn). */
export function synackRtt(now: number, sk: TcpSock, sent: number): void {
  const rtt = sent === 0 ? rttFromTimestamp(now, sk) : now - sent;
  takeRtt(now, sk, rtt, rtt);
}

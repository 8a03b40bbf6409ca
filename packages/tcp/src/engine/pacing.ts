/**
 * Pacing: each transmission has an earliest departure time, and the next one's is as much later as its bytes take at `sk.pacingRate`
 * (draft-cardwell-iccrg-bbr-congestion-control-00 §3.1.2, Linux's "earliest departure time" model). Below an fq it is the queue that
 * waits for that time; elsewhere a timer of the socket does.
 * @module
 */
import { SK_PACING_NEEDED, SK_PACING_NONE } from '@stack/skbuff/sock';
import type { TcpSock } from './tcb.ts';
import { tsqHandler } from './tsq.ts';

/** A super-packet, and what may wait below, take what is sent in a millisecond: 1 / 2^`sk_pacing_shift` s. */
const QUANTA_PER_SECOND = 1024;
/** Segments that leave at once, whatever the rate. */
const UNPACED_SEGMENTS = 10;
const NS = 1_000_000_000;
/** 8 (for {@link TcpSock.srtt}) times a second in µs, per percent. */
const SRTT_PERCENT = 80_000;

/** Bytes that are sent in a millisecond; Infinity where nothing is known of the rate. */
export function pacingQuantum(sk: TcpSock): number {
  return Math.floor(sk.pacingRate / QUANTA_PER_SECOND);
}

/** Has the socket pace itself, unless the queue below does. */
export function needPacing(sk: TcpSock): void {
  if (sk.pacingStatus === SK_PACING_NONE) sk.pacingStatus = SK_PACING_NEEDED;
}

/** When the packet that is being sent may leave, µs: now, or when pacing says. */
export function departureTime(now: number, sk: TcpSock): number {
  const ns = now * 1000;
  if (ns >= sk.wstampNs) {
    sk.wstampNs = ns;
    return now;
  }
  return Math.ceil(sk.wstampNs / 1000);
}

/** `bytes` were sent: says when the next packet may leave. `prior`: what `wstampNs` was before this one. */
export function paceNext(sk: TcpSock, bytes: number, prior: number): void {
  if (sk.pacingStatus === SK_PACING_NONE) return;
  const rate = sk.pacingRate;
  if (rate === Number.POSITIVE_INFINITY || rate === 0 || sk.dataSegsOut < UNPACED_SEGMENTS) return;
  const ns = Math.floor((bytes * NS) / rate);
  // A packet that left late, because its timer was, lets the next one catch up, by half of its time at most.
  const credit = sk.wstampNs - prior;
  sk.wstampNs += ns - Math.min(Math.floor(ns / 2), credit);
}

/** Whether nothing may be sent yet. Then sending goes on when it may. */
export function isPaced(now: number, sk: TcpSock): boolean {
  if (sk.pacingStatus !== SK_PACING_NEEDED || sk.wstampNs <= now * 1000) return false;
  sk.pacingTimer ??= sk.tcp.timers.timer(tsqHandler, sk);
  if (!sk.pacingTimer.pending) sk.pacingTimer.mod(Math.ceil(sk.wstampNs / 1000));
  return true;
}

/** µs that the next packet has to wait. */
export function pacingDelay(now: number, sk: TcpSock): number {
  return Math.max(Math.floor(sk.wstampNs / 1000) - now, 0);
}

/**
 * After an ACK: the window in a round trip, and a fifth more, so that it does not limit; twice that in the first half of slow start
 * (`tcp_pacing_ca_ratio`, `tcp_pacing_ss_ratio`). At most `SO_MAX_PACING_RATE`. Algorithms with `congControl` set the rate themselves.
 */
export function updatePacingRate(sk: TcpSock): void {
  if (sk.caOps.congControl !== undefined) return;
  const { tcp_pacing_ca_ratio, tcp_pacing_ss_ratio } = sk.tcp.sysctl;
  const percent = sk.sndCwnd < sk.sndSsthresh >> 1 ? tcp_pacing_ss_ratio : tcp_pacing_ca_ratio;
  const bytes = sk.mssCache * SRTT_PERCENT * percent * Math.max(sk.sndCwnd, sk.packetsOut);
  sk.pacingRate = Math.min(sk.srtt === 0 ? bytes : Math.floor(bytes / sk.srtt), sk.maxPacingRate);
}

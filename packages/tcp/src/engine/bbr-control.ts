/**
 * What BBR makes of its model: the pacing rate (§4.2.1) and the window (§4.2.3).
 * @module
 */
import {
  type Bbr,
  BW_UNIT,
  bandwidth,
  bandwidthOf,
  GAIN_UNIT,
  HIGH_GAIN,
  MIN_CWND,
  PROBE_BW,
  PROBE_RTT,
  segmentsIn,
} from './bbr-state.ts';
import { packetsInFlight } from './cwnd.ts';
import { MAX_TCP_HEADER, TCP_INIT_CWND } from './mss.ts';
import { pacingQuantum } from './pacing.ts';
import type { RateSample } from './rate.ts';
import type { TcpSock } from './tcb.ts';
import { CA_RECOVERY } from './tcb-values.ts';

/** Sending a little less than the bandwidth keeps the queue at the bottleneck short: 1 %. */
const PACING_MARGIN = 99;
/** Bytes a second below which super-packets are single segments: 1.2 Mbit/s. */
const MIN_TSO_RATE = 150_000;
const GSO_LEGACY_MAX_SIZE = 65_536;
/** µs of bandwidth that the window is enlarged by for ACKs in bunches, at most. */
const EXTRA_ACKED_MAX = 100_000;
/** RTT to begin with, where none was measured, µs. */
const NO_RTT = 1000;
const SECOND = 1_000_000;

/** A bandwidth with a gain in bytes a second, less a percent. */
export function pacedBytes(sk: TcpSock, bw: number, gain: number): number {
  const bytes = Math.floor((bw * sk.mssCache * gain) / GAIN_UNIT);
  return Math.floor((bytes * (SECOND / 100) * PACING_MARGIN) / BW_UNIT);
}

function pacingRateFor(sk: TcpSock, bw: number, gain: number): number {
  return Math.min(pacedBytes(sk, bw, gain), sk.maxPacingRate);
}

/** §4.2.1: the first rate is the initial window in a round trip, times the gain of STARTUP. */
export function initPacingRate(sk: TcpSock, bbr: Bbr): void {
  let rtt = NO_RTT;
  if (sk.srtt !== 0) {
    rtt = Math.max(sk.srtt >> 3, 1);
    bbr.hasSeenRtt = true;
  }
  sk.pacingRate = pacingRateFor(sk, bandwidthOf(sk.sndCwnd, rtt), HIGH_GAIN);
}

/** Until the pipe is full the rate only grows. */
export function setPacingRate(sk: TcpSock, bbr: Bbr, bw: number, gain: number): void {
  const rate = pacingRateFor(sk, bw, gain);
  if (!bbr.hasSeenRtt && sk.srtt !== 0) initPacingRate(sk, bbr);
  if (bbr.filledPipe || rate > sk.pacingRate) sk.pacingRate = rate;
}

/** Segments of a super-packet at least: §4.2.2. */
export function minTsoSegs(sk: TcpSock): number {
  return sk.pacingRate < MIN_TSO_RATE ? 1 : 2;
}

/** And as many as a millisecond takes. */
function tsoSegsGoal(sk: TcpSock): number {
  const most = GSO_LEGACY_MAX_SIZE - 1 - MAX_TCP_HEADER;
  const bytes = Math.min(pacingQuantum(sk), most);
  return Math.min(Math.max(Math.floor(bytes / sk.mssCache), minTsoSegs(sk)), 0x7f);
}

/** The bandwidth-delay product with a gain, rounded up. */
function bdp(bbr: Bbr, bw: number, gain: number): number {
  if (bbr.minRtt === Number.POSITIVE_INFINITY) return TCP_INIT_CWND;
  return Math.ceil(Math.floor((bw * bbr.minRtt * gain) / GAIN_UNIT) / BW_UNIT);
}

/** §4.2.3.2: room for three super-packets, which this host, the path and the peer may hold whole; even, for delayed ACKs. */
function withQuanta(sk: TcpSock, bbr: Bbr, cwnd: number): number {
  const even = (cwnd + 3 * tsoSegsGoal(sk) + 1) & ~1;
  return bbr.mode === PROBE_BW && bbr.cycleIndex === 0 ? even + 2 : even;
}

/** Segments in flight that `bw` and `gain` ask for. */
export function inflightFor(sk: TcpSock, bbr: Bbr, bw: number, gain: number): number {
  return withQuanta(sk, bbr, bdp(bbr, bw, gain));
}

/** Of `inFlight` segments those that will be in the network when the next one departs, which pacing may hold back. */
export function inNetworkAtDeparture(now: number, sk: TcpSock, bbr: Bbr, inFlight: number): number {
  const wait = Math.floor(Math.max(sk.wstampNs - now * 1000, 0) / 1000);
  const delivered = segmentsIn(bandwidth(bbr), wait);
  const then = bbr.pacingGain > GAIN_UNIT ? inFlight + tsoSegsGoal(sk) : inFlight;
  return Math.max(then - delivered, 0);
}

/** Segments for ACKs that come in bunches: those that came beyond the bandwidth, lately. */
function aggregation(bbr: Bbr): number {
  if (!bbr.filledPipe) return 0;
  const [a, b] = bbr.extraAcked;
  return Math.min(Math.max(a, b), segmentsIn(bandwidth(bbr), EXTRA_ACKED_MAX));
}

/** The window after an ACK: §4.2.3. */
export function setCwnd(sk: TcpSock, bbr: Bbr, rs: RateSample, bw: number, gain: number): void {
  const acked = rs.ackedSacked;
  if (acked > 0) {
    const cwnd = recoveryCwnd(sk, bbr, rs);
    sk.sndCwnd = bbr.packetConservation
      ? Math.max(cwnd, packetsInFlight(sk) + acked)
      : towardsTarget(sk, bbr, cwnd, acked, withQuanta(sk, bbr, bdp(bbr, bw, gain) + aggregation(bbr)));
  }
  sk.sndCwnd = Math.min(sk.sndCwnd, sk.sndCwndClamp);
  if (bbr.mode === PROBE_RTT) sk.sndCwnd = Math.min(sk.sndCwnd, MIN_CWND);
}

function towardsTarget(sk: TcpSock, bbr: Bbr, cwnd: number, acked: number, target: number): number {
  let next = cwnd;
  if (bbr.filledPipe) next = Math.min(cwnd + acked, target);
  else if (cwnd < target || sk.delivered < TCP_INIT_CWND) next = cwnd + acked;
  return Math.max(next, MIN_CWND);
}

/** §4.2.3.3: a loss takes what was lost out of the window; recovery begins with what is in flight and ends with the window before it. */
function recoveryCwnd(sk: TcpSock, bbr: Bbr, rs: RateSample): number {
  const { priorCaState } = bbr;
  const state = sk.caState;
  let cwnd = rs.losses > 0 ? Math.max(sk.sndCwnd - rs.losses, 1) : sk.sndCwnd;
  if (state === CA_RECOVERY && priorCaState !== CA_RECOVERY) {
    bbr.packetConservation = true;
    bbr.nextRoundDelivered = sk.delivered;
    cwnd = packetsInFlight(sk) + rs.ackedSacked;
  } else if (priorCaState >= CA_RECOVERY && state < CA_RECOVERY) {
    cwnd = Math.max(cwnd, bbr.priorCwnd);
    bbr.packetConservation = false;
  }
  bbr.priorCaState = state;
  return cwnd;
}

/**
 * What BBR keeps for a socket, and the units of it: draft-cardwell-iccrg-bbr-congestion-control-00. Bandwidths are segments a µs times
 * 2^24, gains 1/256, both rounded down as in Linux.
 * @module
 */
import type { TcpSock } from './tcb.ts';
import { CA_OPEN, CA_RECOVERY } from './tcb-values.ts';
import { WindowedMax } from './windowed-max.ts';

/** One segment a µs. */
export const BW_UNIT: number = 2 ** 24;
/** A gain of 1. */
export const GAIN_UNIT = 256;
/** 2/ln 2, the least gain that doubles the rate each round trip (§4.3.2.1: BBRHighGain). */
export const HIGH_GAIN: number = /* @__PURE__ */ Math.floor((GAIN_UNIT * 2885) / 1000) + 1;
/** And its inverse, which drains in one round trip the queue that this made (§4.3.3). */
export const DRAIN_GAIN: number = /* @__PURE__ */ Math.floor((GAIN_UNIT * 1000) / 2885);
/** Windows are two bandwidth-delay products, for ACKs that come late and in bunches (§4.2.3.2: BBRProbeBW's cwnd_gain). */
export const CWND_GAIN: number = 2 * GAIN_UNIT;
/** Segments that keep a connection going with every second one acknowledged (§4.2.3.4: BBRMinPipeCwnd). */
export const MIN_CWND = 4;
/** Round trips in which the greatest bandwidth counts (§4.1.1.3: BBRBtlBwFilterLen). */
export const BW_ROUNDS = 10;

/** {@link Bbr.mode}: looks for the bandwidth (§4.3.2). */
export const STARTUP = 0;
/** Empties the queue that this made (§4.3.3). */
export const DRAIN = 1;
/** Sends at the bandwidth, now and then a little more, then less (§4.3.4). */
export const PROBE_BW = 2;
/** Sends next to nothing, to see the path without a queue (§4.3.5). */
export const PROBE_RTT = 3;

/** The state of one socket. Times µs. */
export class Bbr {
  mode: number = STARTUP;
  pacingGain: number = HIGH_GAIN;
  cwndGain: number = HIGH_GAIN;

  /** BBR.BtlBw: the greatest bandwidth of {@link BW_ROUNDS} round trips. */
  readonly maxBw: WindowedMax = new WindowedMax();
  /** BBR.round_count. */
  rounds = 0;
  /** This ACK began a round trip. */
  roundStart = false;
  /** `delivered` at which the next one begins. */
  nextRoundDelivered = 0;

  /** BBR.RTprop; Infinity = not measured. */
  minRtt: number = Number.POSITIVE_INFINITY;
  minRttStamp = 0;
  /** When {@link PROBE_RTT} may end; 0 = the window is not down yet. */
  probeRttDoneStamp = 0;
  /** A round trip passed with the small window. */
  probeRttRoundDone = false;
  /** Sending begins after a pause: the path had time to empty. */
  idleRestart = false;
  /** A round trip was measured, so pacing starts from that. */
  hasSeenRtt = false;

  /** Bandwidth that has to be exceeded by a quarter for the pipe not to be full. */
  fullBw = 0;
  /** Round trips in which it was not. */
  fullBwCount = 0;
  /** The pipe was full: {@link STARTUP} is over for good. */
  filledPipe = false;

  /** Phase of {@link PROBE_BW}, 0 to 7, and when it began. */
  cycleIndex = 0;
  cycleStamp = 0;

  /** Window before a loss or {@link PROBE_RTT}. */
  priorCwnd = 0;
  /** `sk.caState` when it was looked at last. */
  priorCaState: number = CA_OPEN;
  /** The first round trip of recovery sends a segment for each that is delivered. */
  packetConservation = false;

  /** Segments delivered beyond what the bandwidth explains: the greatest of the present and of the former window of round trips. */
  readonly extraAcked: [number, number] = [0, 0];
  extraAckedIndex = 0;
  extraAckedRounds = 0;
  ackEpochStamp = 0;
  ackEpochAcked = 0;

  /** A token bucket's rate, as long as it is believed to be there: see `bbr-policer.ts`. */
  policerBw = 0;
  isPoliced = false;
  isSampling = false;
  policerRounds = 0;
  policerStamp = 0;
  policerDelivered = 0;
  policerLost = 0;
}

/** The greatest bandwidth of late. */
export function maxBandwidth(bbr: Bbr): number {
  return bbr.maxBw.value;
}

/** The bandwidth to go by: a policer's, where there is one. */
export function bandwidth(bbr: Bbr): number {
  return bbr.isPoliced ? bbr.policerBw : bbr.maxBw.value;
}

/** `segments` in `us`, as a bandwidth. */
export function bandwidthOf(segments: number, us: number): number {
  return Math.floor((segments * BW_UNIT) / us);
}

/** Segments that a bandwidth delivers in `us`. */
export function segmentsIn(bw: number, us: number): number {
  return Math.floor((bw * us) / BW_UNIT);
}

/** §4.3.4.2: into the cycle of gains, at a phase that is random, so that flows do not probe at the same time, but not the one that drains. */
export function beginProbeBw(sk: TcpSock, bbr: Bbr): void {
  bbr.mode = PROBE_BW;
  const last = 7 - Math.floor((sk.tcp.random() * 7) / 2 ** 32);
  bbr.cycleIndex = (last + 1) & 7;
  bbr.cycleStamp = sk.deliveredMstamp;
}

/** What comes behind {@link PROBE_RTT}. */
export function beginNextMode(sk: TcpSock, bbr: Bbr): void {
  if (bbr.filledPipe) beginProbeBw(sk, bbr);
  else bbr.mode = STARTUP;
}

/** The window before it is made smaller for a while, to come back to. */
export function saveCwnd(sk: TcpSock, bbr: Bbr): void {
  const whole = bbr.priorCaState < CA_RECOVERY && bbr.mode !== PROBE_RTT;
  bbr.priorCwnd = whole ? sk.sndCwnd : Math.max(bbr.priorCwnd, sk.sndCwnd);
}

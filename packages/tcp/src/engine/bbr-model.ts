/**
 * BBR's model of the path, from the delivery rate samples of ACKs (§4.1), and the modes that follow from it (§4.3).
 * @module
 */
import { inflightFor, inNetworkAtDeparture } from './bbr-control.ts';
import { samplePolicer } from './bbr-policer.ts';
import {
  type Bbr,
  BW_ROUNDS,
  bandwidth,
  bandwidthOf,
  beginNextMode,
  beginProbeBw,
  CWND_GAIN,
  DRAIN,
  DRAIN_GAIN,
  GAIN_UNIT,
  HIGH_GAIN,
  MIN_CWND,
  maxBandwidth,
  PROBE_BW,
  PROBE_RTT,
  STARTUP,
  saveCwnd,
  segmentsIn,
} from './bbr-state.ts';
import { packetsInFlight } from './cwnd.ts';
import { markAppLimited, type RateSample } from './rate.ts';
import type { TcpSock } from './tcb.ts';

/** Pacing gains of PROBE_BW, one round trip each: more, what that queued less, and then the bandwidth as it is. */
const CYCLE: readonly number[] = /* @__PURE__ */ [5, 3, 4, 4, 4, 4, 4, 4].map((n) => (n * GAIN_UNIT) / 4);
/** A bandwidth that did not grow by a quarter in three round trips is the path's (§4.3.2.2). */
const FULL_BW_GROWTH = 1.25;
const FULL_BW_ROUNDS = 3;
/** µs a minimal RTT is believed (§4.1.2.3: RTpropFilterLen). */
const MIN_RTT_WINDOW = 10_000_000;
/** µs that PROBE_RTT stays at its small window (§4.3.5). */
const PROBE_RTT_TIME = 200_000;
/** Round trips of each of the two windows of extra ACKs. */
const EXTRA_ACKED_ROUNDS = 5;
/** Segments after which counting begins anew. */
const ACK_EPOCH_LIMIT = 0x10_0000;

/** Takes in an ACK. */
export function updateModel(now: number, sk: TcpSock, bbr: Bbr, rs: RateSample): void {
  updateBandwidth(sk, bbr, rs);
  updateAckAggregation(sk, bbr, rs);
  if (bbr.mode === PROBE_BW && isPhaseOver(now, sk, bbr, rs)) {
    bbr.cycleIndex = (bbr.cycleIndex + 1) & 7;
    bbr.cycleStamp = sk.deliveredMstamp;
  }
  checkFullPipe(bbr, rs);
  checkDrain(now, sk, bbr);
  updateMinRtt(now, sk, bbr, rs);
  updateGains(bbr);
}

/** §4.1.1: rounds are counted in what is delivered, and the bandwidth is the greatest of ten of them. */
function updateBandwidth(sk: TcpSock, bbr: Bbr, rs: RateSample): void {
  bbr.roundStart = false;
  if (rs.delivered < 0 || rs.interval <= 0) return;
  if (((rs.priorDelivered - bbr.nextRoundDelivered) | 0) >= 0) {
    bbr.nextRoundDelivered = sk.delivered;
    bbr.rounds++;
    bbr.roundStart = true;
    bbr.packetConservation = false;
  }
  samplePolicer(sk, bbr, rs.losses, rs.isAppLimited);
  const bw = bandwidthOf(rs.delivered, rs.interval);
  // What the application did not ask for says nothing, unless it is more than was known.
  if (!rs.isAppLimited || bw >= maxBandwidth(bbr)) bbr.maxBw.update(BW_ROUNDS, bbr.rounds, bw);
}

/** How many more ACKs come than the bandwidth explains: links that gather ACKs leave the sender without any in between. */
function updateAckAggregation(sk: TcpSock, bbr: Bbr, rs: RateSample): void {
  if (rs.ackedSacked <= 0 || rs.delivered < 0 || rs.interval <= 0) return;
  const { extraAcked } = bbr;
  if (bbr.roundStart && ++bbr.extraAckedRounds >= EXTRA_ACKED_ROUNDS) {
    bbr.extraAckedRounds = 0;
    bbr.extraAckedIndex ^= 1;
    extraAcked[bbr.extraAckedIndex] = 0;
  }
  let expected = segmentsIn(bandwidth(bbr), sk.deliveredMstamp - bbr.ackEpochStamp);
  if (bbr.ackEpochAcked <= expected || bbr.ackEpochAcked + rs.ackedSacked >= ACK_EPOCH_LIMIT) {
    bbr.ackEpochAcked = 0;
    bbr.ackEpochStamp = sk.deliveredMstamp;
    expected = 0;
  }
  bbr.ackEpochAcked = Math.min(bbr.ackEpochAcked + rs.ackedSacked, ACK_EPOCH_LIMIT - 1);
  const extra = Math.min(bbr.ackEpochAcked - expected, sk.sndCwnd);
  if (extra > (extraAcked[bbr.extraAckedIndex] as number)) extraAcked[bbr.extraAckedIndex] = extra;
}

/** §4.3.4.3: a phase lasts a round trip; the first until what it adds is in flight, or lost, the second only until that is gone. */
function isPhaseOver(now: number, sk: TcpSock, bbr: Bbr, rs: RateSample): boolean {
  const whole = sk.deliveredMstamp - bbr.cycleStamp > bbr.minRtt;
  if (bbr.pacingGain === GAIN_UNIT) return whole;
  const inFlight = inNetworkAtDeparture(now, sk, bbr, rs.priorInFlight);
  const bw = maxBandwidth(bbr);
  if (bbr.pacingGain > GAIN_UNIT) {
    return whole && (rs.losses > 0 || inFlight >= inflightFor(sk, bbr, bw, bbr.pacingGain));
  }
  return whole || inFlight <= inflightFor(sk, bbr, bw, GAIN_UNIT);
}

/** §4.3.2.2. */
function checkFullPipe(bbr: Bbr, rs: RateSample): void {
  if (bbr.filledPipe || !bbr.roundStart || rs.isAppLimited) return;
  const bw = maxBandwidth(bbr);
  if (bw >= Math.floor(bbr.fullBw * FULL_BW_GROWTH)) {
    bbr.fullBw = bw;
    bbr.fullBwCount = 0;
    return;
  }
  bbr.filledPipe = ++bbr.fullBwCount >= FULL_BW_ROUNDS;
}

/** §4.3.3. */
function checkDrain(now: number, sk: TcpSock, bbr: Bbr): void {
  if (bbr.mode === STARTUP && bbr.filledPipe) {
    bbr.mode = DRAIN;
    sk.sndSsthresh = inflightFor(sk, bbr, maxBandwidth(bbr), GAIN_UNIT);
  }
  if (bbr.mode !== DRAIN) return;
  const inFlight = inNetworkAtDeparture(now, sk, bbr, packetsInFlight(sk));
  if (inFlight <= inflightFor(sk, bbr, maxBandwidth(bbr), GAIN_UNIT)) beginProbeBw(sk, bbr);
}

/** §4.1.2, §4.3.5: a minimal RTT that was not seen again for ten seconds is looked for with hardly anything in flight. */
function updateMinRtt(now: number, sk: TcpSock, bbr: Bbr, rs: RateSample): void {
  const expired = now > bbr.minRttStamp + MIN_RTT_WINDOW;
  if (rs.rtt >= 0 && (rs.rtt < bbr.minRtt || (expired && !rs.isAckDelayed))) {
    bbr.minRtt = rs.rtt;
    bbr.minRttStamp = now;
  }
  if (expired && !bbr.idleRestart && bbr.mode !== PROBE_RTT) {
    bbr.mode = PROBE_RTT;
    saveCwnd(sk, bbr);
    bbr.probeRttDoneStamp = 0;
  }
  if (bbr.mode === PROBE_RTT) inProbeRtt(now, sk, bbr);
  if (rs.delivered > 0) bbr.idleRestart = false;
}

function inProbeRtt(now: number, sk: TcpSock, bbr: Bbr): void {
  markAppLimited(sk); // what is measured now is not the bandwidth
  if (bbr.probeRttDoneStamp === 0) {
    if (packetsInFlight(sk) > MIN_CWND) return;
    bbr.probeRttDoneStamp = now + PROBE_RTT_TIME;
    bbr.probeRttRoundDone = false;
    bbr.nextRoundDelivered = sk.delivered;
    return;
  }
  if (bbr.roundStart) bbr.probeRttRoundDone = true;
  if (bbr.probeRttRoundDone) checkProbeRttDone(now, sk, bbr);
}

/** Ends PROBE_RTT if its time is over. */
export function checkProbeRttDone(now: number, sk: TcpSock, bbr: Bbr): void {
  if (bbr.probeRttDoneStamp === 0 || now <= bbr.probeRttDoneStamp) return;
  bbr.minRttStamp = now;
  sk.sndCwnd = Math.max(sk.sndCwnd, bbr.priorCwnd);
  beginNextMode(sk, bbr);
}

function updateGains(bbr: Bbr): void {
  switch (bbr.mode) {
    case STARTUP:
      bbr.pacingGain = HIGH_GAIN;
      bbr.cwndGain = HIGH_GAIN;
      return;
    case DRAIN:
      bbr.pacingGain = DRAIN_GAIN;
      bbr.cwndGain = HIGH_GAIN;
      return;
    case PROBE_BW:
      bbr.pacingGain = bbr.isPoliced ? GAIN_UNIT : (CYCLE[bbr.cycleIndex] as number);
      bbr.cwndGain = CWND_GAIN;
      return;
    default:
      bbr.pacingGain = GAIN_UNIT;
      bbr.cwndGain = GAIN_UNIT;
  }
}

/**
 * BBR against token buckets: a policer lets a burst through and then drops all beyond its rate, again and again, so that the greatest
 * bandwidth seen means nothing. Where much is lost and two stretches in a row deliver at the same rate, that rate is the policer's, and
 * is kept to for a while (Linux's "long-term bandwidth sampling").
 * @module
 */
import { pacedBytes } from './bbr-control.ts';
import { type Bbr, bandwidthOf, beginProbeBw, GAIN_UNIT, PROBE_BW } from './bbr-state.ts';
import type { TcpSock } from './tcb.ts';

/** Round trips of a stretch at least; four times as many at most. */
const STRETCH_ROUNDS = 4;
/** Loss from which there may be a policer, 1/256: a fifth. */
const LOSS_THRESHOLD = 50;
/** How much two stretches may differ: an eighth, or 4 kbit/s. */
const RATIO = GAIN_UNIT / 8;
const DIFFERENCE = 500;
/** Round trips after which more is tried again. */
const POLICED_ROUNDS = 48;
const MILLISECOND = 1000;

/** Begins a stretch. */
function beginStretch(sk: TcpSock, bbr: Bbr): void {
  bbr.policerStamp = Math.floor(sk.deliveredMstamp / MILLISECOND);
  bbr.policerDelivered = sk.delivered;
  bbr.policerLost = sk.lost;
  bbr.policerRounds = 0;
}

/** There is no policer, as far as is known. */
export function forgetPolicer(sk: TcpSock, bbr: Bbr): void {
  bbr.policerBw = 0;
  bbr.isPoliced = false;
  bbr.isSampling = false;
  beginStretch(sk, bbr);
}

/** Takes in an ACK that showed `losses`; `limited`: the application was what limited. */
export function samplePolicer(sk: TcpSock, bbr: Bbr, losses: number, limited: boolean): void {
  if (bbr.isPoliced) {
    if (bbr.mode === PROBE_BW && bbr.roundStart && ++bbr.policerRounds >= POLICED_ROUNDS) {
      forgetPolicer(sk, bbr);
      beginProbeBw(sk, bbr);
    }
    return;
  }
  if (!bbr.isSampling) {
    // The bucket is empty where the first is lost.
    if (losses === 0) return;
    beginStretch(sk, bbr);
    bbr.isSampling = true;
  }
  if (limited) {
    forgetPolicer(sk, bbr);
    return;
  }
  if (bbr.roundStart) bbr.policerRounds++;
  if (bbr.policerRounds < STRETCH_ROUNDS) return;
  if (bbr.policerRounds > 4 * STRETCH_ROUNDS) {
    forgetPolicer(sk, bbr);
    return;
  }
  // And it ends where it is empty again.
  if (losses !== 0) endStretch(sk, bbr);
}

function endStretch(sk: TcpSock, bbr: Bbr): void {
  const lost = sk.lost - bbr.policerLost;
  const delivered = sk.delivered - bbr.policerDelivered;
  if (delivered === 0 || lost * GAIN_UNIT < LOSS_THRESHOLD * delivered) return;
  const ms = Math.floor(sk.deliveredMstamp / MILLISECOND) - bbr.policerStamp;
  if (ms < 1) return;
  const bw = bandwidthOf(delivered, ms * MILLISECOND);
  if (bbr.policerBw !== 0 && isAlike(sk, bw, bbr.policerBw)) {
    bbr.policerBw = Math.floor((bw + bbr.policerBw) / 2);
    bbr.isPoliced = true;
    bbr.pacingGain = GAIN_UNIT;
    bbr.policerRounds = 0;
    return;
  }
  bbr.policerBw = bw;
  beginStretch(sk, bbr);
}

function isAlike(sk: TcpSock, bw: number, former: number): boolean {
  const difference = Math.abs(bw - former);
  return difference * GAIN_UNIT <= RATIO * former || pacedBytes(sk, difference, GAIN_UNIT) <= DIFFERENCE;
}

/**
 * CUBIC: RFC 9438 in the integers that Linux reckons with, and HyStart, which ends slow start before the queue overflows
 * (draft-ietf-tcpm-hystartplusplus's ancestor). The default.
 *
 * Time is counted in 1/1024 s where the cubic function is concerned; its C = 0.4 is 410/1024, its beta 717/1024.
 * @module
 */
import { SK_PACING_NONE } from '@stack/skbuff/sock';
import type { CongestionEvent, CongestionOps } from './cong.ts';
import { inSlowStart, isCwndLimited } from './cwnd.ts';
import { congAvoidAi, renoUndoCwnd, slowStart } from './reno.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS } from './tcb-values.ts';

/** beta_cubic, in 1/1024: what is left of the window after a loss (RFC 9438 §4.6). */
const BETA = 717;
const SCALE = 1024;
/** C, in 1/1024 (RFC 9438 §4.1). */
const C = 410;
/** Units of time in a second. */
const TIME_SCALE = 1024;
/** 2^40: a cube of time, and C's 1024. */
const CUBE_SCALE = 2 ** 40;
/** Segments that acknowledge one more of Reno's, times 8: RFC 9438 §4.3's alpha, 3 * (1 - beta) / (1 + beta), turned round. */
const RENO_SCALE: number = /* @__PURE__ */ Math.floor((8 * (SCALE + BETA)) / 3 / (SCALE - BETA));
/** The window grows by one in so many acknowledged at least, where no maximum is known yet. */
const PROBE_COUNT = 20;
/** µs for which a window that did not change is not reckoned anew. */
const UPDATE_INTERVAL = 31_250;
/** µs of Linux's clock tick: the cubic function is evaluated once in each. */
const TICK = 1000;
const SECOND = 1_000_000;

/** HyStart waits for this window. */
const HYSTART_LOW_WINDOW = 16;
/** Samples in a round trip before its delay is judged. */
const HYSTART_MIN_SAMPLES = 8;
/** Bounds on how much longer a round trip means a queue, µs. */
const HYSTART_DELAY_MIN = 4000;
const HYSTART_DELAY_MAX = 16_000;
/** ACKs that come closer than this are one train, µs. */
const HYSTART_ACK_DELTA = 2000;

/** What CUBIC keeps for a socket. Windows are segments, times µs. */
interface Cubic {
  /** Acknowledged segments for one more in the window. */
  count: number;
  /** W_max: the window before the last reduction. */
  lastMax: number;
  lastCwnd: number;
  lastTime: number;
  /** Window at the plateau, and when it is reached, 1/1024 s. */
  origin: number;
  k: number;
  /** Smallest RTT; 0 = none. */
  delayMin: number;
  /** When this stage of congestion avoidance began; -1 = not yet. */
  epochStart: number;
  /** Acknowledged and not counted in {@link renoCwnd} yet. */
  acked: number;
  /** W_est: the window that Reno would have. */
  renoCwnd: number;
  /** cwnd_prior: the window that the last loss met; Infinity = none. */
  prior: number;
  /** HyStart: the beginning of this round trip, its last ACK, and what ends it. */
  roundStart: number;
  lastAck: number;
  endSeq: number;
  samples: number;
  /** Smallest RTT of this round trip. */
  roundRtt: number;
  /** Slow start was ended. */
  found: boolean;
}

function fresh(): Cubic {
  return {
    count: 0,
    lastMax: 0,
    lastCwnd: 0,
    lastTime: 0,
    origin: 0,
    k: 0,
    delayMin: 0,
    epochStart: -1,
    acked: 0,
    renoCwnd: 0,
    prior: Infinity,
    roundStart: 0,
    lastAck: 0,
    endSeq: 0,
    samples: 0,
    roundRtt: Infinity,
    found: false,
  };
}

function stateOf(sk: TcpSock): Cubic {
  sk.caPriv ??= fresh();
  return sk.caPriv as Cubic;
}

function beginRound(now: number, sk: TcpSock, ca: Cubic): void {
  ca.roundStart = now;
  ca.lastAck = now;
  ca.endSeq = sk.sndNxt;
  ca.roundRtt = Infinity;
  ca.samples = 0;
}

function init(now: number, sk: TcpSock): void {
  const ca = fresh();
  sk.caPriv = ca;
  beginRound(now, sk, ca);
}

/** The greatest integer whose cube is at most `n`, below 2^53. */
export function cubeRoot(n: number): number {
  let low = 0;
  let high = 208_064; // its cube is above 2^53
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (middle * middle * middle <= n) low = middle;
    else high = middle;
  }
  return low;
}

/** RFC 9438 §4.2, §4.3: in how many acknowledged segments the window grows by one. */
function update(now: number, ca: Cubic, cwnd: number, acked: number): void {
  ca.acked += acked;
  if (ca.lastCwnd === cwnd && now - ca.lastTime <= UPDATE_INTERVAL) return;
  if (ca.epochStart < 0 || Math.floor(now / TICK) !== Math.floor(ca.lastTime / TICK)) {
    ca.lastCwnd = cwnd;
    ca.lastTime = now;
    if (ca.epochStart < 0) beginEpoch(now, ca, cwnd, acked);
    cubicCount(now, ca, cwnd);
  }
  renoCount(ca, cwnd);
  ca.count = Math.max(ca.count, 2); // half again in a round trip at most
}

function beginEpoch(now: number, ca: Cubic, cwnd: number, acked: number): void {
  ca.epochStart = now;
  ca.acked = acked;
  ca.renoCwnd = cwnd;
  if (ca.lastMax <= cwnd) {
    ca.k = 0;
    ca.origin = cwnd;
    return;
  }
  // K = cbrt((W_max - cwnd) / C).
  ca.k = cubeRoot(Math.floor(CUBE_SCALE / C) * (ca.lastMax - cwnd));
  ca.origin = ca.lastMax;
}

/** W_cubic(t + RTT) = C * (t + RTT - K)^3 + W_max is where the window should be a round trip from now. */
function cubicCount(now: number, ca: Cubic, cwnd: number): void {
  const time = Math.floor(((now - ca.epochStart + ca.delayMin) / SECOND) * TIME_SCALE);
  const offset = Math.abs(time - ca.k);
  const delta = Math.floor((C * offset * offset * offset) / CUBE_SCALE);
  const target = time < ca.k ? ca.origin - delta : ca.origin + delta;
  ca.count = target > cwnd ? Math.floor(cwnd / (target - cwnd)) : 100 * cwnd;
  if (ca.lastMax === 0 && ca.count > PROBE_COUNT) ca.count = PROBE_COUNT;
}

/**
 * Never slower than Reno would be. Where W_est is back at what it was, alpha is Reno's own 1, as RFC 9438 §4.3 wants it and Linux does not: with
 * 0.53 it is the slower one where losses are many, for the two are alike only while losses come at even distances.
 */
function renoCount(ca: Cubic, cwnd: number): void {
  const slow = (cwnd * RENO_SCALE) >> 3;
  for (;;) {
    const step = ca.renoCwnd < ca.prior ? slow : cwnd;
    if (ca.acked <= step) break;
    ca.acked -= step;
    ca.renoCwnd++;
  }
  if (ca.renoCwnd <= cwnd) return;
  ca.count = Math.min(ca.count, Math.floor(cwnd / (ca.renoCwnd - cwnd)));
}

function congAvoid(now: number, sk: TcpSock, _ack: number, acked: number): void {
  if (!isCwndLimited(sk)) return;
  let left = acked;
  if (inSlowStart(sk)) {
    left = slowStart(sk, left);
    if (left === 0) return;
  }
  const ca = stateOf(sk);
  update(now, ca, sk.sndCwnd, left);
  congAvoidAi(sk, ca.count, left);
}

/** RFC 9438 §4.6, and §4.7's fast convergence: who lost below his last maximum makes room for others. */
function ssthresh(_now: number, sk: TcpSock): number {
  const ca = stateOf(sk);
  const cwnd = sk.sndCwnd;
  ca.epochStart = -1;
  ca.prior = cwnd;
  ca.lastMax = cwnd < ca.lastMax ? Math.floor((cwnd * (SCALE + BETA)) / (2 * SCALE)) : cwnd;
  return Math.max(Math.floor((cwnd * BETA) / SCALE), 2);
}

/** A timeout: nothing that was known holds any more, but the window that the loss met. */
function setState(now: number, sk: TcpSock, state: number): void {
  if (state !== CA_LOSS) return;
  const { prior } = stateOf(sk);
  init(now, sk);
  stateOf(sk).prior = prior;
}

/** Time in which nothing was sent does not count for the cubic function (RFC 9438 §5.8). */
function cwndEvent(now: number, sk: TcpSock, event: CongestionEvent): void {
  if (event !== 'TX_START') return;
  const ca = stateOf(sk);
  const idle = now - sk.lsndtime;
  if (ca.epochStart >= 0 && idle > 0) ca.epochStart = Math.min(ca.epochStart + idle, now);
}

function pktsAcked(now: number, sk: TcpSock, _packets: number, rtt: number): void {
  if (rtt < 0) return;
  const ca = stateOf(sk);
  // Right after recovery the queue is not what it is else.
  if (ca.epochStart >= 0 && now - ca.epochStart < SECOND) return;
  const delay = Math.max(rtt, 1);
  if (ca.delayMin === 0 || delay < ca.delayMin) ca.delayMin = delay;
  if (!ca.found && inSlowStart(sk)) hystart(now, sk, ca, delay);
}

/** Ends slow start where ACKs of one round trip come for half of it, or round trips grow by an eighth. */
function hystart(now: number, sk: TcpSock, ca: Cubic, delay: number): void {
  if (((sk.sndUna - ca.endSeq) | 0) > 0) beginRound(now, sk, ca);
  if (sk.sndCwnd < HYSTART_LOW_WINDOW) return;
  const { TcpExt } = sk.tcp.mib;
  if (now - ca.lastAck <= HYSTART_ACK_DELTA) {
    ca.lastAck = now;
    const train = ca.delayMin + ackDelay(sk);
    // Pacing alone spreads a window over half a round trip.
    if (now - ca.roundStart > (sk.pacingStatus === SK_PACING_NONE ? train >> 1 : train)) {
      ca.found = true;
      TcpExt.TCPHystartTrainDetect++;
      TcpExt.TCPHystartTrainCwnd += sk.sndCwnd;
      sk.sndSsthresh = sk.sndCwnd;
    }
  }
  ca.roundRtt = Math.min(ca.roundRtt, delay);
  if (ca.samples < HYSTART_MIN_SAMPLES) {
    ca.samples++;
    return;
  }
  const more = Math.min(Math.max(ca.delayMin >> 3, HYSTART_DELAY_MIN), HYSTART_DELAY_MAX);
  if (ca.roundRtt <= ca.delayMin + more) return;
  ca.found = true;
  TcpExt.TCPHystartDelayDetect++;
  TcpExt.TCPHystartDelayCwnd += sk.sndCwnd;
  sk.sndSsthresh = sk.sndCwnd;
}

/** µs that super-packets add to a train: four of the largest, at the rate of now, a millisecond at most. */
function ackDelay(sk: TcpSock): number {
  if (sk.dst === undefined || sk.pacingRate === 0) return 0;
  return Math.min(1000, Math.floor((sk.dst.gsoMaxSize * 4 * SECOND) / sk.pacingRate));
}

/** The algorithm `cubic`. */
export const cubic: CongestionOps = {
  name: 'cubic',
  init,
  ssthresh,
  congAvoid,
  undoCwnd: renoUndoCwnd,
  setState,
  cwndEvent,
  pktsAcked,
};

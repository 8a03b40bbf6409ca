/**
 * BBR, the first version as Linux ships it: draft-cardwell-iccrg-bbr-congestion-control-00 and "BBR: Congestion-Based Congestion Control"
 * (ACM Queue 14.5). The window and the pacing rate follow a model of the path, its bandwidth and its round trip without a queue, and
 * not its losses.
 * @module
 */
import { initPacingRate, minTsoSegs, setCwnd, setPacingRate } from './bbr-control.ts';
import { checkProbeRttDone, updateModel } from './bbr-model.ts';
import { forgetPolicer, samplePolicer } from './bbr-policer.ts';
import { Bbr, BW_UNIT, bandwidth, GAIN_UNIT, PROBE_BW, PROBE_RTT, saveCwnd } from './bbr-state.ts';
import type { CongestionEvent, CongestionInfo, CongestionOps } from './cong.ts';
import { needPacing } from './pacing.ts';
import type { RateSample } from './rate.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import { CA_LOSS } from './tcb-values.ts';

/** Windows that the send buffer has room for: recovery by BBR may need one more than by others. */
const SNDBUF_WINDOWS = 3;
/** RTT of TCP_CC_INFO where none was measured. */
const NO_RTT = 0xffff_ffff;
const SECOND = 1_000_000;
const TWO_32 = 2 ** 32;

function fresh(now: number, sk: TcpSock): Bbr {
  const bbr = new Bbr();
  bbr.nextRoundDelivered = sk.delivered;
  if (sk.minRtt >= 0) bbr.minRtt = sk.minRtt;
  bbr.minRttStamp = now;
  bbr.ackEpochStamp = now;
  forgetPolicer(sk, bbr);
  return bbr;
}

function stateOf(now: number, sk: TcpSock): Bbr {
  sk.caPriv ??= fresh(now, sk);
  return sk.caPriv as Bbr;
}

function init(now: number, sk: TcpSock): void {
  const bbr = fresh(now, sk);
  sk.caPriv = bbr;
  sk.sndSsthresh = TCP_INFINITE_SSTHRESH;
  initPacingRate(sk, bbr);
  needPacing(sk);
}

function congControl(now: number, sk: TcpSock, rs: RateSample): void {
  const bbr = stateOf(now, sk);
  updateModel(now, sk, bbr, rs);
  const bw = bandwidth(bbr);
  setPacingRate(sk, bbr, bw, bbr.pacingGain);
  setCwnd(sk, bbr, rs, bw, bbr.cwndGain);
}

/** The threshold means nothing here; but a reduction begins, so the window is remembered. */
function ssthresh(now: number, sk: TcpSock): number {
  saveCwnd(sk, stateOf(now, sk));
  return sk.sndSsthresh;
}

/** The loss was none: neither the pipe nor a policer is what it seemed. The window comes back by itself. */
function undoCwnd(now: number, sk: TcpSock): number {
  const bbr = stateOf(now, sk);
  bbr.fullBw = 0;
  bbr.fullBwCount = 0;
  forgetPolicer(sk, bbr);
  return sk.sndCwnd;
}

/** A timeout is a round trip of its own, and a loss. */
function setState(now: number, sk: TcpSock, state: number): void {
  if (state !== CA_LOSS) return;
  const bbr = stateOf(now, sk);
  bbr.priorCaState = CA_LOSS;
  bbr.fullBw = 0;
  bbr.roundStart = true;
  samplePolicer(sk, bbr, 1, false);
}

/** §4.3.4.4: after a pause of the application sending goes on at the bandwidth: no faster, as no queue has to be seen. */
function cwndEvent(now: number, sk: TcpSock, event: CongestionEvent): void {
  if (event !== 'TX_START' || sk.appLimited === 0) return;
  const bbr = stateOf(now, sk);
  bbr.idleRestart = true;
  bbr.ackEpochStamp = now;
  bbr.ackEpochAcked = 0;
  if (bbr.mode === PROBE_BW) setPacingRate(sk, bbr, bandwidth(bbr), GAIN_UNIT);
  else if (bbr.mode === PROBE_RTT) checkProbeRttDone(now, sk, bbr);
}

/** Linux `struct tcp_bbr_info`: the bandwidth in bytes a second, two halves; µs; gains 1/256. */
function info(sk: TcpSock): CongestionInfo {
  const bbr = sk.caPriv as Bbr | undefined;
  if (bbr === undefined) return {};
  const bytes = Math.floor((bandwidth(bbr) * sk.mssCache * SECOND) / BW_UNIT);
  return {
    bbrBwLo: bytes % TWO_32,
    bbrBwHi: Math.floor(bytes / TWO_32),
    bbrMinRtt: Math.min(bbr.minRtt, NO_RTT),
    bbrPacingGain: bbr.pacingGain,
    bbrCwndGain: bbr.cwndGain,
  };
}

/** The algorithm `bbr`. */
export const bbr: CongestionOps = {
  name: 'bbr',
  init,
  ssthresh,
  congControl,
  undoCwnd,
  setState,
  cwndEvent,
  minTsoSegs,
  sndbufExpand: () => SNDBUF_WINDOWS,
  info,
};

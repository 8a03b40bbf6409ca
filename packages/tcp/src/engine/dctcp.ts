/**
 * DCTCP as Linux ships it: RFC 8257. Routers mark as soon as a short queue stands; the sender reduces its window by as much as was
 * marked, and the receiver tells exactly what was.
 * @module
 */
import type { CongestionEvent, CongestionInfo, CongestionOps } from './cong.ts';
import { ECN_ANY, ecnDemand } from './ecn.ts';
import { renoCongAvoid, renoSsthresh, renoUndoCwnd } from './reno.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW, ACK_TIMER, CA_RECOVERY } from './tcb-values.ts';
import { sendAck } from './transmit.ts';

/** An alpha of 1 (RFC 8257 §3.3), which is also the first. */
const MAX_ALPHA = 1024;
/** g is 1/16 (§4.2), as a shift. */
const SHIFT_G = 4;

/** The state of one socket. */
class Dctcp {
  /** §3.2: data of the peer's was marked when it came last (DCTCP.CE). */
  ce = false;
  /** RCV.NXT then. */
  priorRcvNxt: number;
  /** The share of what was sent that is marked, 1/1024 (DCTCP.Alpha). */
  alpha = MAX_ALPHA;
  /** The observation window ends when this is acknowledged (DCTCP.WindowEnd). */
  nextSeq = 0;
  /** Segments delivered and marked by its beginning. */
  oldDelivered = 0;
  oldDeliveredCe = 0;
  /** The window before it came down last. */
  lossCwnd = 0;

  constructor(sk: TcpSock) {
    this.priorRcvNxt = sk.rcvNxt;
    this.observe(sk);
  }

  /** An observation window begins. */
  observe(sk: TcpSock): void {
    this.nextSeq = sk.sndNxt;
    this.oldDelivered = sk.delivered;
    this.oldDeliveredCe = sk.deliveredCe;
  }
}

function stateOf(sk: TcpSock): Dctcp {
  sk.caPriv ??= new Dctcp(sk);
  return sk.caPriv as Dctcp;
}

/** §3.1: without ECN there is nothing to go by. Linux: it is Reno, then. */
function init(_now: number, sk: TcpSock): void {
  if ((sk.ecnFlags & ECN_ANY) === 0) sk.caOps = dctcpReno;
  else sk.caPriv = new Dctcp(sk);
}

/** §3.3: at the end of an observation window alpha moves to the share that was marked, by g. */
function inAckEvent(sk: TcpSock): void {
  const state = sk.caPriv as Dctcp | undefined;
  if (state === undefined || ((sk.sndUna - state.nextSeq) | 0) < 0) return;
  const marked = sk.deliveredCe - state.oldDeliveredCe;
  const delivered = Math.max(sk.delivered - state.oldDelivered, 1);
  // What is too small for g to take from is nothing.
  state.alpha -= state.alpha >> SHIFT_G || state.alpha;
  const gain = Math.floor((marked * (MAX_ALPHA >> SHIFT_G)) / delivered);
  state.alpha = Math.min(state.alpha + gain, MAX_ALPHA);
  state.observe(sk);
}

/** §3.3: cwnd * (1 - alpha / 2). */
function ssthresh(_now: number, sk: TcpSock): number {
  const state = stateOf(sk);
  state.lossCwnd = sk.sndCwnd;
  return Math.max(sk.sndCwnd - Math.floor((sk.sndCwnd * state.alpha) / (2 * MAX_ALPHA)), 2);
}

/** §3.5: a loss halves the window, as it does for others. */
function reactToLoss(sk: TcpSock): void {
  stateOf(sk).lossCwnd = sk.sndCwnd;
  sk.sndSsthresh = Math.max(sk.sndCwnd >> 1, 2);
}

function setState(_now: number, sk: TcpSock, state: number): void {
  if (state === CA_RECOVERY && sk.caState !== CA_RECOVERY) reactToLoss(sk);
}

function cwndEvent(now: number, sk: TcpSock, event: CongestionEvent): void {
  if (event === 'LOSS') reactToLoss(sk);
  else if (event === 'ECN_IS_CE') received(now, sk, true);
  else if (event === 'ECN_NO_CE') received(now, sk, false);
}

/**
 * §3.2: data arrived, marked or not. Where that changed, an ACK that waits goes out before it, with the echo that is right for what it
 * acknowledges; and this data is acknowledged at once.
 */
function received(now: number, sk: TcpSock, ce: boolean): void {
  const state = stateOf(sk);
  if (state.ce !== ce) {
    if ((sk.ackPending & ACK_TIMER) !== 0) {
      ecnDemand(sk, state.ce);
      sendAck(now, sk, state.priorRcvNxt);
    }
    sk.ackPending |= ACK_NOW;
  }
  state.ce = ce;
  state.priorRcvNxt = sk.rcvNxt;
  ecnDemand(sk, ce);
}

function undoCwnd(_now: number, sk: TcpSock): number {
  return Math.max(sk.sndCwnd, stateOf(sk).lossCwnd);
}

/** Linux `struct tcp_dctcp_info`: bytes are those of the present observation window. */
function info(sk: TcpSock): CongestionInfo {
  const state = sk.caPriv as Dctcp | undefined;
  if (state === undefined) return DISABLED;
  return {
    dctcpEnabled: 1,
    dctcpCeState: state.ce ? 1 : 0,
    dctcpAlpha: state.alpha,
    dctcpAbEcn: sk.mssCache * (sk.deliveredCe - state.oldDeliveredCe),
    dctcpAbTot: sk.mssCache * (sk.delivered - state.oldDelivered),
  };
}

const DISABLED: CongestionInfo = {
  dctcpEnabled: 0,
  dctcpCeState: 0,
  dctcpAlpha: 0,
  dctcpAbEcn: 0,
  dctcpAbTot: 0,
};

/** The algorithm `dctcp`. */
export const dctcp: CongestionOps = {
  name: 'dctcp',
  needsEcn: true,
  init,
  inAckEvent,
  ssthresh,
  congAvoid: renoCongAvoid,
  undoCwnd,
  setState,
  cwndEvent,
  info,
};

/** What it is where the peer did not agree to ECN: it can not be chosen. */
const dctcpReno: CongestionOps = {
  name: 'dctcp-reno',
  ssthresh: renoSsthresh,
  congAvoid: renoCongAvoid,
  undoCwnd: renoUndoCwnd,
  info: () => DISABLED,
};

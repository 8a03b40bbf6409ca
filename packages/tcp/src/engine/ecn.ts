/**
 * Explicit congestion notification: routers mark instead of dropping. Who agrees to which kind, and RFC 3168's, as both sides of a
 * connection run it; Accurate ECN's (RFC 9768) is in `accecn.ts`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SKB_GSO_TCP_ECN } from '@stack/skbuff';
import { res1 } from '../fields.ts';
import { ACK, AE, CWR, ECE, SYN } from '../flags.ts';
import {
  ACE,
  accecnSend,
  accecnThirdAck,
  aceOf,
  asksForAccEcn,
  CE,
  checkSynFeedback,
  ECN_MASK,
  ECT_0,
  NOT_ECT,
  startAccEcn,
  synFeedback,
} from './accecn.ts';
import { firstOption } from './accecn-option.ts';
import { enterQuickAck } from './ack.ts';
import { cwndEvent } from './cwnd.ts';
import { type Dst, FEATURE_ECN } from './ports.ts';
import type { RequestSock } from './request.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW } from './tcb-values.ts';

/** {@link TcpSock.ecnFlags}: both sides agreed on it; before the SYN-ACK: it was asked for. */
export const ECN_OK = 1;
/** The window came down: the next new data says so, once. */
const ECN_QUEUE_CWR = 2;
/** Congestion was met by the peer's data: every segment says so until the peer has reduced its window. */
const ECN_DEMAND_CWR = 4;
/** Data of the peer's was marked as ECN-capable. */
export const ECN_SEEN = 8;
/** Both sides agreed on Accurate ECN; with {@link ECN_OK}: it was asked for, or else RFC 3168's. */
const ECN_ACCECN = 16;
/** Of either kind. */
export const ECN_ANY: number = ECN_OK | ECN_ACCECN;

// `tcp_ecn`: what is agreed to, and what is asked for; 2 agrees to RFC 3168's and asks for nothing, 5 to both.
const IN_ECN_OUT_ECN = 1;
const IN_ACCECN_OUT_ACCECN = 3;
const IN_ACCECN_OUT_ECN = 4;

/** ACKs sent at once: the sender's window may be very small. */
const QUICKACKS = 2;

/** Whether packets without data are marked as capable too, and what is sent again: the congestion control says so. */
function marksAll(sk: TcpSock): boolean {
  return sk.caOps.needsEcn === true;
}

/** What goes into IP headers from now on: the mark of {@link marksAll}, or none. */
export function ecnXmit(sk: TcpSock): void {
  sk.inet.tos = (sk.inet.tos & ~ECN_MASK) | (marksAll(sk) ? ECT_0 : NOT_ECT);
}

/** Whether the route has ECN asked for and agreed to. */
export function routeWantsEcn(dst: Dst | undefined): boolean {
  return dst !== undefined && (dst.metrics.features & FEATURE_ECN) !== 0;
}

/** Flags of our SYN (RFC 3168 §6.1.1, RFC 9768 §3.1.1): what `tcp_ecn` says, and more where the congestion control needs it, or the route says so. */
export function ecnSyn(sk: TcpSock): number {
  ecnXmit(sk);
  const { tcp_ecn } = sk.tcp.sysctl;
  sk.accecn = undefined;
  sk.plainFlags = ACK;
  if (tcp_ecn === IN_ACCECN_OUT_ACCECN) {
    sk.ecnFlags = ECN_ANY;
    return SYN | ACE;
  }
  const asks =
    tcp_ecn === IN_ECN_OUT_ECN || tcp_ecn === IN_ACCECN_OUT_ECN || marksAll(sk) || routeWantsEcn(sk.dst);
  sk.ecnFlags = asks ? ECN_OK : 0;
  return asks ? SYN | ECE | CWR : SYN;
}

/**
 * The flags of a SYN that is sent again: whoever dropped it may have done so for its ECN (RFC 3168 §6.1.1.1). Accurate ECN is asked for
 * once more (RFC 9768 §3.1.4.1).
 */
export function ecnFallback(sk: TcpSock, flags: number): number {
  if ((flags & (ACK | ECE | CWR)) !== (ECE | CWR) || sk.tcp.sysctl.tcp_ecn_fallback === 0) return flags;
  return (flags & AE) !== 0 && sk.retransmits <= 1 ? flags : flags & ~ACE;
}

/**
 * What a SYN for a listener asks for and gets. One marked as capable in the IP header does not mean RFC 3168's, but is DCTCP's, for a
 * listener that needs it (RFC 8257 §3.1).
 */
export function ecnRequested(req: RequestSock, skb: SkBuff, seg: Segment, dst: Dst): void {
  const sk = req.listener;
  const { tcp_ecn } = sk.tcp.sysctl;
  if (tcp_ecn >= IN_ACCECN_OUT_ACCECN && asksForAccEcn(seg.flags)) {
    req.accecn = seg.ecn;
    return;
  }
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) return;
  const needed = marksAll(sk) || sk.tcp.congestion.find(dst.metrics.congctl)?.needsEcn === true;
  const meant = seg.ecn === NOT_ECT || (seg.flags & AE) !== 0 || res1(skb.view, skb.data) !== 0;
  req.ecnOk = needed || (meant && (tcp_ecn !== 0 || routeWantsEcn(dst)));
}

/** What both agreed on, for the socket that a request becomes. */
export function ecnChild(child: TcpSock, req: RequestSock): void {
  if (req.accecn >= 0) {
    child.ecnFlags = ECN_ACCECN;
    startAccEcn(child, req.accecn);
  } else child.ecnFlags = req.ecnOk ? ECN_OK : 0;
}

/**
 * The SYN-ACK that answers our SYN. To one that asked for RFC 3168's it agrees with ECE and without CWR; to one that asked for Accurate ECN
 * as table 2 of RFC 9768 has it. Linux: of the flags that are reserved there, 1 0 1, it goes by RFC 3168.
 */
export function ecnSynack(sk: TcpSock, skb: SkBuff, seg: Segment): void {
  if ((sk.ecnFlags & ECN_ACCECN) === 0) {
    if ((seg.flags & (ECE | CWR)) !== ECE) sk.ecnFlags &= ~ECN_OK;
    return;
  }
  const ace = aceOf(seg.flags);
  if (ace === 0 || ace === aceOf(ACE)) sk.ecnFlags = 0;
  else if (ace === aceOf(ECE) || ace === aceOf(AE | ECE)) sk.ecnFlags = ECN_OK;
  else {
    sk.ecnFlags = ECN_ACCECN;
    const accecn = startAccEcn(sk, seg.ecn);
    firstOption(skb.view, seg, accecn);
    if (checkSynFeedback(sk, accecn, ace, synMark(sk)) && seg.ecn === CE) accecn.receivedCe++;
  }
}

/** The ECN bits of our SYN, and of our SYN-ACK. */
function synMark(sk: TcpSock): number {
  return marksAll(sk) ? ECT_0 : NOT_ECT;
}

/** The ACK that ends the handshake tells, of the SYN-ACK, what ECN bits it came with. */
export function ecnHandshakeAck(sk: TcpSock): number {
  return sk.accecn === undefined ? ACK : ACK | synFeedback(sk.accecn.synEcn);
}

/** And the peer's tells so of ours. */
export function ecnThirdAck(sk: TcpSock, seg: Segment): void {
  if (sk.accecn !== undefined && (seg.flags & SYN) === 0) accecnThirdAck(sk, sk.accecn, seg, synMark(sk));
}

/** A SYN that crossed ours: agreed where both asked. The flags of our SYN-ACK. */
export function ecnCrossedSyn(sk: TcpSock, seg: Segment): number {
  if ((sk.ecnFlags & ECN_ACCECN) !== 0 && asksForAccEcn(seg.flags)) {
    sk.ecnFlags = ECN_ACCECN;
    startAccEcn(sk, seg.ecn);
    return SYN | ACK | synFeedback(seg.ecn);
  }
  sk.ecnFlags &= ~ECN_ACCECN;
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) sk.ecnFlags &= ~ECN_OK;
  return (sk.ecnFlags & ECN_OK) === 0 ? SYN | ACK : SYN | ACK | ECE;
}

/**
 * The flags of a segment that is about to be sent, no SYN and without header yet: new data is marked as capable in the IP header (§6.1.2,
 * §6.1.5), and tells of a reduction that was not told yet.
 */
export function ecnSend(sk: TcpSock, tx: SkBuff, seq: number, flags: number): number {
  if (sk.accecn !== undefined) return accecnSend(sk, sk.accecn, tx, flags);
  const { ecnFlags, inet } = sk;
  if ((ecnFlags & ECN_OK) === 0) return flags;
  if (tx.len > 0 && ((seq - sk.sndNxt) | 0) >= 0) {
    inet.tos = (inet.tos & ~ECN_MASK) | ECT_0;
    if ((ecnFlags & ECN_QUEUE_CWR) !== 0) {
      sk.ecnFlags &= ~ECN_QUEUE_CWR;
      flags |= CWR;
      if (tx.gsoSize !== 0) tx.gsoType |= SKB_GSO_TCP_ECN;
    }
  } else if (!marksAll(sk)) inet.tos &= ~ECN_MASK;
  return (ecnFlags & ECN_DEMAND_CWR) !== 0 ? flags | ECE : flags;
}

/** Data arrived: what its IP header says (§6.1.3). */
export function ecnReceived(now: number, sk: TcpSock, seg: Segment): void {
  if ((sk.ecnFlags & ECN_ANY) === 0) return;
  if (seg.ecn !== NOT_ECT && marksAll(sk)) cwndEvent(now, sk, seg.ecn === CE ? 'ECN_IS_CE' : 'ECN_NO_CE');
  if (sk.accecn !== undefined) {
    if (seg.ecn !== NOT_ECT) sk.ecnFlags |= ECN_SEEN;
    return;
  }
  if (seg.ecn === NOT_ECT) {
    // After data that was marked as capable this is a retransmission, most likely.
    if ((sk.ecnFlags & ECN_SEEN) !== 0) enterQuickAck(sk, QUICKACKS);
    return;
  }
  if (seg.ecn === CE && (sk.ecnFlags & ECN_DEMAND_CWR) === 0) {
    enterQuickAck(sk, QUICKACKS);
    sk.ecnFlags |= ECN_DEMAND_CWR;
  }
  sk.ecnFlags |= ECN_SEEN;
}

/** Whether ACKs tell of congestion from now on: for who knows better than RFC 3168. */
export function ecnDemand(sk: TcpSock, on: boolean): void {
  if (on) sk.ecnFlags |= ECN_DEMAND_CWR;
  else sk.ecnFlags &= ~ECN_DEMAND_CWR;
}

/** The peer has reduced its window, and may have little in flight: data that says so is acknowledged at once. */
export function ecnAcceptCwr(sk: TcpSock, seg: Segment): void {
  if ((seg.flags & CWR) === 0 || sk.accecn !== undefined) return;
  sk.ecnFlags &= ~ECN_DEMAND_CWR;
  if (seg.seq !== seg.endSeq) sk.ackPending |= ACK_NOW;
}

/** Whether an ACK tells of congestion on our way to the peer. */
export function ecnEcho(sk: TcpSock, seg: Segment): boolean {
  return (sk.ecnFlags & ECN_ANY) === ECN_OK && (seg.flags & (ECE | SYN)) === ECE;
}

/** The window comes down, for whatever reason: the peer is to know. */
export function ecnQueueCwr(sk: TcpSock): void {
  if ((sk.ecnFlags & ECN_ANY) === ECN_OK) sk.ecnFlags |= ECN_QUEUE_CWR;
}

/** And went up again before that. */
export function ecnWithdrawCwr(sk: TcpSock): void {
  sk.ecnFlags &= ~ECN_QUEUE_CWR;
}

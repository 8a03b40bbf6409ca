/**
 * Explicit congestion notification: routers mark instead of dropping. RFC 3168, as both sides of a connection run it.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SKB_GSO_TCP_ECN } from '@stack/skbuff';
import { res1 } from '../fields.ts';
import { ACK, AE, CWR, ECE, SYN } from '../flags.ts';
import { enterQuickAck } from './ack.ts';
import { cwndEvent } from './cwnd.ts';
import { type Dst, FEATURE_ECN } from './ports.ts';
import type { Segment } from './segment.ts';
import { ACK_NOW, type TcpSock } from './tcb.ts';

/** {@link TcpSock.ecnFlags}: both sides agreed on it; before the SYN-ACK: it was asked for. */
export const ECN_OK = 1;
/** The window came down: the next new data says so, once. */
const ECN_QUEUE_CWR = 2;
/** Congestion was met by the peer's data: every segment says so until the peer has reduced its window. */
const ECN_DEMAND_CWR = 4;
/** Data of the peer's was marked as ECN-capable. */
export const ECN_SEEN = 8;

/** Both bits of a TOS octet, and what they say: not capable, capable, congestion (RFC 3168 §5). */
const ECN_MASK = 3;
const NOT_ECT = 0;
const ECT_0 = 2;
const CE = 3;
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
function isFeature(dst: Dst | undefined): boolean {
  return dst !== undefined && (dst.metrics.features & FEATURE_ECN) !== 0;
}

/** Flags of our SYN (RFC 3168 §6.1.1): an ECN-setup SYN where `tcp_ecn` is 1, or the congestion control needs it, or the route says so. */
export function ecnSyn(sk: TcpSock): number {
  ecnXmit(sk);
  const asks = sk.tcp.sysctl.tcp_ecn === 1 || marksAll(sk) || isFeature(sk.dst);
  sk.ecnFlags = asks ? ECN_OK : 0;
  return asks ? SYN | ECE | CWR : SYN;
}

/** The flags of a SYN that is sent again: whoever dropped it may have done so for its ECN (RFC 3168 §6.1.1.1). */
export function ecnFallback(sk: TcpSock, flags: number): number {
  const setup = (flags & (SYN | ECE | CWR)) === (SYN | ECE | CWR);
  return setup && sk.tcp.sysctl.tcp_ecn_fallback !== 0 ? flags & ~(ECE | CWR) : flags;
}

/**
 * Whether a SYN for a listener asks for ECN and gets it. One marked as capable in the IP header does not mean RFC 3168's, but is DCTCP's, for
 * a listener that needs it (RFC 8257 §3.1).
 */
export function ecnRequested(sk: TcpSock, skb: SkBuff, seg: Segment, dst: Dst): boolean {
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) return false;
  if (marksAll(sk) || sk.tcp.congestion.find(dst.metrics.congctl)?.needsEcn === true) return true;
  if (sk.tcp.sysctl.tcp_ecn === 0 && !isFeature(dst)) return false;
  return seg.ecn === NOT_ECT || (seg.flags & AE) !== 0 || res1(skb.view, skb.data) !== 0;
}

/** The SYN-ACK that answers our SYN: agreed where it has ECE without CWR. */
export function ecnSynack(sk: TcpSock, seg: Segment): void {
  if ((seg.flags & (ECE | CWR)) !== ECE) sk.ecnFlags &= ~ECN_OK;
}

/** A SYN that crossed ours: agreed where both asked. The flags of our SYN-ACK. */
export function ecnCrossedSyn(sk: TcpSock, seg: Segment): number {
  if ((seg.flags & (ECE | CWR)) !== (ECE | CWR)) sk.ecnFlags &= ~ECN_OK;
  return (sk.ecnFlags & ECN_OK) === 0 ? SYN | ACK : SYN | ACK | ECE;
}

/**
 * The flags of a segment that is about to be sent, no SYN and without header yet: new data is marked as capable in the IP header (§6.1.2,
 * §6.1.5), and tells of a reduction that was not told yet.
 */
export function ecnSend(sk: TcpSock, tx: SkBuff, seq: number, flags: number): number {
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
  if ((sk.ecnFlags & ECN_OK) === 0) return;
  if (seg.ecn !== NOT_ECT && marksAll(sk)) cwndEvent(now, sk, seg.ecn === CE ? 'ECN_IS_CE' : 'ECN_NO_CE');
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
  if ((seg.flags & CWR) === 0) return;
  sk.ecnFlags &= ~ECN_DEMAND_CWR;
  if (seg.seq !== seg.endSeq) sk.ackPending |= ACK_NOW;
}

/** Whether an ACK tells of congestion on our way to the peer. */
export function ecnEcho(sk: TcpSock, seg: Segment): boolean {
  return (sk.ecnFlags & ECN_OK) !== 0 && (seg.flags & (ECE | SYN)) === ECE;
}

/** The window comes down, for whatever reason: the peer is to know. */
export function ecnQueueCwr(sk: TcpSock): void {
  if ((sk.ecnFlags & ECN_OK) !== 0) sk.ecnFlags |= ECN_QUEUE_CWR;
}

/** And went up again before that. */
export function ecnWithdrawCwr(sk: TcpSock): void {
  sk.ecnFlags &= ~ECN_QUEUE_CWR;
}

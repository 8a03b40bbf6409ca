/**
 * Accurate ECN: RFC 9768. Each side counts the marks that came and tells the count, of which three bits are in the header (ACE: the flags AE,
 * CWR and ECE); so the sender learns how many there were, and not only that there was one.
 * @module
 */
import { SKB_GSO_TCP_ACCECN, type SkBuff } from '@stack/skbuff';
import { ACK, AE, CWR, ECE } from '../flags.ts';
import { countBytes, readOption, takeOption } from './accecn-option.ts';
import {
  ackState,
  FLAG_ECE,
  FLAG_FORWARD_PROGRESS,
  FLAG_SLOWPATH,
  FLAG_SYN_ACKED,
  FLAG_TS_PROGRESS,
} from './ack-flags.ts';
import type { Segment } from './segment.ts';
import { SYN_RECV } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW, ACK_SCHED, CA_CWR, CA_OPEN } from './tcb-values.ts';

/** The flags that the ACE field is made of (§3.2.2). */
export const ACE: number = AE | CWR | ECE;
const ACE_SHIFT = 6;
const ACE_MASK = 7;
/** What the packet counters begin with (§3.2.1): no flags that old hosts or boxes make are a count. */
const CEP_INIT = 5;

/** Both ECN bits of a TOS octet (RFC 3168 §5). */
export const ECN_MASK = 3;
/** They say: not capable. */
export const NOT_ECT = 0;
/** Capable. */
export const ECT_0 = 2;
/** Congestion was met. */
export const CE = 3;

/** {@link AccEcn.failMode}: ACE that comes from the peer is not to be believed, so nothing is marked as capable any more. Linux `TCP_ACCECN_ACE_FAIL_RECV`. */
export const ACE_FAIL_RECV = 2;

/** §3.1.1, tables 2 and 3: the ACE of a SYN-ACK, and of the ACK of one, by the IP-ECN of what it answers. */
const FEEDBACK = [2, 3, 4, 6];
/** Segments in which the count may wrap more than once. */
const MANY = 16;
/** Marks after which data is acknowledged at once. */
const INCREMENT = 2;
/** And ACKs without data are: more than two, or two ends could answer each other's ACKs for ever. */
const PURE_INCREMENT = 3;

/** What Accurate ECN keeps for a socket. */
export class AccEcn {
  /** Packets that came with CE: r.cep of the RFC, less what it begins with. */
  receivedCe = 0;
  /** Payload that came with ECT(1), ECT(0) and CE, bytes: r.e1b, r.e0b and r.ceb. Modulo 2^32. */
  readonly receivedBytes: Uint32Array = new Uint32Array(3);
  /** IP-ECN of the packet that came last. */
  prevEcn: number;
  /** IP-ECN of the peer's SYN or SYN-ACK. */
  readonly synEcn: number;
  /** `*_FAIL_*` bits. */
  failMode = 0;
  /** Those since the last ACK. */
  cePending = 0;
  /** A segment came after the handshake. */
  isChecked = false;
  /** Its ACE was zeroed on the way, so that it tells nothing. */
  isZeroed = false;

  // Its option.
  /** What came of it: see `accecn-option.ts`. */
  optSeen = 0;
  /** How many counters it needs so that all that changed are in it. */
  optFields = 0;
  /** Segments that shall have it. */
  optDemand = 2;
  /** When it was sent last, µs. */
  optStamp = 0;
  /** As {@link receivedBytes}, as the peer tells. */
  readonly deliveredBytes: Uint32Array = new Uint32Array(3);
  /** Counters of the segment being processed, and which they are. */
  readonly told: Uint32Array = new Uint32Array(3);
  readonly toldIndex: Uint8Array = new Uint8Array(3);
  toldFields = 0;

  constructor(synEcn: number) {
    this.synEcn = synEcn;
    this.prevEcn = synEcn;
  }
}

/** The ACE field of these flags, 0..7. */
export function aceOf(flags: number): number {
  return (flags >>> ACE_SHIFT) & ACE_MASK;
}

function aceFlags(ace: number): number {
  return (ace & ACE_MASK) << ACE_SHIFT;
}

/** Flags that tell of the IP-ECN of a SYN, or of a SYN-ACK. */
export function synFeedback(ecn: number): number {
  return aceFlags(FEEDBACK[ecn] as number);
}

/** §3.1.2, table 2: a SYN that asks for Accurate ECN. Combinations without a meaning do so too (§3.1.3). */
export function asksForAccEcn(flags: number): boolean {
  const ace = aceOf(flags);
  return ace !== 0 && ace !== aceOf(CWR | ECE);
}

/** The peer tells what our SYN or SYN-ACK, marked with `sent`, arrived with. A mark that cannot have become that was mangled on the way (§3.2.2.3). */
export function checkSynFeedback(sk: TcpSock, accecn: AccEcn, ace: number, sent: number): boolean {
  const seen = FEEDBACK.indexOf(ace);
  if (sk.tcp.sysctl.tcp_ecn_fallback === 0 || seen === sent || (sent !== NOT_ECT && seen === CE)) return true;
  accecn.failMode |= ACE_FAIL_RECV;
  return false;
}

/** Both agreed; `seg` is the peer's SYN or SYN-ACK. */
export function startAccEcn(sk: TcpSock, synEcn: number): AccEcn {
  const accecn = new AccEcn(synEcn);
  sk.accecn = accecn;
  predict(sk);
  return accecn;
}

/** §3.2.2.1: the ACK of our SYN-ACK tells what that arrived with, if it has no data. `sent`: its mark. */
export function accecnThirdAck(sk: TcpSock, accecn: AccEcn, seg: Segment, sent: number): void {
  const ace = aceOf(seg.flags);
  accecn.isChecked = true;
  if (ace === 0) zeroed(accecn);
  else if (seg.seq === seg.endSeq && FEEDBACK.includes(ace) && checkSynFeedback(sk, accecn, ace, sent)) {
    if (FEEDBACK.indexOf(ace) === CE) sk.deliveredCe++;
    predict(sk);
  }
}

/** A segment came that is acceptable: counts its mark (§3.2.1, §3.2.3). Where marks begin or end data is acknowledged at once, and after every second mark, all else after the third (§3.2.2.5.1). */
export function accecnReceived(sk: TcpSock, accecn: AccEcn, skb: SkBuff, seg: Segment): void {
  const { ecn } = seg;
  readOption(sk, skb.view, seg, accecn);
  if (ecn !== NOT_ECT) {
    if (ecn === CE) {
      const count = Math.max(skb.gsoSegs, 1);
      accecn.receivedCe += count;
      accecn.cePending += count;
    }
    if (seg.len > 0) countBytes(accecn, ecn - 1, seg.len);
  }
  if (ecn === CE || ecn !== accecn.prevEcn) accecn.optDemand = 2;
  if (seg.len === 0) {
    if (accecn.cePending >= PURE_INCREMENT) sk.ackPending |= ACK_SCHED | ACK_NOW;
  } else if (accecn.cePending >= INCREMENT) sk.ackPending |= ACK_NOW;
  if (ecn === accecn.prevEcn) return;
  accecn.prevEcn = ecn;
  sk.ackPending |= ACK_NOW;
}

/** Flags of a segment that is about to be sent: with the count, unless they tell of the handshake. All is marked as capable. */
export function accecnSend(sk: TcpSock, accecn: AccEcn, tx: SkBuff, flags: number): number {
  if ((accecn.failMode & ACE_FAIL_RECV) === 0) sk.inet.tos = (sk.inet.tos & ~ECN_MASK) | ECT_0;
  else sk.inet.tos &= ~ECN_MASK;
  accecn.cePending = 0;
  if (tx.gsoSize !== 0) tx.gsoType |= SKB_GSO_TCP_ACCECN;
  return (flags & ACE) !== 0 ? flags : flags | aceFlags(accecn.receivedCe + CEP_INIT);
}

/** An ACK was taken in that delivered `delivered` segments: counts the marks that it tells of. */
export function accecnProcess(sk: TcpSock, accecn: AccEcn, seg: Segment, delivered: number): void {
  const marks = newMarks(sk, accecn, seg, delivered);
  ackState.ceCount = marks;
  if (marks === 0) return;
  sk.deliveredCe += marks;
  ackState.flag |= FLAG_ECE;
  predict(sk);
}

/** Appendix A.2: the count modulo eight, which may have wrapped where more than seven were delivered: then the most is assumed that fits. */
function newMarks(sk: TcpSock, accecn: AccEcn, seg: Segment, delivered: number): number {
  const { flag } = ackState;
  if ((flag & FLAG_SYN_ACKED) !== 0 || sk.state === SYN_RECV) return 0;
  checkFirst(sk, accecn, seg);
  // An ACK that was overtaken tells an old count.
  if ((flag & (FLAG_FORWARD_PROGRESS | FLAG_TS_PROGRESS)) === 0) return 0;
  if (accecn.isZeroed) return 0;
  const marked = takeOption(accecn);
  if ((flag & FLAG_SLOWPATH) === 0 && delivered <= ACE_MASK) return 0;
  const delta = (aceOf(seg.flags) - CEP_INIT - sk.deliveredCe) & ACE_MASK;
  if (delivered <= ACE_MASK) return delta;
  const most = delivered - ((delivered - delta) & ACE_MASK);
  return marked < 0 ? most : likelyMarks(sk, delivered, delta, most, marked);
}

/** Of the two, the one that fits better to the bytes that the option tells were marked; of many segments, what those bytes make. */
function likelyMarks(sk: TcpSock, delivered: number, delta: number, most: number, marked: number): number {
  const { caState, mssCache } = sk;
  if (delivered >= MANY && (sk.sackOk || caState === CA_OPEN || caState === CA_CWR)) {
    if (delivered * mssCache <= marked) return most;
    return Math.min(most, delta + (Math.ceil(marked / mssCache) & ~ACE_MASK));
  }
  if (marked > delta * mssCache) return most;
  return marked < (most * mssCache) / 2 ? delta : most;
}

/** §3.2.2.4: an ACE of zero in the first segment behind the handshake was zeroed on the way. */
function checkFirst(sk: TcpSock, accecn: AccEcn, seg: Segment): void {
  if (accecn.isChecked) return;
  accecn.isChecked = true;
  if (aceOf(seg.flags) === 0 && sk.tcp.sysctl.tcp_ecn_fallback !== 0) zeroed(accecn);
}

function zeroed(accecn: AccEcn): void {
  accecn.isZeroed = true;
  accecn.failMode |= ACE_FAIL_RECV;
}

/** A segment with the count that is known tells nothing new. */
function predict(sk: TcpSock): void {
  sk.plainFlags = ACK | aceFlags(sk.deliveredCe + CEP_INIT);
}

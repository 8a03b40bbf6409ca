/**
 * One segment of a socket onto its way: a fresh small head, the payload by reference, the header written in place.
 * @module
 */
import { appendRange, CHECKSUM_PARTIAL, type SkBuff } from '@stack/skbuff';
import { HLEN } from '../fields.ts';
import { ACK, PSH, RST, SYN, URG } from '../flags.ts';
import { writeHeader, writeTimestamps } from '../write.ts';
import { ackSent, DELACK_MAX, delayAck } from './ack.ts';
import { CB_GSO_SIZE, CB_TX_MARK, endSeqOf, flagsOf, pcountOf, seqOf } from './cb.ts';
import { cwndEvent, packetsInFlight } from './cwnd.ts';
import { ecnSend } from './ecn.ts';
import { departureTime, paceNext } from './pacing.ts';
import { CN, type Dst, OK } from './ports.ts';
import { enterCwr } from './prr.ts';
import { rateSkbSent } from './rate.ts';
import { changingLength, writeChanging } from './sack.ts';
import { appendSent } from './sent-list.ts';
import { signSegment } from './sign.ts';
import { CLOSE } from './state.ts';
import { synLength, writeSynOptions } from './syn-options.ts';
import type { TcpSock } from './tcb.ts';
import { TSQ_QUEUED, TSQ_THROTTLED } from './tcb-values.ts';
import { carryTimestamp } from './timestamping.ts';
import { selectWindow } from './window.ts';

/** Where the checksum lies in the header: `csumOffset`. */
const CHECK_OFFSET = 16;
/** A pure ACK is charged with next to nothing, so that it never holds data back. */
const PURE_ACK_TRUESIZE = 2;

/** {@link transmitSkb}: not sent, for want of memory or a route. */
export const FAILED = -1;
/** {@link transmitSkb}: dropped by the queues of this host. */
export const CONGESTED = 1;

/** The timestamp clock, ms, int32 (RFC 7323 §5.4: 1 ms to 1 s a tick). */
export function tsClock(now: number): number {
  return Math.floor(now / 1000) | 0;
}

/** The socket's route, asked for anew where it is outdated; `undefined` where there is none. */
function currentDst(now: number, sk: TcpSock): Dst | undefined {
  const { dst } = sk;
  if (dst !== undefined && !dst.obsolete()) return dst;
  const { flow } = sk.tcp;
  flow.daddr = sk.daddr;
  flow.saddr = sk.saddr;
  flow.oif = sk.boundDevIf;
  flow.tos = sk.inet.tos;
  flow.mark = sk.mark;
  flow.sport = sk.sport;
  flow.dport = sk.dport;
  flow.dontroute = sk.localRoute;
  const found = sk.family.route(now, flow, sk.inet);
  if (typeof found === 'string') {
    sk.dst = undefined;
    sk.errSoft = found;
    return undefined;
  }
  sk.dst = found;
  return found;
}

/**
 * Sends what a queued skb holds (Linux `__tcp_transmit_skb`): {@link OK}, {@link CONGESTED} or {@link FAILED}. The skb stays in its
 * queue.
 */
export function transmitSkb(now: number, sk: TcpSock, skb: SkBuff): number {
  const { tcp } = sk;
  if (tcp.probe !== undefined) tcp.probe('__tcp_transmit_skb', skb);
  const dst = currentDst(now, sk);
  if (dst === undefined) return FAILED;
  // A super-packet is pushed: the receiver's GRO need not wait for what follows.
  const pcount = pcountOf(skb);
  const flags = pcount > 1 ? flagsOf(skb) | PSH : flagsOf(skb);
  const syn = (flags & SYN) !== 0;
  const length = syn ? synLength(sk, flags) : sk.tcpHeaderLen + changingLength(sk);
  const tx = tcp.pool.alloc(0, dst.headroom + length);
  if (tx === undefined) return FAILED;
  const prior = sk.wstampNs;
  const departure = departureTime(now, sk);
  tx.tstamp = departure;
  if (!appendRange(tx, skb, 0, skb.len)) {
    tx.free();
    return FAILED;
  }
  if (pcount > 1) {
    tx.gsoSize = skb.cb[CB_GSO_SIZE] as number;
    tx.gsoSegs = pcount;
    tx.gsoType = sk.family.gsoType;
  }
  if (skb.txFlags !== 0) carryTimestamp(tx, skb);
  const seq = seqOf(skb);
  const window = syn ? Math.min(sk.rcvWnd, 0xffff) : selectWindow(sk);
  pushHeader(departure, sk, tx, length, seq, sk.rcvNxt, syn ? flags : ecnSend(sk, tx, seq, flags), window);
  if (skb.len !== 0) dataSent(now, sk, skb.len, pcount);
  const end = endSeqOf(skb);
  // Retransmissions are counted apart (RFC 4022 tcpOutSegs: "excluding those containing only retransmitted octets").
  if (((end - sk.sndNxt) | 0) > 0 || seq === end) tcp.mib.Tcp.OutSegs += pcount;
  sk.segsOut += pcount;
  own(sk, tx);
  if ((flags & ACK) !== 0) ackSent(sk);
  const result = hand(now, sk, tx, dst);
  if (result === OK) {
    skb.tstamp = departure;
    paceNext(sk, skb.len, prior);
    skb.cb[CB_TX_MARK] = sk.wmemSent;
    rateSkbSent(sk, skb);
    if (sk.sackOk) appendSent(sk, skb);
  }
  return result;
}

/**
 * Sends a segment without data that is in no queue: an ACK, a probe, a RST. With an `ack` below RCV.NXT the ACK of the rest is still due.
 */
export function transmitControl(
  now: number,
  sk: TcpSock,
  seq: number,
  flags: number,
  ack: number = sk.rcvNxt,
): number {
  const { tcp } = sk;
  const dst = currentDst(now, sk);
  if (dst === undefined) return FAILED;
  const length = sk.tcpHeaderLen + changingLength(sk);
  const tx = tcp.pool.alloc(0, dst.headroom + length);
  if (tx === undefined) return FAILED;
  if (tcp.probe !== undefined) tcp.probe('__tcp_transmit_skb', tx);
  tx.tstamp = departureTime(now, sk);
  pushHeader(tx.tstamp, sk, tx, length, seq, ack, ecnSend(sk, tx, seq, flags), selectWindow(sk));
  tcp.mib.Tcp.OutSegs++;
  sk.segsOut++;
  tx.truesize = PURE_ACK_TRUESIZE;
  own(sk, tx);
  if ((flags & ACK) !== 0 && ack === sk.rcvNxt) ackSent(sk);
  return hand(now, sk, tx, dst);
}

/** Sends an ACK now (Linux `tcp_send_ack`), of everything or up to `ack`; `flags` may have an ACE field (RFC 9768 §3.2.2.1). */
export function sendAck(now: number, sk: TcpSock, ack: number = sk.rcvNxt, flags: number = ACK): void {
  if (sk.state === CLOSE) return;
  if (transmitControl(now, sk, acceptableSeq(sk), flags, ack) === FAILED) delayAck(now, sk, DELACK_MAX); // try again
}

/** Resets the peer's side (Linux `tcp_send_active_reset`). The state is the caller's to change. */
export function sendActiveReset(now: number, sk: TcpSock): void {
  const { Tcp, TcpExt } = sk.tcp.mib;
  Tcp.OutRsts++; // sent or not, as in Linux
  if (transmitControl(now, sk, acceptableSeq(sk), ACK | RST) !== OK) TcpExt.TCPAbortFailed++;
}

/** SND.NXT, unless the peer shrank its window below it: then what it still accepts. */
function acceptableSeq(sk: TcpSock): number {
  const end = (sk.sndUna + sk.sndWnd) | 0;
  const beyond = (sk.sndNxt - end) | 0;
  if (beyond <= 0 || (sk.wscaleOk && beyond < 1 << sk.rcvWscale)) return sk.sndNxt;
  return end;
}

/** Whether the last transmission of `skb` has not left this host yet. Packets are freed in the order they were sent. */
export function inHostQueue(sk: TcpSock, skb: SkBuff): boolean {
  const freed = (sk.wmemSent - sk.wmemAlloc) | 0;
  return sk.wmemAlloc > 0 && (((skb.cb[CB_TX_MARK] as number) - freed) | 0) > 0;
}

/** Puts the header in front and seeds its checksum. `departure`: when it leaves, µs, which its timestamp tells. */
function pushHeader(
  departure: number,
  sk: TcpSock,
  tx: SkBuff,
  length: number,
  seq: number,
  ackSeq: number,
  flags: number,
  window: number,
): void {
  let urgPtr = 0;
  if (sk.urgMode) {
    const ahead = (sk.sndUp - seq) | 0;
    if (ahead > 0 && ahead < 0x1_0000) {
      urgPtr = ahead;
      flags |= URG;
    } else if (ahead > 0 && ((seq + 0xffff - sk.sndNxt) | 0) > 0) {
      urgPtr = 0xffff;
      flags |= URG;
    }
  }
  const at = tx.push(length);
  const { view } = tx;
  const sum = sk.family.pseudo(sk.saddr, sk.daddr, sk.protocol, tx.len);
  const ack = (flags & ACK) !== 0 ? ackSeq : 0;
  writeHeader(view, at, sk.sport, sk.dport, seq, ack, length, flags, window, sum, urgPtr);
  const { auth } = sk;
  const options = auth === undefined ? at + HLEN : at + HLEN + auth.length; // a signature is the first
  if ((flags & SYN) !== 0) writeSynOptions(departure, sk, view, options, flags);
  else if (length > HLEN) {
    if (sk.tstampOk) writeTimestamps(view, options, (tsClock(departure) + sk.tsoffset) | 0, sk.tsRecent);
    const changing = length - sk.tcpHeaderLen;
    if (changing > 0) writeChanging(departure, sk, view, at + sk.tcpHeaderLen, changing);
  }
  if (auth !== undefined) signSegment(sk, tx, flags, seq);
  tx.transportHeader = at;
  tx.ipSummed = CHECKSUM_PARTIAL;
  tx.csumStart = at;
  tx.csumOffset = CHECK_OFFSET;
}

/** Books of a segment with data; an answer to what was just received makes the connection interactive. */
function dataSent(now: number, sk: TcpSock, bytes: number, pcount: number): void {
  if (packetsInFlight(sk) === 0) cwndEvent(now, sk, 'TX_START');
  sk.lsndtime = now;
  if (now - sk.lrcvtime < sk.ato && sk.pingpong < 255) sk.pingpong++;
  sk.dataSegsOut += pcount;
  sk.bytesSent += bytes;
}

function own(sk: TcpSock, tx: SkBuff): void {
  tx.sk = sk;
  tx.destructor = tcpWfree;
  sk.wmemAlloc += tx.truesize;
  sk.wmemSent = (sk.wmemSent + tx.truesize) | 0;
}

/** Gives the segment to the network. */
function hand(now: number, sk: TcpSock, tx: SkBuff, dst: Dst): number {
  const result = sk.family.output(now, tx, dst, sk);
  if (result === OK) return OK;
  if (typeof result === 'string') return FAILED;
  enterCwr(now, sk); // local congestion
  return result === CN ? OK : CONGESTED;
}

/** A segment left the host: sending goes on, if it stopped for too much being queued (TCP small queues). */
function tcpWfree(skb: SkBuff): void {
  const sk = skb.sk as TcpSock;
  sk.wmemAlloc -= skb.truesize;
  if ((sk.tsqFlags & (TSQ_THROTTLED | TSQ_QUEUED)) === TSQ_THROTTLED) {
    sk.tsqFlags = TSQ_QUEUED;
    sk.tcp.queueTsq(sk);
  }
}

/**
 * What to send now: as much as windows, Nagle and the queues below allow (Linux tcp_output.c).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SK_PACING_NONE } from '@stack/skbuff/sock';
import { ACK, FIN, PSH } from '../flags.ts';
import { CB_END_SEQ, CB_EOR, CB_FLAGS, CB_PCOUNT, endSeqOf, flagsOf, pcountOf, seqOf } from './cb.ts';
import { CHRONO_RWND, chronoStart, chronoStop } from './chrono.ts';
import { cwndValidate, packetsInFlight } from './cwnd.ts';
import { currentMss, gsoMaxPayload } from './mss.ts';
import { PROBE_WAITS, probeMtu } from './mtu-probe.ts';
import { isPaced, pacingQuantum } from './pacing.ts';
import { OK } from './ports.ts';
import { prrSent } from './prr.ts';
import { fragment, growSkb, newSendSkb, queueSkb, setTsoSegs } from './send-queue.ts';
import { appendSent } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';
import {
  CA_RECOVERY,
  NAGLE_CORK,
  NAGLE_OFF,
  NAGLE_PUSH,
  REPAIR_SEND,
  TIMER_LOSS_PROBE,
  TIMER_NONE,
  TIMER_PROBE0,
  TSQ_THROTTLED,
} from './tcb-values.ts';
import { armXmit, probe0Base, rearmRto } from './timer.ts';
import { scheduleLossProbe } from './tlp.ts';
import { FAILED, transmitControl, transmitSkb } from './transmit.ts';

/** ns: only a stream that sends all the time, with less than this between, may wait for a larger super-packet. */
const DEFER_RECENT = 1_000_000;

/** First sequence number behind the peer's window. */
export function windowEnd(sk: TcpSock): number {
  return (sk.sndUna + sk.sndWnd) | 0;
}

/**
 * Sends from the write queue (Linux `tcp_write_xmit`). True where something waits and nothing is in flight whose ACK would go on with
 * it. `pushOne`: 1 = no more than one skb, 2 = and that in any case, as a probe.
 */
export function writeXmit(now: number, sk: TcpSock, mss: number, nonagle: number, pushOne: number): boolean {
  const { tcp, writeQueue } = sk;
  let sent = 0;
  let cwndLimited = false;
  let rwndLimited = false;
  if (pushOne === 0 && sk.mtup !== undefined) {
    const result = probeMtu(now, sk, sk.mtup);
    if (result === PROBE_WAITS) return false;
    sent = result; // PROBE_SENT is one segment
  }
  const maxSegs = tsoSegs(sk, mss);
  const repairing = sk.repair === REPAIR_SEND;
  for (let skb = writeQueue.first; skb !== undefined; skb = writeQueue.first) {
    if (tcp.probe !== undefined) tcp.probe('tcp_write_xmit', skb);
    if (isPaced(now, sk)) break;
    if (repairing) {
      sent += sentBefore(now, sk, skb, mss);
      if (pushOne !== 0) break;
      continue;
    }
    let room = cwndTest(sk);
    if (room === 0) {
      if (pushOne !== 2) break;
      room = 1;
    }
    const quota = Math.min(room, maxSegs);
    if (skb.next !== undefined && skb.len < quota * mss) growSkb(sk, skb, skb.next, quota * mss - skb.len);
    const segs = setTsoSegs(skb, mss);
    if (!windowTest(sk, skb, mss)) {
      rwndLimited = true;
      break;
    }
    if (segs === 1) {
      if (!nagleTest(sk, skb, mss, skb.next === undefined ? nonagle : NAGLE_PUSH)) break;
    } else if (pushOne === 0) {
      const defer = tsoShouldDefer(now, sk, skb, maxSegs);
      if (defer !== SEND_NOW) {
        if (defer === DEFER_CWND) cwndLimited = true;
        else if (defer === DEFER_RWND) rwndLimited = true;
        break;
      }
    }
    const limit = segs > 1 && !sk.urgMode ? splitPoint(sk, skb, mss, quota, nonagle) : mss;
    if (skb.len > limit && !fragment(sk, skb, limit, mss, false)) break;
    if (smallQueueCheck(sk, skb, 1)) break;
    if (endSeqOf(skb) === seqOf(skb)) break; // an empty one that a writer is about to fill
    if (transmitSkb(now, sk, skb) !== OK) break;
    newDataSent(now, sk, skb);
    if (skb.len < pcountOf(skb) * mss) sk.sndSml = endSeqOf(skb);
    sent += pcountOf(skb);
    if (pushOne !== 0) break;
  }
  if (rwndLimited) chronoStart(now, sk, CHRONO_RWND);
  else chronoStop(now, sk, CHRONO_RWND);
  cwndLimited ||= packetsInFlight(sk) >= sk.sndCwnd;
  if (sent > 0 || cwndLimited) cwndValidate(now, sk, cwndLimited);
  if (sent > 0) {
    prrSent(sk, sent);
    if (pushOne !== 2) scheduleLossProbe(now, sk, false);
    return false;
  }
  return sk.packetsOut === 0 && writeQueue.first !== undefined;
}

/** Sends what may be sent, and sees to it that a window that is closed gets probed. */
export function pushPending(now: number, sk: TcpSock, mss: number, nonagle: number): void {
  if (sk.state === 7) return;
  if (writeXmit(now, sk, mss, nonagle, 0)) checkProbeTimer(now, sk);
}

/** {@link pushPending} where anything waits. */
export function pushPendingFrames(now: number, sk: TcpSock): void {
  if (sk.writeQueue.first !== undefined) pushPending(now, sk, currentMss(now, sk), sk.nonagle);
}

function checkProbeTimer(now: number, sk: TcpSock): void {
  if (sk.packetsOut === 0 && sk.pendingTimer === TIMER_NONE) armXmit(now, sk, TIMER_PROBE0, probe0Base(sk));
}

/** Segments the congestion window leaves for one super-packet: half a window at most, so that ACKs keep coming. */
function cwndTest(sk: TcpSock): number {
  const inFlight = packetsInFlight(sk);
  const cwnd = sk.sndCwnd;
  if (inFlight >= cwnd) return 0;
  return Math.min(Math.max(cwnd >> 1, 1), cwnd - inFlight);
}

/** Whether at least the first segment of `skb` fits into the peer's window. */
export function windowTest(sk: TcpSock, skb: SkBuff, mss: number): boolean {
  const end = skb.len > mss ? seqOf(skb) + mss : endSeqOf(skb);
  return ((windowEnd(sk) - end) | 0) >= 0;
}

/** RFC 9293 §3.7.4 with Minshall's variant: only one small segment in flight. True = send. */
function nagleTest(sk: TcpSock, skb: SkBuff, mss: number, nonagle: number): boolean {
  if ((nonagle & NAGLE_PUSH) !== 0 || sk.urgMode || (flagsOf(skb) & FIN) !== 0) return true;
  return !nagleHolds(sk, skb.len < mss, nonagle);
}

function nagleHolds(sk: TcpSock, partial: boolean, nonagle: number): boolean {
  if (!partial) return false;
  if ((nonagle & NAGLE_CORK) !== 0) return true;
  return nonagle === 0 && sk.packetsOut !== 0 && smallInFlight(sk);
}

function smallInFlight(sk: TcpSock): boolean {
  return ((sk.sndSml - sk.sndUna) | 0) > 0 && ((sk.sndSml - sk.sndNxt) | 0) <= 0;
}

/** Bytes of `skb` to send at once: whole segments within both windows; what is left of the last one as Nagle says. */
function splitPoint(sk: TcpSock, skb: SkBuff, mss: number, quota: number, nonagle: number): number {
  const window = (windowEnd(sk) - seqOf(skb)) | 0;
  const most = mss * quota;
  if (most <= window && skb.next !== undefined) return most;
  const needed = Math.min(skb.len, window);
  if (most <= needed) return most;
  const partial = needed % mss;
  return nagleHolds(sk, partial !== 0, nonagle) ? needed - partial : needed;
}

/** Segments a super-packet should have: what is sent in a millisecond, more where the path is short. */
export function tsoSegs(sk: TcpSock, mss: number): number {
  const { dst, tcp } = sk;
  if (dst === undefined || dst.gsoMaxSize === 0 || sk.auth !== undefined) return 1; // nobody could sign the parts
  const most = gsoMaxPayload(dst);
  const minTsoSegs = sk.caOps.minTsoSegs?.(sk) ?? tcp.sysctl.tcp_min_tso_segs;
  let bytes = pacingQuantum(sk);
  if (sk.minRtt >= 0) {
    const shift = sk.minRtt >> tcp.sysctl.tcp_tso_rtt_log;
    if (shift < 32) bytes += most >> shift;
  }
  const segs = Math.max(Math.floor(Math.min(bytes, most) / mss), minTsoSegs);
  return Math.min(segs, dst.gsoMaxSegs);
}

const SEND_NOW = 0;
const DEFER = 1;
const DEFER_CWND = 2;
const DEFER_RWND = 3;

/** Whether to wait for an ACK that makes this super-packet larger (Linux `tcp_tso_should_defer`). */
function tsoShouldDefer(now: number, sk: TcpSock, skb: SkBuff, maxSegs: number): number {
  if (sk.caState >= CA_RECOVERY || now * 1000 - sk.wstampNs >= DEFER_RECENT) return SEND_NOW;
  const mss = sk.mssCache;
  const sendWindow = (windowEnd(sk) - seqOf(skb)) | 0;
  const congestionWindow = (sk.sndCwnd - packetsInFlight(sk)) * mss;
  const limit = Math.min(sendWindow, congestionWindow);
  if (limit >= maxSegs * mss) return SEND_NOW;
  if (skb.next !== undefined && limit >= skb.len) return SEND_NOW;
  const divisor = sk.tcp.sysctl.tcp_tso_win_divisor;
  if (divisor !== 0) {
    if (limit >= Math.floor(Math.min(sk.sndWnd, sk.sndCwnd * mss) / divisor)) return SEND_NOW;
  } else if (limit > 3 * mss) return SEND_NOW;
  const head = sk.rtxQueue.first;
  // If the next ACK is more than half a round trip away, it is not worth it.
  if (head === undefined || now - head.tstamp < sk.srtt >> 4) return SEND_NOW;
  if (congestionWindow < sendWindow) {
    if (congestionWindow <= skb.len) return DEFER_CWND;
  } else if (sendWindow <= skb.len) return DEFER_RWND;
  if ((flagsOf(skb) & FIN) !== 0 || skb.cb[CB_EOR] !== 0) return SEND_NOW;
  return DEFER;
}

/** TCP small queues: whether enough of this socket waits in the queues below. Then sending goes on when it left. */
export function smallQueueCheck(sk: TcpSock, skb: SkBuff, factor: number): boolean {
  let limit = Math.max(2 * skb.truesize, pacingQuantum(sk));
  if (sk.pacingStatus === SK_PACING_NONE) limit = Math.min(limit, sk.tcp.sysctl.tcp_limit_output_bytes);
  if (sk.wmemAlloc <= limit * factor) return false;
  const { first } = sk.rtxQueue;
  if (first === undefined || first.next === undefined) return false;
  sk.tsqFlags |= TSQ_THROTTLED;
  return true;
}

/** An skb of the write queue was sent: it waits for its ACK now (Linux `tcp_event_new_data_sent`). */
export function newDataSent(now: number, sk: TcpSock, skb: SkBuff): void {
  const { mib } = sk.tcp;
  const before = sk.packetsOut;
  sk.sndNxt = endSeqOf(skb);
  sk.writeQueue.remove(skb);
  sk.rtxQueue.push(skb);
  const pcount = pcountOf(skb);
  sk.packetsOut = before + pcount;
  if (before === 0 || sk.pendingTimer === TIMER_NONE || sk.pendingTimer === TIMER_LOSS_PROBE)
    rearmRto(now, sk);
  mib.TcpExt.TCPOrigDataSent += pcount;
}

/** In repair mode what is written to the send queue was sent, by somebody else: it waits for its ACK. How many segments it is. */
function sentBefore(now: number, sk: TcpSock, skb: SkBuff, mss: number): number {
  skb.tstamp = now; // a timeout counts from here
  setTsoSegs(skb, mss);
  newDataSent(now, sk, skb);
  if (sk.sackOk) appendSent(sk, skb);
  if (skb.len < pcountOf(skb) * mss) sk.sndSml = endSeqOf(skb);
  return pcountOf(skb);
}

/** Queues a FIN behind everything, on the last segment where that was not sent yet (Linux `tcp_send_fin`). */
export function sendFin(now: number, sk: TcpSock): void {
  const tail = sk.writeQueue.last;
  if (tail !== undefined) {
    tail.cb[CB_FLAGS] = flagsOf(tail) | FIN;
    tail.cb[CB_END_SEQ] = endSeqOf(tail) + 1;
    sk.writeSeq = (sk.writeSeq + 1) | 0;
  } else {
    const skb = newSendSkb(sk, sk.writeSeq, ACK | FIN);
    if (skb === undefined) {
      finWithoutMemory(sk);
      return;
    }
    queueSkb(now, sk, skb); // charged whatever the limits say
  }
  pushPending(now, sk, currentMss(now, sk), NAGLE_OFF);
}

/** No memory for an skb: the FIN is said to have been sent with the last segment in flight; its retransmission will carry it. */
function finWithoutMemory(sk: TcpSock): void {
  const sent = sk.rtxQueue.last;
  if (sent === undefined) return;
  sent.cb[CB_FLAGS] = flagsOf(sent) | FIN;
  sent.cb[CB_END_SEQ] = endSeqOf(sent) + 1;
  sk.writeSeq = (sk.writeSeq + 1) | 0;
  sk.sndNxt = (sk.sndNxt + 1) | 0;
}

/** Sends a bit of what waits, or an old byte that makes the peer tell its window (Linux `tcp_write_wakeup`). False = not sent. */
export function writeWakeup(now: number, sk: TcpSock, counter: 'TCPWinProbe' | 'TCPKeepAlive'): number {
  if (sk.state === 7) return FAILED;
  const skb = sk.writeQueue.first;
  const room = skb === undefined ? 0 : (windowEnd(sk) - seqOf(skb)) | 0;
  if (skb !== undefined && room > 0) {
    const mss = currentMss(now, sk);
    if (((sk.pushedSeq - endSeqOf(skb)) | 0) < 0) sk.pushedSeq = endSeqOf(skb);
    if (room < ((endSeqOf(skb) - seqOf(skb)) | 0) || skb.len > mss) {
      skb.cb[CB_FLAGS] = flagsOf(skb) | PSH;
      if (!fragment(sk, skb, Math.min(room, mss), mss, false)) return FAILED;
    } else if (skb.cb[CB_PCOUNT] === 0) setTsoSegs(skb, mss);
    skb.cb[CB_FLAGS] = flagsOf(skb) | PSH;
    const result = transmitSkb(now, sk, skb);
    if (result === OK) newDataSent(now, sk, skb);
    return result;
  }
  const { mib } = sk.tcp;
  if ((sk.sndUp - (sk.sndUna + 1)) >>> 0 <= 0xfffe) {
    transmitControl(now, sk, sk.sndUna, ACK);
    mib.TcpExt[counter]++;
  }
  mib.TcpExt[counter]++;
  return transmitControl(now, sk, (sk.sndUna - 1) | 0, ACK);
}

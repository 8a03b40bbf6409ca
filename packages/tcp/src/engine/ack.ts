/**
 * When to acknowledge: RFC 9293 §3.8.6.3 with Linux's quick ACKs at the start of a stream, and its patience in a dialogue.
 * @module
 */
import { compressAck, compressedAckSent } from './comp-sack.ts';
import { ecnReceived } from './ecn.ts';
import { rcvRttMeasure } from './rcvbuf.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW, ACK_PUSHED, ACK_PUSHED2, ACK_SCHED, ACK_TIMER } from './tcb-values.ts';
import { sendAck } from './transmit.ts';
import { clampTo, growWindow, receiveWindow, winFromSpace, wouldOffer } from './window.ts';

/** ACKs sent at once at most, after a start or a loss. */
export const TCP_MAX_QUICKACKS = 16;
/** Least delayed-ACK interval, µs. */
const TCP_ATO_MIN = 40_000;
/** Least delay, µs. */
const DELACK_MIN = 40_000;
/** Most delay, µs (RFC 9293 MUST-40: below half a second). */
export const DELACK_MAX = 200_000;
const HALF_SECOND = 500_000;
const MIN_SEGMENT_WITH_HEADER = 88 + 20;
const DEFAULT_SEGMENT_WITH_HEADER = 536 + 20;

/** The application answers what it receives, so an ACK may wait for its data. */
export function inPingpong(sk: TcpSock): boolean {
  return sk.pingpong >= sk.tcp.sysctl.tcp_pingpong_thresh;
}

export function enterPingpong(sk: TcpSock): void {
  sk.pingpong = sk.tcp.sysctl.tcp_pingpong_thresh;
}

export function exitPingpong(sk: TcpSock): void {
  sk.pingpong = 0;
}

/** Marks that an ACK is due. */
export function scheduleAck(sk: TcpSock): void {
  sk.ackPending |= ACK_SCHED;
}

export function ackScheduled(sk: TcpSock): boolean {
  return (sk.ackPending & ACK_SCHED) !== 0;
}

/** Makes sure that the next `most` ACKs at least, but no more than half a window has segments, go out at once. */
function addQuickAcks(sk: TcpSock, most: number): void {
  let count = Math.floor(sk.rcvWnd / (2 * sk.rcvMss));
  if (count === 0) count = 2;
  count = Math.min(count, most);
  if (count > sk.quick) sk.quick = count;
}

/** Something went wrong or begins: ACK every segment for a while. */
export function enterQuickAck(sk: TcpSock, most: number): void {
  addQuickAcks(sk, most);
  exitPingpong(sk);
  sk.ato = TCP_ATO_MIN;
}

function inQuickAck(sk: TcpSock): boolean {
  return (sk.dst !== undefined && sk.dst.metrics.quickack !== 0) || (sk.quick !== 0 && !inPingpong(sk));
}

/** An ACK of everything went out (Linux `tcp_event_ack_sent`). Of quick ACKs those count that acknowledge something new. */
export function ackSent(sk: TcpSock): void {
  if (sk.compressedAcks !== undefined) compressedAckSent(sk, sk.compressedAcks);
  if (sk.quick !== 0 && ackScheduled(sk) && --sk.quick === 0) sk.ato = TCP_ATO_MIN;
  // The timer is left to run out: to stop it costs more than to wake for nothing.
  sk.ackPending = 0;
  sk.ackNomem = false;
}

/** Learns from the arrival of data what its sender's segments and intervals are (Linux `tcp_event_data_recv`). */
export function dataReceived(
  now: number,
  sk: TcpSock,
  seg: Segment,
  len: number,
  truesize: number,
  gsoSize: number,
): void {
  scheduleAck(sk);
  measureSegment(sk, seg, len, truesize, gsoSize);
  rcvRttMeasure(now, sk);
  if (sk.ato === 0) {
    addQuickAcks(sk, TCP_MAX_QUICKACKS);
    sk.ato = TCP_ATO_MIN;
  } else {
    const gap = now - sk.lrcvtime;
    if (gap <= TCP_ATO_MIN / 2) sk.ato = (sk.ato >> 1) + TCP_ATO_MIN / 2;
    else if (gap < sk.ato) sk.ato = Math.min((sk.ato >> 1) + gap, sk.rto);
    // The sender paused for so long that it starts slowly: do not hold it back.
    else if (gap > sk.rto) addQuickAcks(sk, TCP_MAX_QUICKACKS);
  }
  sk.lrcvtime = now;
  ecnReceived(now, sk, seg);
  if (len >= 128) growWindow(sk, len, truesize);
}

/** Learns the size of the sender's segments, and what they cost here, from one with data, in order or not. */
export function measureSegment(
  sk: TcpSock,
  seg: Segment,
  len: number,
  truesize: number,
  gsoSize: number,
): void {
  const size = gsoSize !== 0 ? gsoSize : len;
  if (size > sk.rcvMss) measureOverhead(sk, len, truesize);
  measureRcvMss(sk, size, seg.headerLength, seg.flags);
}

function measureRcvMss(sk: TcpSock, len: number, header: number, flags: number): void {
  const last = sk.lastSegSize;
  sk.lastSegSize = 0;
  if (len >= sk.rcvMss) {
    sk.rcvMss = Math.min(len, sk.advmss);
    if ((flags & 8) !== 0) sk.ackPending |= ACK_PUSHED; // PSH: perhaps the end of a write
    return;
  }
  // A short one: the end of a message, or the sender's segments became shorter. Two alike in a row decide.
  const whole = len + header;
  const remnant = (flags & 0x0f) !== 0; // FIN, SYN, RST, PSH
  if (whole >= DEFAULT_SEGMENT_WITH_HEADER || (whole >= MIN_SEGMENT_WITH_HEADER && !remnant)) {
    const size = whole - sk.tcpHeaderLen;
    sk.lastSegSize = size;
    if (size === last) {
      sk.rcvMss = size;
      return;
    }
  }
  if ((sk.ackPending & ACK_PUSHED) !== 0) sk.ackPending |= ACK_PUSHED2;
  sk.ackPending |= ACK_PUSHED;
}

/** What the overhead of received packets is, so that windows can be reckoned in payload. */
function measureOverhead(sk: TcpSock, len: number, truesize: number): void {
  const ratio = Math.max(Math.floor((len * 256) / truesize), 1);
  if (ratio === sk.scalingRatio) return;
  sk.scalingRatio = Math.min(ratio, 255);
  clampTo(sk, winFromSpace(sk, sk.rcvbuf));
}

/** After a segment was processed: acknowledge now, later or not at all (Linux `tcp_ack_snd_check`). */
export function ackCheck(now: number, sk: TcpSock): void {
  if (ackScheduled(sk)) ackNowOrLater(now, sk, true);
}

/** `gaps`: whether out-of-order data counts. */
export function ackNowOrLater(now: number, sk: TcpSock, gaps: boolean): void {
  const unacked = (sk.rcvNxt - sk.rcvWup) | 0;
  if (
    // MUST-58, SHLD-19: every second full segment, if the window moves on with it; else `recvmsg` sends it.
    (unacked > sk.rcvMss &&
      (((sk.rcvNxt - sk.copiedSeq) | 0) < sk.rcvlowat || wouldOffer(sk) >= sk.rcvWnd)) ||
    inQuickAck(sk) ||
    (sk.ackPending & ACK_NOW) !== 0
  ) {
    sendAck(now, sk);
    return;
  }
  // RFC 5681 §4.2: out of order, so a duplicate ACK at once, but for those that tell little.
  if (!gaps || sk.ofoQueue === undefined) sendDelayedAck(now, sk);
  else if (!compressAck(now, sk)) sendAck(now, sk);
}

/** Starts or shortens the delayed-ACK timer (Linux `tcp_send_delayed_ack`). */
function sendDelayedAck(now: number, sk: TcpSock): void {
  let { ato } = sk;
  if (ato > DELACK_MIN) {
    let most = inPingpong(sk) || (sk.ackPending & ACK_PUSHED) !== 0 ? DELACK_MAX : HALF_SECOND;
    if (sk.srtt !== 0) most = Math.min(most, Math.max(sk.srtt >> 3, DELACK_MIN));
    ato = Math.min(ato, most);
  }
  ato = Math.min(ato, DELACK_MAX);
  const { ackTimer } = sk;
  let due = now + ato;
  if ((sk.ackPending & ACK_TIMER) !== 0) {
    if (sk.ackTimeout <= now + (ato >> 2)) {
      sendAck(now, sk);
      return;
    }
    due = Math.min(due, sk.ackTimeout);
  }
  sk.ackPending |= ACK_SCHED | ACK_TIMER;
  if (ackTimer?.pending === true && sk.ackTimeout === due) return;
  sk.ackTimeout = due;
  armAck(sk, due);
}

/** An ACK is due in `delay` µs at the latest. */
export function delayAck(now: number, sk: TcpSock, delay: number): void {
  sk.ackPending |= ACK_SCHED | ACK_TIMER;
  sk.ackTimeout = now + delay;
  armAck(sk, sk.ackTimeout);
}

function armAck(sk: TcpSock, due: number): void {
  sk.ackTimer ??= sk.tcp.timers.timer(ackTimeout, sk);
  sk.ackTimer.mod(due);
}

/** The delayed-ACK timer fired. */
function ackTimeout(now: number, sk: TcpSock): void {
  if (sk.state === 7 || sk.state === 10 || (sk.ackPending & ACK_TIMER) === 0) return;
  if (sk.ackTimeout > now) {
    armAck(sk, sk.ackTimeout);
    return;
  }
  sk.ackPending &= ~ACK_TIMER;
  if (!ackScheduled(sk)) return;
  if (inPingpong(sk)) {
    // The application did not answer in time.
    exitPingpong(sk);
    sk.ato = TCP_ATO_MIN;
  } else sk.ato = Math.min(sk.ato << 1, sk.rto);
  sk.tcp.mib.TcpExt.DelayedACKs++;
  sendAck(now, sk);
}

/** The application took `copied` bytes: an ACK for what waited for that, or for a window that opened (Linux `tcp_cleanup_rbuf`). */
export function ackAfterRead(now: number, sk: TcpSock, copied: number): void {
  if (ackScheduled(sk)) {
    const pending = sk.ackPending;
    if (
      ((sk.rcvNxt - sk.rcvWup) | 0) > sk.rcvMss ||
      (copied > 0 &&
        ((pending & ACK_PUSHED2) !== 0 || ((pending & ACK_PUSHED) !== 0 && !inPingpong(sk))) &&
        sk.rmemAlloc === 0)
    ) {
      sendAck(now, sk);
      return;
    }
  }
  if (copied <= 0 || (sk.shutdown & 1) !== 0) return;
  const left = receiveWindow(sk);
  if (2 * left > sk.windowClamp) return;
  const window = wouldOffer(sk);
  // SHLD-15, MUST-37: a window update only where it opened much: to twice what is left.
  if (window !== 0 && window >= 2 * left) sendAck(now, sk);
}

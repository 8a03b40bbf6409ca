/**
 * The retransmission timer, which is also the zero-window probe's, and keepalive's, which is also FIN-WAIT-2's: RFC 6298 §5,
 * RFC 9293 §3.8.3, §3.8.4, §3.8.6.1.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { endSeqOf } from './cb.ts';
import { writeError } from './close.ts';
import { doubled } from './doubled.ts';
import { detectBlackhole } from './fastopen-blackhole.ts';
import { fastopenSynackTimeout } from './fastopen-server.ts';
import { enterLoss } from './loss.ts';
import { detectMtuBlackhole } from './mtu-probe.ts';
import { outOfResources } from './orphan.ts';
import { writeWakeup } from './output.ts';
import { pacingDelay } from './pacing.ts';
import { OK } from './ports.ts';
import { rackReoTimeout } from './rack.ts';
import { retransmitSkb } from './retransmit.ts';
import { rtoMax, rtoMin, setRto, TCP_TIMEOUT_INIT } from './rtt.ts';
import { CLOSE, ESTABLISHED, FIN_WAIT2, SYN_RECV, SYN_SENT } from './state.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import {
  CA_DISORDER,
  CA_LOSS,
  CA_RECOVERY,
  TIMER_LOSS_PROBE,
  TIMER_NONE,
  TIMER_PROBE0,
  TIMER_REO_TIMEOUT,
  TIMER_RETRANS,
} from './tcb-values.ts';
import { finWait2Expired } from './timewait.ts';
import { scheduleLossProbe, sendLossProbe } from './tlp.ts';
import { sendActiveReset } from './transmit.ts';

/** Lower bound that durations of many timeouts are reckoned with, µs. */
const TCP_RTO_MIN = 200_000;
/** Least duration of a probe's timer, µs. */
export const TCP_TIMEOUT_MIN = 2000;
/** A stream with fewer segments in flight is thin. */
const THIN_PACKETS = 4;
/** Timeouts of it that do not double. */
const TCP_THIN_LINEAR_RETRIES = 6;
/** µs until the next attempt when this host itself has no room. */
const RESOURCE_PROBE_INTERVAL = 500_000;

/** Arms the retransmit timer for `type` (`TIMER_*`), at most a greatest RTO ahead. */
export function armRtx(sk: TcpSock, type: number, due: number): void {
  sk.pendingTimer = type;
  sk.timeout = due;
  sk.rtxTimer ??= sk.tcp.timers.timer(rtxTimeout, sk);
  sk.rtxTimer.mod(due);
}

/** Arms it `delay` µs after the next packet may leave, which pacing may hold back. */
export function armXmit(now: number, sk: TcpSock, type: number, delay: number): void {
  armRtx(sk, type, now + Math.min(delay + pacingDelay(now, sk), rtoMax(sk)));
}

/** Nothing is due any more. The timer is left to run out: to stop it costs more than to wake for nothing. */
function clearRtx(sk: TcpSock): void {
  sk.pendingTimer = TIMER_NONE;
}

/** RFC 6298 (5.1) to (5.3): an RTO from now, or off where nothing is in flight. In place of a probe: what is left of it. */
export function rearmRto(now: number, sk: TcpSock): void {
  if (sk.fastopenRsk !== undefined) return; // the timer is the SYN-ACK's
  if (sk.packetsOut === 0) {
    clearRtx(sk);
    return;
  }
  const probing = sk.pendingTimer === TIMER_REO_TIMEOUT || sk.pendingTimer === TIMER_LOSS_PROBE;
  const rto = probing ? Math.max(rtoDelta(now, sk), 1) : sk.rto;
  armXmit(now, sk, TIMER_RETRANS, rto);
}

/** µs until the timeout of what is first in the queue. */
export function rtoDelta(now: number, sk: TcpSock): number {
  const head = sk.rtxQueue.first;
  return head === undefined ? sk.rto : head.tstamp + sk.rto - now;
}

/** The timer after an ACK or a transmission: for a loss probe where that makes sense, else for the timeout. */
export function setXmitTimer(now: number, sk: TcpSock): void {
  if (!scheduleLossProbe(now, sk, true)) rearmRto(now, sk);
}

/** Stops all timers: the connection is over. */
export function clearTimers(sk: TcpSock): void {
  clearRtx(sk);
  sk.ackPending = 0;
  sk.rtxTimer?.del();
  sk.ackTimer?.del();
  sk.compressedAcks?.timer.del();
  sk.pacingTimer?.del();
  sk.keepaliveTimer?.del();
}

function rtxTimeout(now: number, sk: TcpSock): void {
  const type = sk.pendingTimer;
  if (type === TIMER_NONE || sk.state === CLOSE) return;
  if (sk.timeout > now) {
    armRtx(sk, type, sk.timeout);
    return;
  }
  if (type === TIMER_LOSS_PROBE) {
    sendLossProbe(now, sk);
    return;
  }
  if (type === TIMER_REO_TIMEOUT) {
    rackReoTimeout(now, sk);
    return;
  }
  sk.pendingTimer = TIMER_NONE;
  if (type === TIMER_PROBE0) probeTimeout(now, sk);
  else retransmitTimeout(now, sk);
}

/** The RTO passed (Linux `tcp_retransmit_timer`). */
function retransmitTimeout(now: number, sk: TcpSock): void {
  if (sk.fastopenRsk !== undefined) {
    fastopenSynackTimeout(now, sk, sk.fastopenRsk);
    return;
  }
  const head = sk.rtxQueue.first;
  if (sk.packetsOut === 0 || head === undefined) return;
  const { mib, sysctl } = sk.tcp;
  if (sk.sndWnd === 0 && !sk.orphaned && sk.state !== SYN_SENT && sk.state !== SYN_RECV) {
    // The peer shrank its window to nothing: what is sent again is a probe, and does not end the connection while answers come.
    if (probe0TimedOut(now, sk, head)) {
      writeError(now, sk);
      return;
    }
    enterLoss(now, sk);
    retransmitSkb(now, sk, head, 1);
    sk.dst = undefined;
    backOff(now, sk);
    return;
  }
  mib.TcpExt.TCPTimeouts++;
  if (writeTimeout(now, sk)) return;
  if (sk.retransmits === 0) countFailure(sk);
  enterLoss(now, sk);
  countTimeout(now, sk);
  const first = sk.rtxQueue.first;
  if (first !== undefined && retransmitSkb(now, sk, first, 1) > OK) {
    // No room in this host: that says nothing about the path.
    armRtx(sk, TIMER_RETRANS, now + RESOURCE_PROBE_INTERVAL);
    return;
  }
  backOff(now, sk);
  if (timedOut(now, sk, sysctl.tcp_retries1 + 1, 0)) sk.dst = undefined;
}

/** Counts a timeout. */
export function countTimeout(now: number, sk: TcpSock): void {
  if (sk.retransmits === 0) {
    sk.totalRtoRecoveries++;
    sk.rtoStamp = now;
  }
  sk.retransmits++;
  sk.totalRto++;
}

function countFailure(sk: TcpSock): void {
  const { TcpExt } = sk.tcp.mib;
  if (sk.caState === CA_RECOVERY) TcpExt[sk.sackOk ? 'TCPSackRecoveryFail' : 'TCPRenoRecoveryFail']++;
  else if (sk.caState === CA_LOSS) TcpExt.TCPLossFailures++;
  else if (sk.caState === CA_DISORDER || sk.sackedOut > 0) {
    TcpExt[sk.sackOk ? 'TCPSackFailures' : 'TCPRenoFailures']++;
  }
}

/** Too little is in flight for duplicate ACKs to tell of a loss; asked for, such a stream does not back off at first. */
function isThin(sk: TcpSock): boolean {
  if (!sk.thinLto && sk.tcp.sysctl.tcp_thin_linear_timeouts === 0) return false;
  return (
    sk.state === ESTABLISHED &&
    sk.packetsOut < THIN_PACKETS &&
    sk.sndSsthresh < TCP_INFINITE_SSTHRESH &&
    sk.retransmits <= TCP_THIN_LINEAR_RETRIES
  );
}

/** RFC 6298 (5.5): doubles the timeout; a SYN's stays for the first few (`tcp_syn_linear_timeouts`), and that of a thin stream. */
function backOff(now: number, sk: TcpSock): void {
  if (isThin(sk)) {
    sk.backoff = 0;
    setRto(sk);
    sk.rto = Math.max(sk.rto, rtoMin(sk));
  } else if (sk.state !== SYN_SENT || sk.totalRto > sk.tcp.sysctl.tcp_syn_linear_timeouts) {
    sk.backoff++;
    sk.rto = Math.min(sk.rto * 2, rtoMax(sk));
  }
  armRtx(sk, TIMER_RETRANS, now + clampToUserTimeout(now, sk, sk.rto));
}

/** Whether to give up (RFC 9293 §3.8.3: R1, R2). The connection is then closed. */
function writeTimeout(now: number, sk: TcpSock): boolean {
  const { sysctl } = sk.tcp;
  let until = sysctl.tcp_retries2;
  let expired = false;
  if (sk.state === SYN_SENT || sk.state === SYN_RECV) {
    if (sk.retransmits !== 0) sk.dst = undefined;
    until = sk.synRetries !== 0 ? sk.synRetries : sysctl.tcp_syn_retries;
    expired = sk.retransmits >= until + (sk.state === SYN_SENT ? sysctl.tcp_syn_linear_timeouts : 0);
  } else {
    if (timedOut(now, sk, sysctl.tcp_retries1, 0)) {
      if (sysctl.tcp_mtu_probing !== 0) detectMtuBlackhole(now, sk);
      sk.dst = undefined; // MUST-20: R1 asks for another route
    }
    if (sk.orphaned) {
      const alive = sk.rto < rtoMax(sk);
      until = orphanRetries(sk, alive);
      if (outOfResources(now, sk, alive || !timedOut(now, sk, until, 0))) return true;
    }
  }
  expired ||= timedOut(now, sk, until, sk.userTimeout);
  detectBlackhole(now, sk, expired);
  if (!expired) return false;
  writeError(now, sk);
  return true;
}

/** Retransmissions that a socket without owner may make. */
function orphanRetries(sk: TcpSock, alive: boolean): number {
  const retries = sk.tcp.sysctl.tcp_orphan_retries;
  if (sk.errSoft !== '' && !alive) return 0; // an ICMP message told that nobody is there
  return retries === 0 && alive ? 8 : retries;
}

/** Whether retransmitting took as long as `boundary` timeouts would take, or `limit` ms where that is given. */
function timedOut(now: number, sk: TcpSock, boundary: number, limit: number): boolean {
  if (sk.retransmits === 0) return false;
  const base = sk.state === SYN_SENT || sk.state === SYN_RECV ? TCP_TIMEOUT_INIT : TCP_RTO_MIN;
  const allowed = limit !== 0 ? limit * 1000 : modelTimeout(sk, boundary, base);
  return now - sk.retransStamp >= allowed;
}

/** µs that `boundary` doublings of `base` take, each at most the greatest RTO. */
function modelTimeout(sk: TcpSock, boundary: number, base: number): number {
  const most = rtoMax(sk);
  const doublings = 31 - Math.clz32(Math.floor(most / base));
  if (boundary <= doublings) return ((2 << boundary) - 1) * base;
  return ((2 << doublings) - 1) * base + (boundary - doublings) * most;
}

/** TCP_USER_TIMEOUT must not be overslept. */
function clampToUserTimeout(now: number, sk: TcpSock, rto: number): number {
  if (sk.userTimeout === 0) return rto;
  const left = sk.userTimeout * 1000 - (now - sk.retransStamp);
  return Math.min(rto, Math.max(left, 1000));
}

/** Whether to give up a peer that closed its window over what is in flight: it says nothing at all, or nothing of it is taken. */
function probe0TimedOut(now: number, sk: TcpSock, head: SkBuff): boolean {
  let limit = 2 * rtoMax(sk);
  const futile = now - (sk.retransStamp !== 0 ? sk.retransStamp : head.tstamp);
  if (sk.userTimeout !== 0) {
    if (futile > sk.userTimeout * 1000) return true; // answers that offer no room are no progress
    limit = Math.min(limit, sk.userTimeout * 1000);
  }
  return now - sk.rcvTstamp > limit && futile > limit;
}

/** µs until the first zero-window probe. */
export function probe0Base(sk: TcpSock): number {
  return Math.max(sk.rto, TCP_RTO_MIN);
}

/** µs until the next one: doubled each time (MUST-36, SHLD-30). */
function probe0When(sk: TcpSock): number {
  const most = rtoMax(sk);
  const doublings = Math.min(31 - Math.clz32(Math.floor(most / TCP_RTO_MIN)) + 1, sk.backoff);
  return doubled(probe0Base(sk), doublings, most);
}

function probeTimeout(now: number, sk: TcpSock): void {
  if (sk.packetsOut !== 0 || sk.writeQueue.first === undefined) {
    sk.probesOut = 0;
    sk.probesTstamp = 0;
    return;
  }
  // MUST-37: probing goes on for as long as the peer answers; each answer sets probesOut to 0.
  if (sk.probesTstamp === 0) sk.probesTstamp = now;
  else if (sk.userTimeout !== 0 && now - sk.probesTstamp >= sk.userTimeout * 1000) {
    writeError(now, sk);
    return;
  }
  let most = sk.tcp.sysctl.tcp_retries2;
  if (sk.orphaned) {
    const alive = doubled(sk.rto, sk.backoff, rtoMax(sk)) < rtoMax(sk);
    most = orphanRetries(sk, alive);
    if (!alive && sk.backoff >= most) {
      writeError(now, sk);
      return;
    }
    if (outOfResources(now, sk, true)) return;
  }
  if (sk.probesOut >= most) writeError(now, sk);
  else sendProbe0(now, sk);
}

/** Sends a zero-window probe and sets the timer for the next one. */
function sendProbe0(now: number, sk: TcpSock): void {
  const result = writeWakeup(now, sk, 'TCPWinProbe');
  if (sk.packetsOut !== 0 || sk.writeQueue.first === undefined) {
    sk.probesOut = 0;
    sk.backoff = 0;
    sk.probesTstamp = 0;
    return;
  }
  sk.probesOut++;
  let delay = RESOURCE_PROBE_INTERVAL;
  if (result <= OK) {
    if (sk.backoff < sk.tcp.sysctl.tcp_retries2) sk.backoff++;
    delay = probe0When(sk);
  }
  armXmit(now, sk, TIMER_PROBE0, clampProbe0(now, sk, delay));
}

/** An ACK came while nothing is in flight: ends probing where the window opened (Linux `tcp_ack_probe`). */
export function ackProbe(now: number, sk: TcpSock, windowEnd: number): void {
  const head = sk.writeQueue.first;
  if (head === undefined) return;
  if (((endSeqOf(head) - windowEnd) | 0) > 0) {
    armXmit(now, sk, TIMER_PROBE0, clampProbe0(now, sk, probe0When(sk)));
    return;
  }
  sk.backoff = 0;
  sk.probesTstamp = 0;
  if (sk.pendingTimer === TIMER_PROBE0) clearRtx(sk);
}

function clampProbe0(now: number, sk: TcpSock, delay: number): number {
  if (sk.userTimeout === 0 || sk.probesTstamp === 0) return delay;
  const left = sk.userTimeout * 1000 - (now - sk.probesTstamp);
  return Math.min(delay, Math.max(left, 1000));
}

/** Arms the keepalive timer. */
export function armKeepalive(sk: TcpSock, due: number): void {
  sk.keepaliveTimer ??= sk.tcp.timers.timer(keepaliveTimeout, sk);
  sk.keepaliveTimer.mod(due);
}

/** µs of silence before the first keepalive probe. */
export function keepaliveTime(sk: TcpSock): number {
  return sk.keepaliveTime !== 0 ? sk.keepaliveTime : sk.tcp.sysctl.tcp_keepalive_time * 1_000_000;
}

function keepaliveTimeout(now: number, sk: TcpSock): void {
  if (sk.state === FIN_WAIT2 && sk.orphaned) {
    finWait2Expired(now, sk);
    return;
  }
  if (!sk.keepOpen || sk.state === CLOSE || sk.state === SYN_SENT) return;
  const wait = keepaliveTime(sk);
  // Data on its way has a timer of its own.
  if (sk.packetsOut !== 0 || sk.writeQueue.first !== undefined) {
    armKeepalive(sk, now + wait);
    return;
  }
  const silent = now - Math.max(sk.lrcvtime, sk.rcvTstamp);
  if (silent < wait) {
    armKeepalive(sk, now + wait - silent);
    return;
  }
  const most = sk.keepaliveProbes !== 0 ? sk.keepaliveProbes : sk.tcp.sysctl.tcp_keepalive_probes;
  const over =
    sk.userTimeout !== 0 ? silent >= sk.userTimeout * 1000 && sk.probesOut > 0 : sk.probesOut >= most;
  if (over) {
    sendActiveReset(now, sk);
    writeError(now, sk);
    return;
  }
  let delay = RESOURCE_PROBE_INTERVAL;
  if (writeWakeup(now, sk, 'TCPKeepAlive') <= OK) {
    sk.probesOut++;
    delay = sk.keepaliveIntvl !== 0 ? sk.keepaliveIntvl : sk.tcp.sysctl.tcp_keepalive_intvl * 1_000_000;
  }
  armKeepalive(sk, now + delay);
}

/** Whether an ICMP message says that the last timeout was the path's and not a loss: takes one doubling back (RFC 6069). */
export function revertBackoff(now: number, sk: TcpSock, seq: number): void {
  if (sk.retransmits === 0 || sk.backoff === 0 || seq !== sk.sndUna || sk.rtxQueue.first === undefined)
    return;
  const base = sk.srtt !== 0 ? (sk.srtt >> 3) + sk.rttvar : TCP_TIMEOUT_INIT;
  sk.backoff--;
  sk.rto = doubled(base, sk.backoff, rtoMax(sk));
  const left = sk.rto - (now - sk.rtxQueue.first.tstamp);
  if (left > 0) armRtx(sk, TIMER_RETRANS, now + left);
  else retransmitTimeout(now, sk);
}

/**
 * Tail loss probe: RFC 8985 §7 as Linux runs it. Two round trips after the last transmission one segment is sent, new or again, so that
 * an ACK tells what became of the tail, long before a timeout would. One probe at a time, none in recovery.
 * @module
 */
import {
  ackState,
  FLAG_DATA_SACKED,
  FLAG_DSACK_TLP,
  FLAG_NOT_DUP,
  FLAG_SND_UNA_ADVANCED,
} from './ack-flags.ts';
import { pcountOf } from './cb.ts';
import { setCaState } from './cwnd.ts';
import { currentMss } from './mss.ts';
import { windowTest, writeXmit } from './output.ts';
import { OK } from './ports.ts';
import { endCwndReduction, initCwndReduction } from './prr.ts';
import { tryKeepOpen } from './recovery.ts';
import { retransmitUncounted } from './retransmit.ts';
import { rtoMin, TCP_TIMEOUT_INIT } from './rtt.ts';
import { fragment } from './send-queue.ts';
import type { TcpSock } from './tcb.ts';
import { CA_CWR, CA_OPEN, NAGLE_OFF, TIMER_LOSS_PROBE, TIMER_NONE } from './tcb-values.ts';
import { armXmit, rearmRto, rtoDelta, TCP_TIMEOUT_MIN } from './timer.ts';
import { inHostQueue } from './transmit.ts';

/** Sets the timer for a probe, where one makes sense (RFC 8985 §7.2, TLP_calc_PTO). `advancing`: the timeout would be counted from now. */
export function scheduleLossProbe(now: number, sk: TcpSock, advancing: boolean): boolean {
  if (sk.fastopenRsk !== undefined) return false; // the timer is the SYN-ACK's
  const early = sk.tcp.sysctl.tcp_early_retrans;
  if ((early !== 3 && early !== 4) || sk.packetsOut === 0 || !sk.sackOk) return false;
  if (sk.caState !== CA_OPEN && sk.caState !== CA_CWR) return false;
  let timeout = TCP_TIMEOUT_INIT;
  if (sk.srtt !== 0) {
    // The ACK of a single segment may be delayed.
    timeout = (sk.srtt >> 2) + (sk.packetsOut === 1 ? rtoMin(sk) : TCP_TIMEOUT_MIN);
  }
  const rto = advancing ? sk.rto : rtoDelta(now, sk);
  if (rto > 0) timeout = Math.min(timeout, rto);
  armXmit(now, sk, TIMER_LOSS_PROBE, timeout);
  return true;
}

/** The timer of {@link scheduleLossProbe} fired (RFC 8985 §7.3, TLP_send_probe): then the timeout is next. */
export function sendLossProbe(now: number, sk: TcpSock): void {
  if (sk.rtxQueue.last === undefined) {
    sk.pendingTimer = TIMER_NONE;
    return;
  }
  if (sk.tlpHighSeq === undefined && probe(now, sk)) {
    sk.tlpHighSeq = sk.sndNxt;
    sk.tcp.mib.TcpExt.TCPLossProbes++;
    sk.pendingTimer = TIMER_NONE; // the timeout counts from the probe on
  }
  rearmRto(now, sk);
}

/** Sends new data if there is any that may be sent, else the last segment again. */
function probe(now: number, sk: TcpSock): boolean {
  const mss = currentMss(now, sk);
  sk.tlpRetrans = false;
  const fresh = sk.writeQueue.first;
  if (fresh !== undefined && windowTest(sk, fresh, mss)) {
    const before = sk.packetsOut;
    writeXmit(now, sk, mss, NAGLE_OFF, 2);
    return sk.packetsOut > before;
  }
  let skb = sk.rtxQueue.last;
  if (skb === undefined || inHostQueue(sk, skb)) return false;
  const whole = (pcountOf(skb) - 1) * mss;
  if (pcountOf(skb) > 1 && skb.len > whole) {
    if (!fragment(sk, skb, whole, mss, true) || skb.next === undefined) return false;
    skb = skb.next;
  }
  if (retransmitUncounted(now, sk, skb, 1) !== OK) return false;
  sk.tlpRetrans = true;
  return true;
}

/** An ACK while a probe is out: did the probe repair a loss (RFC 8985 §7.4.2, TLP_process_ack)? Then that counts as congestion. */
export function processTlpAck(now: number, sk: TcpSock, ack: number): void {
  const high = sk.tlpHighSeq;
  if (high === undefined || ((ack - high) | 0) < 0) return;
  const { flag } = ackState;
  if (!sk.tlpRetrans || (flag & FLAG_DSACK_TLP) !== 0) {
    sk.tlpHighSeq = undefined; // it was new data, or both copies arrived
  } else if (((ack - high) | 0) > 0) {
    initCwndReduction(now, sk);
    setCaState(now, sk, CA_CWR);
    endCwndReduction(now, sk);
    tryKeepOpen(now, sk);
    sk.tcp.mib.TcpExt.TCPLossProbeRecovery++;
  } else if ((flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED)) === 0) {
    sk.tlpHighSeq = undefined; // a duplicate ACK: both copies arrived
  }
}

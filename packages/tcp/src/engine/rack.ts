/**
 * RACK: what was sent before something that arrived, long enough, is lost (RFC 8985 §6, Linux tcp_recovery.c). Time, not the count of
 * duplicates, decides; retransmissions are no exception.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { CB_SACKED, EVER_RETRANS, endSeqOf, LOST_BY_RACK, SACKED_RETRANS, sackedOf } from './cb.ts';
import { packetsInFlight } from './cwnd.ts';
import { cwndReduction } from './prr.ts';
import { rateSample } from './rate.ts';
import { enterRecovery } from './recovery.ts';
import { markLost, xmitRetransmitQueue } from './retransmit.ts';
import { sentAfter } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';
import { CA_RECOVERY, TIMER_REO_TIMEOUT, TIMER_RETRANS } from './tcb-values.ts';
import { armRtx, rearmRto, TCP_TIMEOUT_MIN } from './timer.ts';

/** `tcp_recovery`: the reordering window does not grow with D-SACKs. */
const TCP_RACK_STATIC_REO_WND = 2;
/** `tcp_recovery`: duplicates do not close the reordering window. */
const TCP_RACK_NO_DUPTHRESH = 4;
/** Recoveries that a grown reordering window outlives (RFC 8985 §6.2 step 4: RACK.reo_wnd_persist). */
export const TCP_RACK_RECOVERY_THRESH = 16;
const MAX_REO_WND_STEPS = 255;

/** A segment sent at `sentAt` was delivered (RFC 8985 §6.2 step 2, RACK_update). */
export function rackAdvance(now: number, sk: TcpSock, sacked: number, endSeq: number, sentAt: number): void {
  const rtt = Math.max(now - sentAt, 0);
  // It may be the original that arrived, too fast for the retransmission: that tells nothing about what was sent since.
  if ((sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0 && (sk.minRtt < 0 || rtt < sk.minRtt)) return;
  sk.rackAdvanced = true;
  sk.rackRtt = rtt;
  if (sentAfter(sentAt, endSeq, sk.rackMstamp, sk.rackEndSeq)) {
    sk.rackMstamp = sentAt;
    sk.rackEndSeq = endSeq;
  }
}

/** µs that a segment may be overtaken for (RFC 8985 §6.2 step 4, RACK_update_reo_wnd). */
function reoWnd(sk: TcpSock): number {
  if (sk.reordSeen === 0) {
    if (sk.caState >= CA_RECOVERY) return 0;
    if (sk.sackedOut >= sk.reordering && (sk.tcp.sysctl.tcp_recovery & TCP_RACK_NO_DUPTHRESH) === 0) return 0;
  }
  const most = sk.srtt >> 3;
  return sk.minRtt < 0 ? most : Math.min((sk.minRtt >> 2) * sk.rackReoWndSteps, most);
}

/** µs until `skb` is lost, if it is not told of before. */
export function rackSkbTimeout(now: number, sk: TcpSock, skb: SkBuff, window: number): number {
  return sk.rackRtt + window - (now - skb.tstamp);
}

/** Marks what is lost now (RFC 8985 §6.2 step 5, RACK_detect_loss). µs until more may be; 0 = nothing waits. */
function rackDetectLoss(now: number, sk: TcpSock): number {
  const window = reoWnd(sk);
  let skb = sk.sentFirst;
  while (skb !== undefined && isOvertaken(sk, skb) && rackSkbTimeout(now, sk, skb, window) <= 0) {
    markLost(sk, skb);
    skb.cb[CB_SACKED] = sackedOf(skb) | LOST_BY_RACK;
    skb = sk.sentFirst;
  }
  if (skb === undefined || !isOvertaken(sk, skb)) return 0;
  // The list is in order of time: of those that were overtaken the last one waits longest. Where that was is remembered, so that
  // thousands that are waited for cost nothing with each ACK.
  let edge = sk.rackEdge ?? skb;
  for (let next = edge.anchorNext; next !== undefined && isOvertaken(sk, next); next = next.anchorNext)
    edge = next;
  sk.rackEdge = edge;
  return Math.max(rackSkbTimeout(now, sk, edge, window), 1);
}

/** Whether something that was sent after `skb` was delivered. */
function isOvertaken(sk: TcpSock, skb: SkBuff): boolean {
  return sentAfter(sk.rackMstamp, sk.rackEndSeq, skb.tstamp, endSeqOf(skb));
}

/** After an ACK. Whether the reordering timer was set. */
export function rackMarkLost(now: number, sk: TcpSock): boolean {
  if (!sk.rackAdvanced) return false;
  sk.rackAdvanced = false;
  const timeout = rackDetectLoss(now, sk);
  if (timeout === 0) return false;
  armRtx(sk, TIMER_REO_TIMEOUT, now + Math.min(timeout + TCP_TIMEOUT_MIN, sk.rto));
  return true;
}

/** The reordering window passed (Linux `tcp_rack_reo_timeout`). */
export function rackReoTimeout(now: number, sk: TcpSock): void {
  const before = packetsInFlight(sk);
  const { lost } = sk;
  rackDetectLoss(now, sk);
  if (before !== packetsInFlight(sk)) {
    if (sk.caState !== CA_RECOVERY) {
      enterRecovery(now, sk, false);
      cwndReduction(sk, 1, sk.lost - lost, false);
    }
    xmitRetransmitQueue(now, sk);
  }
  if (sk.pendingTimer !== TIMER_RETRANS) rearmRto(now, sk);
}

/** D-SACKs widen the window, by a quarter of the minimal RTT and at most once a round trip; sixteen recoveries without end that. */
export function rackUpdateReoWnd(sk: TcpSock): void {
  const { priorDelivered } = rateSample;
  if ((sk.tcp.sysctl.tcp_recovery & TCP_RACK_STATIC_REO_WND) !== 0 || priorDelivered === 0) return;
  if (priorDelivered < sk.rackLastDelivered) sk.rackDsackSeen = false;
  if (sk.rackDsackSeen) {
    sk.rackReoWndSteps = Math.min(sk.rackReoWndSteps + 1, MAX_REO_WND_STEPS);
    sk.rackDsackSeen = false;
    sk.rackLastDelivered = sk.delivered;
    sk.rackReoWndPersist = TCP_RACK_RECOVERY_THRESH;
  } else if (sk.rackReoWndPersist === 0) sk.rackReoWndSteps = 1;
}

/**
 * Delivery rate samples (draft-cheng-iccrg-delivery-rate-estimation): how many segments the network delivered between the transmission
 * of a segment and its acknowledgment, and in what time. Each transmission carries where the connection stood; the ACK compares.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ackState, FLAG_ACK_MAYBE_DELAYED } from './ack-flags.ts';
import {
  CB_SACKED,
  CB_TX_DELIVERED,
  CB_TX_DELIVERED_MSTAMP,
  CB_TX_FIRST_MSTAMP,
  endSeqOf,
  SACKED_ACKED,
  sackedOf,
  TX_APP_LIMITED,
  TX_SAMPLED,
} from './cb.ts';
import { packetsInFlight } from './cwnd.ts';
import { sentAfter } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';

/** Truesize of the smallest packet in Linux's books (`SKB_TRUESIZE(1)`): with less below, the queues of this host are empty. */
const SMALLEST_TRUESIZE = 640;
const SECOND = 1_000_000;

/** What one ACK tells of the delivery rate (Linux `struct rate_sample`). Segments and µs. One at a time: nothing re-enters. */
export class RateSample {
  /** Segments delivered over {@link interval}; -1 = no sample. */
  delivered = -1;
  /** The longer of the times in which they were sent and acknowledged; -1 = no sample, or none to be believed. */
  interval = -1;
  /** Round trip of the last segment that this ACK delivered; -1 = not measured. */
  rtt = -1;
  /** Segments that this ACK delivered. */
  ackedSacked = 0;
  /** Segments that this ACK showed to be lost. */
  losses = 0;
  /** Segments in flight before this ACK. */
  priorInFlight = 0;
  /** `delivered` of the connection when the segment was sent that was sent last of those delivered now; 0 = none. */
  priorDelivered = 0;
  /** When the connection had got that far, int32; meaningful with {@link found}. */
  priorMstamp = 0;
  /** End of that segment. */
  lastEndSeq = 0;
  /** Anything was delivered that a sample can be taken from. */
  found = false;
  /** The application had nothing to send when that segment was: the network might have delivered more. */
  isAppLimited = false;
  /** The ACK may have waited for a timer of the peer. */
  isAckDelayed = false;

  /** For the next acknowledgment. */
  begin(inFlight: number): void {
    this.delivered = -1;
    this.interval = -1;
    this.rtt = -1;
    this.ackedSacked = 0;
    this.losses = 0;
    this.priorInFlight = inFlight;
    this.priorDelivered = 0;
    this.priorMstamp = 0;
    this.lastEndSeq = 0;
    this.found = false;
    this.isAppLimited = false;
    this.isAckDelayed = false;
  }
}

/** The sample of the acknowledgment being processed. */
export const rateSample: RateSample = /* @__PURE__ */ new RateSample();

/** µs from one stamp to another, of which the low 32 bits are enough; 0 where the second is earlier. */
function between(from: number, to: number): number {
  return Math.max((to - from) | 0, 0);
}

/** `skb` was sent at `skb.tstamp`: notes where the connection stands (Linux `tcp_rate_skb_sent`). */
export function rateSkbSent(sk: TcpSock, skb: SkBuff): void {
  // With nothing in flight the network is idle: it is not to be blamed for the time since the last ACK.
  if (sk.packetsOut === 0) {
    sk.firstTxMstamp = skb.tstamp;
    sk.deliveredMstamp = skb.tstamp;
  }
  const { cb } = skb;
  cb[CB_TX_FIRST_MSTAMP] = sk.firstTxMstamp;
  cb[CB_TX_DELIVERED_MSTAMP] = sk.deliveredMstamp;
  cb[CB_TX_DELIVERED] = sk.delivered;
  cb[CB_SACKED] =
    (sackedOf(skb) & ~(TX_APP_LIMITED | TX_SAMPLED)) | (sk.appLimited === 0 ? 0 : TX_APP_LIMITED);
}

/** `skb` was delivered. Of all that one ACK delivered, the segment sent last tells (Linux `tcp_rate_skb_delivered`). */
export function rateSkbDelivered(sk: TcpSock, skb: SkBuff): void {
  const sacked = sackedOf(skb);
  if ((sacked & TX_SAMPLED) !== 0) return;
  const rs = rateSample;
  const end = endSeqOf(skb);
  if (rs.priorDelivered === 0 || sentAfter(skb.tstamp, end, sk.firstTxMstamp, rs.lastEndSeq)) {
    const { cb } = skb;
    rs.found = true;
    rs.priorDelivered = (cb[CB_TX_DELIVERED] as number) >>> 0;
    rs.priorMstamp = cb[CB_TX_DELIVERED_MSTAMP] as number;
    rs.isAppLimited = (sacked & TX_APP_LIMITED) !== 0;
    rs.lastEndSeq = end;
    sk.firstTxMstamp = skb.tstamp;
    rs.interval = between(cb[CB_TX_FIRST_MSTAMP] as number, skb.tstamp);
  }
  // What SACK told of stays in the queue until it is acknowledged, and is not to be counted again then.
  if ((sacked & SACKED_ACKED) !== 0) skb.cb[CB_SACKED] = sacked | TX_SAMPLED;
}

/**
 * Completes the sample of an ACK that delivered `delivered` segments and showed `lost` to be lost (Linux `tcp_rate_gen`). `reneged`:
 * the peer takes back what SACK told, so nothing is to be concluded from it.
 */
export function rateGenerate(
  now: number,
  sk: TcpSock,
  delivered: number,
  lost: number,
  reneged: boolean,
): void {
  const rs = rateSample;
  // What was in flight when the application paused is delivered.
  if (sk.appLimited !== 0 && sk.delivered > sk.appLimited) sk.appLimited = 0;
  if (delivered > 0) sk.deliveredMstamp = now;
  rs.ackedSacked = delivered;
  rs.losses = lost;
  rs.isAckDelayed = (ackState.flag & FLAG_ACK_MAYBE_DELAYED) !== 0;
  if (!rs.found || reneged) {
    rs.interval = -1;
    return;
  }
  rs.delivered = (sk.delivered - rs.priorDelivered) | 0;
  // Segments can be delivered no faster than they were sent: a burst of ACKs that had been held up somewhere shows nothing.
  rs.interval = Math.max(rs.interval, between(rs.priorMstamp, now));
  // And in no less than a round trip: that would be the ACK of an original, counted from its retransmission.
  if (sk.minRtt < 0 || rs.interval < sk.minRtt) {
    rs.interval = -1;
    return;
  }
  if (!rs.isAppLimited || rs.delivered * sk.rateInterval >= sk.rateDelivered * rs.interval) {
    sk.rateDelivered = rs.delivered;
    sk.rateInterval = rs.interval;
    sk.rateAppLimited = rs.isAppLimited;
  }
}

/** From here on the application is what limits, until all that is in flight now is delivered. */
export function markAppLimited(sk: TcpSock): void {
  sk.appLimited = Math.max(sk.delivered + packetsInFlight(sk), 1);
}

/** The application is about to write: did it leave a gap (Linux `tcp_rate_check_app_limited`)? */
export function checkAppLimited(sk: TcpSock): void {
  if (
    ((sk.writeSeq - sk.sndNxt) | 0) < sk.mssCache &&
    sk.wmemAlloc < SMALLEST_TRUESIZE &&
    packetsInFlight(sk) < sk.sndCwnd &&
    sk.lostOut <= sk.retransOut
  ) {
    markAppLimited(sk);
  }
}

/** Bytes a second that the network delivered of late; 0 = not known. */
export function deliveryRate(sk: TcpSock): number {
  if (sk.rateInterval === 0) return 0;
  return Math.floor((sk.rateDelivered * sk.mssCache * SECOND) / sk.rateInterval);
}

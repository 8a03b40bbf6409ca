/**
 * Frees what is acknowledged and measures the round trip with it (Linux `tcp_clean_rtx_queue`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SYN } from '../flags.ts';
import {
  ackState,
  FLAG_ACK_MAYBE_DELAYED,
  FLAG_ACKED,
  FLAG_CA_ALERT,
  FLAG_DATA_ACKED,
  FLAG_ORIG_SACK_ACKED,
  FLAG_RETRANS_DATA_ACKED,
  FLAG_SACK_RENEGING,
  FLAG_SET_XMIT_TIMER,
  FLAG_SYN_ACKED,
} from './ack-flags.ts';
import {
  CB_GSO_SIZE,
  EVER_RETRANS,
  endSeqOf,
  flagsOf,
  LOST,
  pcountOf,
  SACKED_ACKED,
  SACKED_RETRANS,
  sackedOf,
  seqOf,
} from './cb.ts';
import { CHRONO_BUSY, chronoStop } from './chrono.ts';
import { countDelivered } from './cwnd.ts';
import { mtuProbeAcked } from './mtu-probe.ts';
import { removeRenoSacks } from './newreno.ts';
import { rackAdvance } from './rack.ts';
import { rateSample, rateSkbDelivered } from './rate.ts';
import { checkSackReordering } from './reordering.ts';
import { ackUpdateRtt } from './rtt.ts';
import { dequeueSent, setTsoSegs, trimHead } from './send-queue.ts';
import type { TcpSock } from './tcb.ts';
import { ackTimestamp } from './timestamping.ts';
import { tsClock } from './transmit.ts';

/** What {@link countAcked} found, for its caller: nothing re-enters. */
const found = { acked: 0, first: -1, last: -1, reord: 0, whole: true };

/** `priorFack`: the highest number delivered before this ACK; `priorUna`: SND.UNA before it. */
export function cleanRtxQueue(now: number, sk: TcpSock, priorFack: number, priorUna: number): void {
  const una = sk.sndUna;
  const { sackedOut } = sk;
  found.acked = 0;
  found.first = -1;
  found.last = -1;
  found.reord = sk.sndNxt;
  found.whole = true;
  let skb = sk.rtxQueue.first;
  while (skb !== undefined && countAcked(now, sk, skb, una)) {
    if (skb.txFlags !== 0) ackTimestamp(now, sk, skb, priorUna);
    if (sk.retransmitHint === skb) sk.retransmitHint = undefined;
    dequeueSent(sk, skb);
    skb = sk.rtxQueue.first;
  }
  if (skb !== undefined && skb.txFlags !== 0) ackTimestamp(now, sk, skb, priorUna);
  sk.sackRuns?.dropBelow(una);
  if (skb === undefined) chronoStop(now, sk, CHRONO_BUSY);
  else if ((sackedOf(skb) & SACKED_ACKED) !== 0) ackState.flag |= FLAG_SACK_RENEGING;
  if ((sk.sndUp - priorUna) >>> 0 <= (una - priorUna) >>> 0) sk.sndUp = una;
  if (sk.urgMode && sk.sndUp === una) sk.urgMode = false;
  const measured = measure(now, sk, sackedOut, priorUna);
  if ((ackState.flag & FLAG_ACKED) !== 0) {
    ackState.flag |= FLAG_SET_XMIT_TIMER;
    if (sk.mtup !== undefined) mtuProbeAcked(now, sk, sk.mtup);
    if (!sk.sackOk) {
      removeRenoSacks(sk, found.acked);
      // Without SACK nobody can tell the originals that arrived from the retransmissions.
      if ((ackState.flag & FLAG_RETRANS_DATA_ACKED) !== 0) ackState.flag &= ~FLAG_ORIG_SACK_ACKED;
    } else if (((found.reord - priorFack) | 0) < 0) checkSackReordering(sk, found.reord, 'TCPSACKReorder');
  } else if (
    measured &&
    skb !== undefined &&
    ackState.firstSackTime >= 0 &&
    ackState.firstSackTime < skb.tstamp
  ) {
    // Only news of what was sent before the head puts its timeout off: news of what came after it might do so for ever.
    ackState.flag |= FLAG_SET_XMIT_TIMER;
  }
  const due = (ackState.flag & FLAG_ACKED) !== 0 || rateSample.rtt >= 0;
  if (due) sk.caOps.pktsAcked?.(now, sk, found.acked, rateSample.rtt);
}

/** Counts what of `skb` is acknowledged. Whether all of it is. */
function countAcked(now: number, sk: TcpSock, skb: SkBuff, una: number): boolean {
  const end = endSeqOf(skb);
  const whole = ((end - una) | 0) <= 0;
  const seq = seqOf(skb);
  const sacked = sackedOf(skb);
  let count = pcountOf(skb);
  if (!whole) {
    if (count === 1 || ((una - seq) | 0) <= 0) return false;
    count = trimAcked(sk, skb, una);
    if (count === 0) return false;
    found.whole = false;
  }
  if ((sacked & (EVER_RETRANS | SACKED_RETRANS)) !== 0) {
    // RFC 6298 §3 (Karn): what was retransmitted is no measure.
    if ((sacked & SACKED_RETRANS) !== 0) sk.retransOut -= count;
    ackState.flag |= FLAG_RETRANS_DATA_ACKED;
  } else if ((sacked & SACKED_ACKED) === 0) {
    found.last = skb.tstamp;
    if (found.first < 0) found.first = skb.tstamp;
    if (((seq - found.reord) | 0) < 0) found.reord = seq;
    if (((end - sk.highSeq) | 0) <= 0) ackState.flag |= FLAG_ORIG_SACK_ACKED;
  }
  if ((sacked & SACKED_ACKED) !== 0) sk.sackedOut -= count;
  else if (sk.sackOk) {
    countDelivered(sk, count);
    if (!isSpuriousRetrans(sk, skb, sacked)) rackAdvance(now, sk, sacked, end, skb.tstamp);
  }
  if ((sacked & LOST) !== 0) sk.lostOut -= count;
  sk.packetsOut -= count;
  found.acked += count;
  rateSkbDelivered(sk, skb);
  if ((flagsOf(skb) & SYN) !== 0) {
    ackState.flag |= FLAG_SYN_ACKED;
    sk.retransStamp = 0;
  } else ackState.flag |= FLAG_DATA_ACKED;
  return whole;
}

/** Whether the echoed timestamp is older than the retransmission: the original arrived. */
function isSpuriousRetrans(sk: TcpSock, skb: SkBuff, sacked: number): boolean {
  if ((sacked & (EVER_RETRANS | SACKED_RETRANS)) === 0 || !sk.sawTstamp || sk.rcvTsecr === 0) return false;
  return ((sk.rcvTsecr - tsClock(skb.tstamp)) | 0) < 0;
}

/** Takes in the round trips that this ACK measures. Whether it does. */
function measure(now: number, sk: TcpSock, priorSacked: number, priorUna: number): boolean {
  let seqRtt = -1;
  let sackRtt = -1;
  let caRtt = -1;
  if (found.first >= 0 && (ackState.flag & FLAG_RETRANS_DATA_ACKED) === 0) {
    // Nothing arrives before it leaves, but a queue that was to hold it back may be gone.
    seqRtt = Math.max(now - found.first, 0);
    caRtt = Math.max(now - found.last, 0);
    const single = found.acked === 1 && found.whole && ((sk.sndUna - priorUna) | 0) < sk.mssCache;
    // One small segment was delivered since it was sent, and alone: the ACK may have waited for more.
    if (
      single &&
      priorSacked === 0 &&
      rateSample.priorDelivered + 1 === sk.delivered &&
      (ackState.flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)) === 0
    ) {
      ackState.flag |= FLAG_ACK_MAYBE_DELAYED;
    }
  }
  if (ackState.firstSackTime >= 0) {
    sackRtt = Math.max(now - ackState.firstSackTime, 0);
    caRtt = Math.max(now - ackState.lastSackTime, 0);
  }
  return ackUpdateRtt(now, sk, seqRtt, sackRtt, caRtt);
}

/** Some segments of a super-packet are acknowledged: cuts them off. How many they were. */
function trimAcked(sk: TcpSock, skb: SkBuff, una: number): number {
  const before = pcountOf(skb);
  const size = skb.cb[CB_GSO_SIZE] as number;
  trimHead(sk, skb, (una - seqOf(skb)) | 0);
  return before - setTsoSegs(skb, size);
}

/**
 * What an acknowledgment changes: RFC 9293 §3.10.7.4 "fifth, check the ACK field" (Linux `tcp_ack`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SYN } from '../flags.ts';
import {
  CB_GSO_SIZE,
  EVER_RETRANS,
  endSeqOf,
  flagsOf,
  LOST,
  pcountOf,
  SACKED_RETRANS,
  sackedOf,
  seqOf,
} from './cb.ts';
import { challengeAck } from './challenge.ts';
import { CHRONO_BUSY, chronoStop } from './chrono.ts';
import { inCwndReduction, updatePacingRate } from './cwnd.ts';
import { syncMss } from './mss.ts';
import { windowEnd } from './output.ts';
import { replaceTsRecent } from './paws.ts';
import { fastRetransAlert, REXMIT_FORCED, REXMIT_NONE, removeRenoSacks } from './recovery.ts';
import { xmitRetransmitQueue } from './retransmit.ts';
import { ackUpdateRtt } from './rtt.ts';
import type { Segment } from './segment.ts';
import { freeQueued, setTsoSegs, slowStartAfterIdleCheck, trimHead } from './send-queue.ts';
import { CA_OPEN, type TcpSock } from './tcb.ts';
import { ackProbe, rearmRto } from './timer.ts';

/** {@link processAck}: the segment came by the slow path, its window is looked at. */
export const FLAG_SLOWPATH = 1;
/** It carries data, so it is no duplicate ACK. */
export const FLAG_DATA = 2;
/** Its timestamp may be remembered. */
export const FLAG_UPDATE_TS = 4;
/** No challenge ACK for an ACK that is too old, or of what was not sent: the caller does that. */
export const FLAG_NO_CHALLENGE = 8;

/** Acceptable, old but harmless, or the reason to drop the segment for. */
export type AckResult = 1 | 0 | 'TCP_TOO_OLD_ACK' | 'TCP_ACK_UNSENT_DATA';

// What cleanRtxQueue found, for its caller. Module state is safe: nothing re-enters.
let dataAcked = false;
let synAcked = false;
let retransAcked = false;

/** Takes in the acknowledgment of a segment. */
export function processAck(now: number, sk: TcpSock, seg: Segment, flag: number): AckResult {
  const ack = seg.ackSeq;
  const prior = sk.sndUna;
  const priorPackets = sk.packetsOut;
  const advance = (ack - prior) | 0;
  if (advance < 0) {
    // RFC 5961 §5.2: an ACK of what was never sent, but for the window's sake looks old.
    const slack = Math.min(sk.maxWindow, sk.bytesAcked);
    if (advance + slack < 0) {
      if ((flag & FLAG_NO_CHALLENGE) === 0) challengeAck(now, sk);
      return 'TCP_TOO_OLD_ACK';
    }
    return 0;
  }
  if (((ack - sk.sndNxt) | 0) > 0) {
    // "If the ACK acks something not yet sent, then send an ACK, drop the segment."
    if ((flag & FLAG_NO_CHALLENGE) === 0) challengeAck(now, sk);
    return 'TCP_ACK_UNSENT_DATA';
  }
  const advanced = advance > 0;
  if (advanced) sk.retransmits = 0;
  if ((flag & FLAG_UPDATE_TS) !== 0) replaceTsRecent(now, sk, seg.seq);
  const { mib } = sk.tcp;
  let windowUpdated = false;
  let hasData = (flag & FLAG_DATA) !== 0;
  if (advanced && (flag & FLAG_SLOWPATH) === 0) {
    sk.sndWl1 = seg.seq;
    sndUnaUpdate(sk, ack);
    windowUpdated = true;
    mib.TcpExt.TCPHPAcks++;
  } else {
    if (seg.seq !== seg.endSeq) hasData = true;
    else mib.TcpExt.TCPPureAcks++;
    windowUpdated = updateWindow(now, sk, seg, ack);
  }
  sk.errSoft = '';
  sk.probesOut = 0;
  sk.rcvTstamp = now;
  if (priorPackets === 0) {
    ackProbe(now, sk, windowEnd(sk));
    return 1;
  }
  const delivered = sk.delivered;
  cleanRtxQueue(now, sk, prior);
  const acked = dataAcked || synAcked;
  const isDuplicate = !(hasData || windowUpdated || acked);
  const rearm = acked;
  let rexmit = REXMIT_NONE;
  if (isDuplicate || sk.caState !== CA_OPEN) {
    rexmit = fastRetransAlert(now, sk, advanced, isDuplicate && !advanced ? 1 : 0);
  }
  if (rearm) rearmRto(now, sk);
  if ((acked || isDuplicate) && sk.dst !== undefined) sk.family.confirm(now, sk.dst);
  // In a reduction the window is what the reduction made it; it grows for what the ACK delivered otherwise.
  if (!inCwndReduction(sk) && mayRaiseCwnd(sk, acked)) {
    sk.caOps.congAvoid(now, sk, ack, sk.delivered - delivered);
    sk.sndCwndStamp = now; // the window is judged for idleness from here
  }
  mib.TcpExt.TCPDelivered += sk.delivered - delivered;
  updatePacingRate(sk);
  if (rexmit !== REXMIT_NONE) xmitRetransmitQueue(now, sk, rexmit === REXMIT_FORCED);
  return 1;
}

function mayRaiseCwnd(sk: TcpSock, progress: boolean): boolean {
  return sk.reordering > sk.tcp.sysctl.tcp_reordering ? progress : dataAcked;
}

function sndUnaUpdate(sk: TcpSock, ack: number): void {
  sk.bytesAcked += (ack - sk.sndUna) | 0;
  sk.sndUna = ack;
}

/** RFC 9293 §3.10.7.4: the window is taken from the newest segment only, told by its sequence and acknowledgment numbers. */
function updateWindow(now: number, sk: TcpSock, seg: Segment, ack: number): boolean {
  const window = (seg.flags & SYN) !== 0 ? seg.window : seg.window << sk.sndWscale;
  const newer = (seg.seq - sk.sndWl1) | 0;
  let updated = false;
  if (((ack - sk.sndUna) | 0) > 0 || newer > 0 || (newer === 0 && (window > sk.sndWnd || window === 0))) {
    updated = true;
    sk.sndWl1 = seg.seq;
    if (sk.sndWnd !== window) {
      sk.sndWnd = window;
      if (sk.writeQueue.first !== undefined) slowStartAfterIdleCheck(now, sk);
      if (window > sk.maxWindow) {
        sk.maxWindow = window;
        syncMss(sk, sk.pmtuCookie);
      }
    }
  }
  sndUnaUpdate(sk, ack);
  return updated;
}

/** Frees what is acknowledged and measures the round trip with it (Linux `tcp_clean_rtx_queue`). */
function cleanRtxQueue(now: number, sk: TcpSock, prior: number): void {
  const { rtxQueue } = sk;
  const una = sk.sndUna;
  let acked = 0;
  let first = -1;
  let last = -1;
  dataAcked = false;
  synAcked = false;
  retransAcked = false;
  let skb = rtxQueue.first;
  while (skb !== undefined) {
    const whole = ((endSeqOf(skb) - una) | 0) <= 0;
    const sacked = sackedOf(skb);
    const isSyn = (flagsOf(skb) & SYN) !== 0;
    let count = pcountOf(skb);
    const sentAt = skb.tstamp;
    if (!whole) {
      if (count === 1 || ((una - seqOf(skb)) | 0) <= 0) break;
      count = trimAcked(sk, skb, una);
      if (count === 0) break;
    }
    if ((sacked & EVER_RETRANS) !== 0) {
      // RFC 6298 §3 (Karn): what was retransmitted is no measure.
      if ((sacked & SACKED_RETRANS) !== 0) sk.retransOut -= count;
      retransAcked = true;
    } else {
      last = sentAt;
      if (first < 0) first = sentAt;
    }
    if ((sacked & LOST) !== 0) sk.lostOut -= count;
    sk.packetsOut -= count;
    acked += count;
    if (isSyn) {
      synAcked = true;
      sk.retransStamp = 0;
    } else dataAcked = true;
    if (!whole) break;
    const next: SkBuff | undefined = skb.next;
    if (sk.retransmitHint === skb) sk.retransmitHint = undefined;
    rtxQueue.remove(skb);
    freeQueued(sk, skb);
    skb = next;
  }
  if (skb === undefined) chronoStop(now, sk, CHRONO_BUSY);
  if ((sk.sndUp - prior) >>> 0 <= (una - prior) >>> 0) sk.sndUp = una;
  if (sk.urgMode && sk.sndUp === una) sk.urgMode = false;
  const measured = first >= 0 && !retransAcked;
  ackUpdateRtt(now, sk, measured ? now - first : -1, measured ? now - last : -1, dataAcked || synAcked);
  if (dataAcked || synAcked) {
    removeRenoSacks(sk, acked);
    sk.caOps.pktsAcked?.(now, sk, acked, measured ? now - last : -1);
  }
}

/** Some segments of a super-packet are acknowledged: cuts them off. How many they were. */
function trimAcked(sk: TcpSock, skb: SkBuff, una: number): number {
  const before = pcountOf(skb);
  const size = skb.cb[CB_GSO_SIZE] as number;
  trimHead(sk, skb, (una - seqOf(skb)) | 0);
  return before - setTsoSegs(skb, size);
}

/**
 * Sending again what was lost (Linux `tcp_retransmit_skb`, `tcp_xmit_retransmit_queue`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SYN } from '../flags.ts';
import {
  CB_FLAGS,
  CB_SACKED,
  CB_SEQ,
  EVER_RETRANS,
  endSeqOf,
  flagsOf,
  LOST,
  LOST_BY_RACK,
  pcountOf,
  SACKED_ACKED,
  SACKED_RETRANS,
  sackedOf,
  seqOf,
} from './cb.ts';
import { packetsInFlight } from './cwnd.ts';
import { ecnFallback } from './ecn.ts';
import { currentMss } from './mss.ts';
import { smallQueueCheck, tsoSegs, windowEnd } from './output.ts';
import { isPaced } from './pacing.ts';
import { OK } from './ports.ts';
import { prrSent } from './prr.ts';
import { adjustPcount, fragment, seglenOf, setTsoSegs, trimHead, tryCollapse } from './send-queue.ts';
import { removeSent } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS, TIMER_REO_TIMEOUT, TIMER_RETRANS } from './tcb-values.ts';
import { armXmit } from './timer.ts';
import { FAILED, inHostQueue, transmitSkb } from './transmit.ts';

/** Sends up to `segs` segments of an skb of the retransmit queue again. {@link OK}, above it local congestion, below it failure. */
export function retransmitSkb(now: number, sk: TcpSock, skb: SkBuff, segs: number): number {
  const result = retransmitUncounted(now, sk, skb, segs);
  if (result === OK) {
    skb.cb[CB_SACKED] = sackedOf(skb) | SACKED_RETRANS | EVER_RETRANS;
    sk.retransOut += pcountOf(skb);
  }
  if (sk.retransStamp === 0) sk.retransStamp = (result === OK ? skb.tstamp : now) || 1;
  if (sk.undoRetrans < 0) sk.undoRetrans = 0;
  sk.undoRetrans += pcountOf(skb);
  return result;
}

/** The same without a mark that a retransmission is in flight: a probe is in doubt (Linux `__tcp_retransmit_skb`). */
export function retransmitUncounted(now: number, sk: TcpSock, skb: SkBuff, segs: number): number {
  const { TcpExt, Tcp } = sk.tcp.mib;
  if (sk.mtup !== undefined) sk.mtup.probeSize = 0; // it tells nothing any more
  if (inHostQueue(sk, skb)) {
    TcpExt.TCPSpuriousRtxHostQueues++;
    return FAILED;
  }
  const acked = (sk.sndUna - seqOf(skb)) | 0;
  if (acked > 0) {
    if ((flagsOf(skb) & SYN) !== 0) {
      skb.cb[CB_FLAGS] = flagsOf(skb) & ~SYN;
      skb.cb[CB_SEQ] = seqOf(skb) + 1;
    }
    const still = (sk.sndUna - seqOf(skb)) | 0;
    if (((endSeqOf(skb) - sk.sndUna) | 0) < 0) return FAILED;
    if (still > 0) trimHead(sk, skb, Math.min(still, skb.len));
  }
  const mss = currentMss(now, sk);
  let room = (windowEnd(sk) - seqOf(skb)) | 0;
  if (room <= 0) {
    // Out of a window that shrank: only the first segment goes out, as a probe.
    if (seqOf(skb) !== sk.sndUna) return FAILED;
    room = mss;
  }
  let len = mss * segs;
  if (len > room) len = room - (room % mss) || room;
  if (skb.len > len) {
    if (!fragment(sk, skb, len, mss, true)) return FAILED;
  } else {
    const before = pcountOf(skb);
    const fewer = before - setTsoSegs(skb, mss);
    if (fewer !== 0) adjustPcount(sk, skb, fewer);
    room = Math.min(room, mss);
    if (skb.len < room) tryCollapse(sk, skb, room);
  }
  if ((flagsOf(skb) & SYN) !== 0) skb.cb[CB_FLAGS] = ecnFallback(sk, flagsOf(skb));
  const count = pcountOf(skb);
  Tcp.RetransSegs += count;
  if ((flagsOf(skb) & SYN) !== 0) TcpExt.TCPSynRetrans++;
  sk.totalRetrans += count;
  sk.bytesRetrans += skb.len;
  const result = transmitSkb(now, sk, skb);
  if (result === OK) sk.tcp.retransmitted?.(now, sk, skb);
  else TcpExt.TCPRetransFail += count;
  // Its RTT means nothing from now on, sent or not (Karn).
  skb.cb[CB_SACKED] = sackedOf(skb) | EVER_RETRANS;
  return result;
}

/** Counts `skb` as lost, once; a retransmission of it that was in flight is lost with it. */
export function markLost(sk: TcpSock, skb: SkBuff): void {
  const sacked = sackedOf(skb);
  if ((sacked & SACKED_ACKED) !== 0) return;
  const count = pcountOf(skb);
  const { retransmitHint } = sk;
  if (
    retransmitHint === undefined
      ? sk.retransOut >= sk.lostOut
      : ((seqOf(skb) - seqOf(retransmitHint)) | 0) < 0
  ) {
    sk.retransmitHint = skb;
  }
  removeSent(sk, skb);
  if ((sacked & LOST) === 0) {
    sk.lostOut += count;
    sk.lost += count;
    skb.cb[CB_SACKED] = sacked | LOST;
  } else if ((sacked & SACKED_RETRANS) !== 0) {
    skb.cb[CB_SACKED] = sacked & ~(SACKED_RETRANS | LOST_BY_RACK);
    sk.retransOut -= count;
    sk.lost += count;
    sk.tcp.mib.TcpExt.TCPLostRetransmit += count;
  }
}

/** Retransmits what is marked as lost, as far as the congestion window allows. */
export function xmitRetransmitQueue(now: number, sk: TcpSock): void {
  if (sk.packetsOut === 0) return;
  const { TcpExt } = sk.tcp.mib;
  const maxSegs = tsoSegs(sk, currentMss(now, sk));
  const head = sk.rtxQueue.first;
  let hole: SkBuff | undefined;
  let rearm = false;
  for (let skb = sk.retransmitHint ?? head; skb !== undefined; skb = skb.next) {
    if (isPaced(now, sk)) break;
    if (hole === undefined) sk.retransmitHint = skb;
    const segs = Math.min(sk.sndCwnd - packetsInFlight(sk), maxSegs);
    if (segs <= 0 || sk.retransOut >= sk.lostOut) break;
    const sacked = sackedOf(skb);
    if ((sacked & LOST) === 0) {
      if (hole === undefined && (sacked & (SACKED_RETRANS | SACKED_ACKED)) === 0) hole = skb;
      continue;
    }
    if ((sacked & (SACKED_ACKED | SACKED_RETRANS)) !== 0) continue;
    if (smallQueueCheck(sk, skb, 2)) break;
    if (retransmitSkb(now, sk, skb, segs) !== OK) break;
    const count = pcountOf(skb);
    if (sk.caState === CA_LOSS) TcpExt.TCPSlowStartRetrans += count;
    else TcpExt.TCPFastRetrans += count;
    prrSent(sk, count);
    if (skb === head && sk.pendingTimer !== TIMER_REO_TIMEOUT) rearm = true;
  }
  if (rearm) armXmit(now, sk, TIMER_RETRANS, sk.rto);
}

/** The path takes less than it did: what was sent too large is lost, without blaming congestion (Linux `tcp_simple_retransmit`). */
export function markTooLarge(sk: TcpSock, mss: number): void {
  for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) {
    if (seglenOf(skb) > mss) markLost(sk, skb);
  }
}

/**
 * What SACK blocks tell the sender: RFC 2018 §5, RFC 2883, RFC 6675's scoreboard kept in marks of the retransmit queue (Linux
 * `tcp_sacktag_write_queue`). Blocks that make no sense change nothing and are counted.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import {
  ackState,
  FLAG_DATA_SACKED,
  FLAG_DSACK_TLP,
  FLAG_DSACKING_ACK,
  FLAG_ORIG_SACK_ACKED,
} from './ack-flags.ts';
import {
  CB_SACKED,
  EVER_RETRANS,
  endSeqOf,
  LOST,
  LOST_BY_RACK,
  pcountOf,
  SACKED_ACKED,
  SACKED_RETRANS,
  sackedOf,
  seqOf,
} from './cb.ts';
import { rackAdvance } from './rack.ts';
import { rateSkbDelivered } from './rate.ts';
import { checkSackReordering } from './reordering.ts';
import { SackRuns } from './sack-runs.ts';
import type { Segment } from './segment.ts';
import { fragment, seglenOf } from './send-queue.ts';
import { removeSent } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';
import { CA_LOSS } from './tcb-values.ts';

/** Packets that one D-SACK block is looked up in: a segment came twice, or a super-packet of them. */
const MAX_DUPLICATE = 128;

const RETRANS = SACKED_RETRANS | EVER_RETRANS;

function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** One past the last number that was delivered; SND.UNA where nothing was out of order. */
export function highestSackSeq(sk: TcpSock): number {
  return sk.sackedOut === 0 ? sk.sndUna : sk.highestSack;
}

/** Takes in the SACK blocks of a segment. `priorUna`: SND.UNA before its ACK. */
export function sackWriteQueue(now: number, sk: TcpSock, seg: Segment, priorUna: number): void {
  const { sackCount, sackEdges } = seg.options;
  const duplicate = checkDsack(sk, seg, priorUna);
  // An ACK from long ago.
  if (before(seg.ackSeq, (priorUna - sk.maxWindow) | 0) || sk.packetsOut === 0) return;
  for (let i = 0; i < sackCount; i++) {
    const start = sackEdges[i * 2] as number;
    const end = sackEdges[i * 2 + 1] as number;
    const isDuplicate = i === 0 && duplicate;
    if (!isBlockValid(sk, isDuplicate, start, end)) countInvalid(sk, isDuplicate, seg.ackSeq, end);
    else if (before(priorUna, end)) {
      if (isDuplicate) tagDuplicate(now, sk, start, end);
      tagBlock(now, sk, start, end);
    }
  }
  if (sk.caState !== CA_LOSS || sk.hasUndo) checkSackReordering(sk, ackState.reord, 'TCPSACKReorder');
}

/** Whether the first block is a D-SACK: it lies below the ACK, or within the second (RFC 2883 §4). */
function checkDsack(sk: TcpSock, seg: Segment, priorUna: number): boolean {
  const { TcpExt } = sk.tcp.mib;
  const { sackCount, sackEdges } = seg.options;
  const start = sackEdges[0] as number;
  const end = sackEdges[1] as number;
  if (before(start, seg.ackSeq)) TcpExt.TCPDSACKRecv++;
  else if (sackCount > 1 && !before(start, sackEdges[2] as number) && !before(sackEdges[3] as number, end)) {
    TcpExt.TCPDSACKOfoRecv++;
  } else return false;
  const segments = dsackSeen(sk, start, end);
  if (segments === 0) {
    TcpExt.TCPDSACKIgnoredDubious++;
    return false;
  }
  TcpExt.TCPDSACKRecvSegs += segments;
  // Of what is acknowledged nothing is left to look at: it is counted.
  if (sk.hasUndo && sk.undoRetrans > 0 && !before(priorUna, end) && before(sk.undoMarker, end)) {
    sk.undoRetrans = Math.max(sk.undoRetrans - segments, 0);
  }
  return true;
}

/** Segments that came twice, 0 where the peer cannot mean it: more than its window, or than was ever retransmitted. */
function dsackSeen(sk: TcpSock, start: number, end: number): number {
  const length = (end - start) | 0;
  if (length <= 0 || length > sk.maxWindow) return 0;
  let segments = 1;
  if (length > sk.mssCache) segments = Math.ceil(length / sk.mssCache);
  else if (sk.tlpHighSeq === end) ackState.flag |= FLAG_DSACK_TLP;
  sk.dsackDups += segments;
  if (sk.dsackDups > sk.totalRetrans) return 0;
  // A probe says nothing about reordering.
  if (sk.reordSeen > 0 && (ackState.flag & FLAG_DSACK_TLP) === 0) sk.rackDsackSeen = true;
  ackState.flag |= FLAG_DSACKING_ACK;
  ackState.sackDelivered += segments;
  return segments;
}

/** Whether a block can be true: it lies within what is in flight; a D-SACK may lie below, as far as an undo looks back. */
function isBlockValid(sk: TcpSock, duplicate: boolean, start: number, end: number): boolean {
  if (before(sk.sndNxt, end) || !before(start, end) || !before(start, sk.sndNxt)) return false;
  if (before(sk.sndUna, start)) return true; // one that begins at SND.UNA would have been acknowledged
  if (!duplicate || !sk.hasUndo || before(sk.sndUna, end)) return false;
  if (!before(start, sk.undoMarker)) return true;
  return before(sk.undoMarker, end) && !before(start, (end - sk.maxWindow) | 0);
}

function countInvalid(sk: TcpSock, duplicate: boolean, ack: number, end: number): void {
  const { TcpExt } = sk.tcp.mib;
  if (duplicate) {
    if (sk.hasUndo) TcpExt.TCPDSACKIgnoredOld++;
    else TcpExt.TCPDSACKIgnoredNoUndo++;
    return;
  }
  // An ACK that was overtaken tells old things.
  if (ack !== sk.sndUna && !before(sk.sndUna, end)) return;
  TcpExt.TCPSACKDiscard++;
}

/** What lies in `[start, end)` and was not told before is delivered. */
function tagBlock(now: number, sk: TcpSock, start: number, end: number): void {
  sk.sackRuns ??= new SackRuns();
  const runs = sk.sackRuns;
  let at = before(start, sk.sndUna) ? sk.sndUna : start;
  while (before(at, end)) {
    const next = runs.behind(at);
    let limit = end;
    if (next < runs.length) {
      if (!before(at, runs.start(next))) {
        at = runs.end(next);
        continue;
      }
      if (before(runs.start(next), end)) limit = runs.start(next);
    }
    tagStretch(now, sk, start, end, at, limit);
    at = limit;
  }
}

/** The same for `[from, to)` of it, of which nothing was delivered. */
function tagStretch(now: number, sk: TcpSock, start: number, end: number, from: number, to: number): void {
  let low = 0;
  let high = 0;
  let tagged = false;
  for (let skb = sk.rtxQueue.find(from); skb !== undefined && before(seqOf(skb), to); skb = skb.next) {
    if (!before(from, endSeqOf(skb)) || (sackedOf(skb) & SACKED_ACKED) !== 0) continue;
    if (!matches(sk, skb, start, end)) continue;
    tagOne(now, sk, skb);
    if (!tagged) low = seqOf(skb);
    high = endSeqOf(skb);
    tagged = true;
  }
  if (tagged) (sk.sackRuns as SackRuns).add(low, high);
}

/** Whether the block has all of `skb`. Of a super-packet it has a part of, that part, in whole segments, becomes a packet of its own. */
function matches(sk: TcpSock, skb: SkBuff, start: number, end: number): boolean {
  const seq = seqOf(skb);
  const fromStart = !before(seq, start);
  if (fromStart && !before(end, endSeqOf(skb))) return true;
  if (pcountOf(skb) === 1) return false;
  const mss = seglenOf(skb);
  let cut: number;
  if (fromStart) {
    cut = (end - seq) | 0;
    if (cut < mss) return false;
    cut -= cut % mss;
  } else cut = Math.ceil(((start - seq) | 0) / mss) * mss;
  if (cut >= skb.len) return false; // all of it but a FIN
  return fragment(sk, skb, cut, mss, true) && fromStart;
}

/** `skb` was delivered, and nobody said so before. */
function tagOne(now: number, sk: TcpSock, skb: SkBuff): void {
  const count = pcountOf(skb);
  const seq = seqOf(skb);
  const end = endSeqOf(skb);
  let sacked = sackedOf(skb);
  rackAdvance(now, sk, sacked, end, skb.tstamp);
  if ((sacked & SACKED_RETRANS) !== 0) {
    // What was not lost was retransmitted for nothing: that retransmission is still in flight.
    if ((sacked & LOST) !== 0) {
      sacked &= ~(LOST | LOST_BY_RACK | SACKED_RETRANS);
      sk.lostOut -= count;
      sk.retransOut -= count;
    }
  } else {
    if ((sacked & RETRANS) === 0) {
      if (before(seq, highestSackSeq(sk)) && before(seq, ackState.reord)) ackState.reord = seq;
      if (!before(sk.highSeq, end)) ackState.flag |= FLAG_ORIG_SACK_ACKED;
      if (ackState.firstSackTime < 0) ackState.firstSackTime = skb.tstamp;
      ackState.lastSackTime = skb.tstamp;
    }
    if ((sacked & LOST) !== 0) {
      sacked &= ~(LOST | LOST_BY_RACK);
      sk.lostOut -= count;
    }
  }
  skb.cb[CB_SACKED] = sacked | SACKED_ACKED;
  if (before(highestSackSeq(sk), end)) sk.highestSack = end;
  sk.sackedOut += count;
  ackState.flag |= FLAG_DATA_SACKED;
  ackState.sackDelivered += count;
  rateSkbDelivered(sk, skb);
  removeSent(sk, skb);
}

/** What is in a D-SACK block and still in the queue, if only until this ACK takes it out, was retransmitted for nothing. */
function tagDuplicate(now: number, sk: TcpSock, start: number, end: number): void {
  let left = MAX_DUPLICATE;
  for (let skb = sk.rtxQueue.find(start); skb !== undefined && before(seqOf(skb), end); skb = skb.next) {
    if (left-- === 0) return;
    if (before(seqOf(skb), start) || before(end, endSeqOf(skb))) continue;
    const count = pcountOf(skb);
    const sacked = sackedOf(skb);
    if ((sacked & RETRANS) === 0) continue;
    if (sk.hasUndo && sk.undoRetrans > 0 && before(sk.undoMarker, endSeqOf(skb))) {
      sk.undoRetrans = Math.max(sk.undoRetrans - count, 0);
    }
    if ((sacked & SACKED_ACKED) !== 0 && before(seqOf(skb), ackState.reord)) ackState.reord = seqOf(skb);
    if (!before(sk.sndUna, endSeqOf(skb))) continue;
    if ((sacked & SACKED_ACKED) === 0) tagDuplicateOne(now, sk, skb);
    if ((sackedOf(skb) & SACKED_RETRANS) === 0) continue;
    skb.cb[CB_SACKED] = sackedOf(skb) & ~SACKED_RETRANS;
    sk.retransOut -= count;
  }
}

function tagDuplicateOne(now: number, sk: TcpSock, skb: SkBuff): void {
  tagOne(now, sk, skb);
  sk.sackRuns ??= new SackRuns();
  sk.sackRuns.add(seqOf(skb), endSeqOf(skb));
}

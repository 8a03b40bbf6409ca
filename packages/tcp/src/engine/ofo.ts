/**
 * Segments behind a gap: kept in order of their sequence numbers, merged where they touch, until the gap is filled.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { FIN } from '../flags.ts';
import { measureSegment, scheduleAck } from './ack.ts';
import { endSeqOf, flagsOf, seqOf } from './cb.ts';
import { ecnReceived } from './ecn.ts';
import { setOwnerR } from './memory.ts';
import { tryRmemSchedule } from './prune.ts';
import { growRcvbuf } from './rcvbuf.ts';
import { drop, finReceived, rcvNxtUpdate, tryCoalesce } from './receive-queue.ts';
import { dsackExtend, dsackSet, sackNewOfo, sackReset } from './sack.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';
import { growWindow } from './window.ts';

/** Takes over a segment ahead of RCV.NXT, header off (Linux `tcp_data_queue_ofo`). */
export function queueOfo(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { TcpExt } = sk.tcp.mib;
  ecnReceived(now, sk, seg);
  if (!tryRmemSchedule(sk, skb)) {
    TcpExt.TCPOFODrop++;
    sk.wake?.(sk, 1);
    drop(sk, skb, 'PROTO_MEM');
    return;
  }
  const { gsoSize, len, truesize } = skb;
  if (len > 0) measureSegment(sk, seg, len, truesize, gsoSize);
  scheduleAck(sk);
  sk.rcvOoopack += Math.max(skb.gsoSegs, 1);
  TcpExt.TCPOFOQueue++;
  sk.ofoQueue ??= new SkbQueue();
  insert(sk, sk.ofoQueue, skb, seg.seq, seg.endSeq);
  // Without SACK all depends on duplicate ACKs, and only those with the same window are: it must not grow.
  if (!sk.sackOk) return;
  sackNewOfo(now, sk, seg.seq, seg.endSeq);
  growWindow(sk, len, truesize);
  // What waits behind the gap needs room too, if somebody is there to read it.
  if (sk.wake !== undefined && !sk.orphaned) growRcvbuf(sk, sk.rcvqSpace);
}

/** Puts it in its place, unless it goes into another, or was known already. */
function insert(sk: TcpSock, queue: SkbQueue, skb: SkBuff, seq: number, endSeq: number): void {
  const { TcpExt } = sk.tcp.mib;
  const before = predecessor(sk, queue, seq);
  if (before !== undefined && ((seq - endSeqOf(before)) | 0) < 0) {
    if (((endSeq - endSeqOf(before)) | 0) <= 0) {
      TcpExt.TCPOFOMerge++;
      drop(sk, skb, 'TCP_OFOMERGE');
      dsackSet(sk, seq, endSeq);
      return;
    }
    if (seq === seqOf(before)) {
      dsackExtend(sk, seq, endSeqOf(before));
      // It begins where that one does and is longer: it takes its place.
      queue.insertAfter(before, skb);
      queue.remove(before);
      TcpExt.TCPOFOMerge++;
      drop(sk, before, 'TCP_OFOMERGE');
      placed(sk, queue, skb, endSeq);
      return;
    }
    dsackSet(sk, seq, endSeqOf(before));
  } else if (before !== undefined && tryCoalesce(sk, before, skb)) {
    sk.ofoLast = before;
    mergeRight(sk, queue, before, endSeq);
    return;
  }
  if (before === undefined) queue.unshift(skb);
  else queue.insertAfter(before, skb);
  placed(sk, queue, skb, endSeq);
}

function placed(sk: TcpSock, queue: SkbQueue, skb: SkBuff, endSeq: number): void {
  setOwnerR(sk, skb);
  sk.ofoLast = skb;
  mergeRight(sk, queue, skb, endSeq);
}

/** The last segment that does not begin after `seq`. The search starts where the last one ended: runs are the rule. */
function predecessor(sk: TcpSock, queue: SkbQueue, seq: number): SkBuff | undefined {
  let skb = sk.ofoLast ?? queue.last;
  while (skb !== undefined && ((seqOf(skb) - seq) | 0) > 0) skb = skb.prev;
  if (skb === undefined) return undefined;
  for (let next = skb.next; next !== undefined && ((seqOf(next) - seq) | 0) <= 0; next = next.next)
    skb = next;
  return skb;
}

/** Drops what lies wholly within what was just put in. */
function mergeRight(sk: TcpSock, queue: SkbQueue, skb: SkBuff, endSeq: number): void {
  for (let next = skb.next; next !== undefined; next = skb.next) {
    const overlap = (endSeq - seqOf(next)) | 0;
    if (overlap <= 0) return;
    if (((endSeq - endSeqOf(next)) | 0) < 0) {
      dsackExtend(sk, seqOf(next), endSeq);
      return;
    }
    dsackExtend(sk, seqOf(next), endSeqOf(next));
    queue.remove(next);
    sk.tcp.mib.TcpExt.TCPOFOMerge++;
    drop(sk, next, 'TCP_OFOMERGE');
  }
}

/** The gap is filled, at least in part: moves what follows to the receive queue (Linux `tcp_ofo_queue`). */
export function drainOfo(now: number, sk: TcpSock): void {
  const queue = sk.ofoQueue;
  if (queue === undefined) return;
  const high = sk.rcvNxt; // what came up to here came before
  for (let skb = queue.first; skb !== undefined; skb = queue.first) {
    if (((seqOf(skb) - sk.rcvNxt) | 0) > 0) break;
    queue.remove(skb);
    if (sk.ofoLast === skb) sk.ofoLast = undefined;
    const end = endSeqOf(skb);
    if (((seqOf(skb) - high) | 0) < 0) {
      dsackExtend(sk, seqOf(skb), ((end - high) | 0) < 0 ? end : high);
    }
    if (((end - sk.rcvNxt) | 0) <= 0) {
      drop(sk, skb, 'TCP_OFO_DROP');
      continue;
    }
    const fin = (flagsOf(skb) & FIN) !== 0;
    moveToReceiveQueue(sk, skb);
    rcvNxtUpdate(sk, end);
    if (fin) {
      finReceived(now, sk); // which purges what is left
      return;
    }
  }
  if (queue.first === undefined) {
    sk.ofoQueue = undefined;
    sk.ofoLast = undefined;
  }
}

function moveToReceiveQueue(sk: TcpSock, skb: SkBuff): void {
  const tail = sk.receiveQueue.last;
  if (tail !== undefined && endSeqOf(tail) === seqOf(skb) && tryCoalesce(sk, tail, skb)) return;
  sk.receiveQueue.push(skb);
}

/** Frees what waits: nothing comes after a FIN. */
export function purgeOfo(sk: TcpSock): void {
  sk.ofoQueue?.purge();
  sk.ofoQueue = undefined;
  sk.ofoLast = undefined;
  sackReset(sk);
}

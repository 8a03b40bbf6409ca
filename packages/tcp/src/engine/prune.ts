/**
 * Room for what comes: when the receive buffer is full, small packets are copied together, then what is out of order goes.
 * @module
 */
import type { SkBuff, SkbQueue } from '@stack/skbuff';
import { FIN, SYN } from '../flags.ts';
import { CB_END_SEQ, CB_FLAGS, CB_SEQ, endSeqOf, flagsOf, seqOf } from './cb.ts';
import { scheduleReceive, setOwnerR, underPressure } from './memory.ts';
import { drop } from './receive-queue.ts';
import type { TcpSock } from './tcb.ts';
import { clampWindow, winFromSpace } from './window.ts';

/** Payload of a packet that others are copied into: what fits, with its overhead, into 16 KiB. */
const COLLAPSED_SIZE = 16_384 - 320;

/** Reserves memory for a received segment, pruning queues for it where it must. False: there is none. */
export function tryRmemSchedule(sk: TcpSock, skb: SkBuff): boolean {
  if (sk.rmemAlloc <= sk.rcvbuf && scheduleReceive(sk, skb.truesize)) return true;
  if (!pruneQueue(sk, skb)) return false;
  while (!scheduleReceive(sk, skb.truesize)) {
    if (!pruneOfo(sk, skb)) return false;
  }
  return true;
}

function pruneQueue(sk: TcpSock, incoming: SkBuff): boolean {
  const { TcpExt } = sk.tcp.mib;
  TcpExt.PruneCalled++;
  if (sk.rmemAlloc >= sk.rcvbuf) clampWindow(sk);
  else if (underPressure(sk.tcp)) sk.rcvSsthresh = Math.min(sk.rcvSsthresh, 4 * sk.advmss);
  if (sk.rmemAlloc <= sk.rcvbuf) return true;
  if (sk.ofoQueue !== undefined) collapse(sk, sk.ofoQueue, true);
  collapse(sk, sk.receiveQueue, false);
  if (sk.rmemAlloc <= sk.rcvbuf) return true;
  pruneOfo(sk, incoming);
  if (sk.rmemAlloc <= sk.rcvbuf) return true;
  TcpExt.RcvPruned++;
  return false;
}

/** Drops from the end of the out-of-order queue: what is farthest away is retransmitted last. False: nothing to drop. */
function pruneOfo(sk: TcpSock, incoming: SkBuff): boolean {
  const queue = sk.ofoQueue;
  if (queue === undefined) return false;
  let goal = sk.rcvbuf >> 3;
  let pruned = false;
  for (let skb = queue.last; skb !== undefined; skb = queue.last) {
    if (((seqOf(incoming) - seqOf(skb)) | 0) > 0) break; // the newcomer would be next to go
    pruned = true;
    goal -= skb.truesize;
    queue.remove(skb);
    drop(sk, skb, 'TCP_OFO_QUEUE_PRUNE');
    if (goal > 0 && queue.first !== undefined) continue;
    if (sk.rmemAlloc <= sk.rcvbuf && !underPressure(sk.tcp)) break;
    goal = sk.rcvbuf >> 3;
  }
  sk.ofoLast = undefined;
  if (queue.first === undefined) sk.ofoQueue = undefined;
  if (pruned) sk.tcp.mib.TcpExt.OfoPruned++;
  return pruned;
}

/** Copies runs of packets with much overhead together. */
function collapse(sk: TcpSock, queue: SkbQueue, ofo: boolean): void {
  let skb = queue.first;
  while (skb !== undefined) {
    const next: SkBuff | undefined = skb.next;
    if (!isBloated(sk, skb) || next === undefined || !follows(skb, next)) {
      skb = next;
      continue;
    }
    skb = collapseRun(sk, queue, skb);
    if (skb === undefined) return;
  }
  if (ofo) sk.ofoLast = undefined;
}

function isBloated(sk: TcpSock, skb: SkBuff): boolean {
  return (flagsOf(skb) & (SYN | FIN)) === 0 && skb.len > 0 && winFromSpace(sk, skb.truesize) > skb.len;
}

function follows(skb: SkBuff, next: SkBuff): boolean {
  return endSeqOf(skb) === seqOf(next) && (flagsOf(next) & (SYN | FIN)) === 0 && next.len > 0;
}

/** Copies `first` and what follows it into one packet. Where to go on; `undefined` without memory. */
function collapseRun(sk: TcpSock, queue: SkbQueue, first: SkBuff): SkBuff | undefined {
  let total = 0;
  let last = first;
  for (let skb: SkBuff | undefined = first; skb !== undefined; skb = skb.next) {
    if (skb !== first && !follows(last, skb)) break;
    if (total + skb.len > COLLAPSED_SIZE && total > 0) break;
    total += skb.len;
    last = skb;
  }
  if (last === first) return first.next;
  const copy = sk.tcp.pool.alloc(total);
  if (copy === undefined) return undefined;
  const { cb } = copy;
  cb[CB_SEQ] = seqOf(first);
  cb[CB_END_SEQ] = endSeqOf(last);
  cb[CB_FLAGS] = flagsOf(first);
  queue.insertBefore(first, copy);
  let skb: SkBuff | undefined = first;
  while (skb !== undefined) {
    const next: SkBuff | undefined = skb === last ? undefined : skb.next;
    skb.copyBits(0, copy.bytes, copy.put(skb.len), skb.len);
    cb[CB_FLAGS] = (cb[CB_FLAGS] as number) | flagsOf(skb);
    copy.tstamp = skb.tstamp;
    queue.remove(skb);
    skb.free();
    sk.tcp.mib.TcpExt.TCPRcvCollapsed++;
    skb = next;
  }
  setOwnerR(sk, copy);
  return copy.next;
}

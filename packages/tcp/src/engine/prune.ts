/**
 * Room for what comes: when the receive buffer is full, small packets are copied together, then what is out of order goes.
 * @module
 */
import type { SkBuff, SkbQueue } from '@stack/skbuff';
import { FIN, SYN } from '../flags.ts';
import { CB_END_SEQ, CB_FLAGS, CB_SEQ, endSeqOf, flagsOf, seqOf } from './cb.ts';
import { scheduleReceive, setOwnerR, underPressure } from './memory.ts';
import { drop } from './receive-queue.ts';
import { sackReset } from './sack.ts';
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
  if (pruned) {
    sk.tcp.mib.TcpExt.OfoPruned++;
    sackReset(sk);
  }
  return pruned;
}

/** Copies packets with much overhead together, or into less memory. */
function collapse(sk: TcpSock, queue: SkbQueue, ofo: boolean): void {
  let skb = queue.first;
  while (skb !== undefined) {
    if (isBloated(sk, skb)) skb = collapseRun(sk, queue, skb);
    else skb = skb.next;
  }
  if (ofo) sk.ofoLast = undefined;
}

function isBloated(sk: TcpSock, skb: SkBuff): boolean {
  return (flagsOf(skb) & (SYN | FIN)) === 0 && skb.len > 0 && winFromSpace(sk, skb.truesize) > skb.len;
}

function follows(skb: SkBuff, next: SkBuff): boolean {
  return endSeqOf(skb) === seqOf(next) && (flagsOf(next) & (SYN | FIN)) === 0 && next.len > 0;
}

/** Copies `first` and what follows it into one packet, where that is the smaller one. Where to go on. */
function collapseRun(sk: TcpSock, queue: SkbQueue, first: SkBuff): SkBuff | undefined {
  let total = first.len;
  let cost = first.truesize;
  let last = first;
  for (let skb = first.next; skb !== undefined; skb = skb.next) {
    if (!follows(last, skb) || total + skb.len > COLLAPSED_SIZE) break;
    total += skb.len;
    cost += skb.truesize;
    last = skb;
  }
  const { next } = last;
  const copy = total > COLLAPSED_SIZE ? undefined : sk.tcp.pool.alloc(total);
  if (copy === undefined) return next;
  if (copy.truesize >= cost) {
    copy.free();
    return next;
  }
  const { cb } = copy;
  cb[CB_SEQ] = seqOf(first);
  cb[CB_END_SEQ] = endSeqOf(last);
  queue.insertBefore(first, copy);
  for (let skb = copy.next; skb !== next && skb !== undefined; skb = copy.next) {
    skb.copyBits(0, copy.bytes, copy.put(skb.len), skb.len);
    cb[CB_FLAGS] = (cb[CB_FLAGS] as number) | flagsOf(skb);
    copy.tstamp = skb.tstamp;
    queue.remove(skb);
    skb.free();
    sk.tcp.mib.TcpExt.TCPRcvCollapsed++;
  }
  setOwnerR(sk, copy);
  return next;
}

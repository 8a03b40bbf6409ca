/**
 * What is in flight in the order it was sent last (Linux `tsorted_sent_queue`): RACK looks at its head, however long the queue is.
 * What was delivered by SACK, or was taken for lost, is not in it.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { TcpSock } from './tcb.ts';

/** RACK_sent_after: of two segments the one sent later; of those sent at once the one behind. */
export function sentAfter(time1: number, seq1: number, time2: number, seq2: number): boolean {
  return time1 > time2 || (time1 === time2 && ((seq1 - seq2) | 0) > 0);
}

function isSent(sk: TcpSock, skb: SkBuff): boolean {
  return skb.anchorPrev !== undefined || sk.sentFirst === skb;
}

/** `skb` was sent just now: it is the last one. */
export function appendSent(sk: TcpSock, skb: SkBuff): void {
  if (sk.sentLast === skb) return;
  removeSent(sk, skb);
  const last = sk.sentLast;
  skb.anchorPrev = last;
  if (last === undefined) sk.sentFirst = skb;
  else last.anchorNext = skb;
  sk.sentLast = skb;
}

/** `rest` was cut off `skb`: it was sent with it. */
export function insertSent(sk: TcpSock, skb: SkBuff, rest: SkBuff): void {
  if (!isSent(sk, skb)) return;
  const next = skb.anchorNext;
  rest.anchorPrev = skb;
  rest.anchorNext = next;
  skb.anchorNext = rest;
  if (next === undefined) sk.sentLast = rest;
  else next.anchorPrev = rest;
}

/** Puts what was sent before all that is in, in order, in front of it. */
export function prependSent(sk: TcpSock, older: readonly SkBuff[]): void {
  for (let i = older.length - 1; i >= 0; i--) {
    const skb = older[i] as SkBuff;
    const first = sk.sentFirst;
    skb.anchorNext = first;
    if (first === undefined) sk.sentLast = skb;
    else first.anchorPrev = skb;
    sk.sentFirst = skb;
  }
  sk.rackEdge = undefined;
}

/** Takes `skb` out, if it is in. */
export function removeSent(sk: TcpSock, skb: SkBuff): void {
  if (!isSent(sk, skb)) return;
  const { anchorNext: next, anchorPrev: prev } = skb;
  if (sk.rackEdge === skb) sk.rackEdge = prev;
  if (prev === undefined) sk.sentFirst = next;
  else prev.anchorNext = next;
  if (next === undefined) sk.sentLast = prev;
  else next.anchorPrev = prev;
  skb.anchorNext = undefined;
  skb.anchorPrev = undefined;
}

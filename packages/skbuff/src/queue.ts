/**
 * `struct sk_buff_head`: a queue of packets linked through their own `next` and `prev`. Nothing is allocated.
 * @module
 */
import type { SkBuff } from './skbuff.ts';

/** A doubly linked queue that owns the packets in it. A packet is in one queue at a time. */
export class SkbQueue {
  /** The packet that {@link shift} gives next. */
  first: SkBuff | undefined = undefined;
  /** The packet queued last. */
  last: SkBuff | undefined = undefined;
  /** Packets in the queue. */
  qlen = 0;

  /** Appends a packet, taking it over. */
  push(skb: SkBuff): void {
    this.#link(skb, this.last, undefined);
  }

  /** Puts a packet in front, taking it over. */
  unshift(skb: SkBuff): void {
    this.#link(skb, undefined, this.first);
  }

  /** Puts `skb` behind `before`, which is in this queue. */
  insertAfter(before: SkBuff, skb: SkBuff): void {
    this.#link(skb, before, before.next);
  }

  /** Puts `skb` in front of `after`, which is in this queue. */
  insertBefore(after: SkBuff, skb: SkBuff): void {
    this.#link(skb, after.prev, after);
  }

  /** Takes the first packet out; `undefined` where there is none. It is then the caller's. */
  shift(): SkBuff | undefined {
    const skb = this.first;
    if (skb !== undefined) this.remove(skb);
    return skb;
  }

  /** Takes a packet of this queue out of it. It is then the caller's. @throws RangeError if it is in none. */
  remove(skb: SkBuff): void {
    const { next, prev } = skb;
    // A packet without links is first, or the whole queue would be forgotten with it.
    if (prev === undefined && this.first !== skb) throw new RangeError('skb: not in this queue');
    if (prev === undefined) this.first = next;
    else prev.next = next;
    if (next === undefined) this.last = prev;
    else next.prev = prev;
    skb.next = undefined;
    skb.prev = undefined;
    this.qlen--;
  }

  /** Frees every packet. */
  purge(): void {
    for (let skb = this.shift(); skb !== undefined; skb = this.shift()) skb.free();
  }

  #link(skb: SkBuff, prev: SkBuff | undefined, next: SkBuff | undefined): void {
    skb.prev = prev;
    skb.next = next;
    if (prev === undefined) this.first = skb;
    else prev.next = skb;
    if (next === undefined) this.last = skb;
    else next.prev = skb;
    this.qlen++;
  }
}

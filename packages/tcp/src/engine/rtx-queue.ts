/**
 * The retransmit queue: sent and not acknowledged, in order of sequence numbers, and an index into it. A SACK block may begin anywhere;
 * in a window of 10,000 segments it is found in fourteen steps instead of ten thousand (Linux has a red-black tree).
 *
 * The index is an array of the packets in order. Appending and taking the first, which is nearly all that happens, cost nothing to speak
 * of; what is cut out or put in elsewhere moves the pointers behind it, which a processor does at 10 GB/s.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { seqOf } from './cb.ts';

/** Entries in front of the first packet that may be left unused. */
const SLACK = 1024;

/** Packets in order of their first sequence number, found by any number. */
export class RtxQueue extends SkbQueue {
  #order: (SkBuff | undefined)[] = [];
  /** Index of {@link first}. */
  #head = 0;

  override push(skb: SkBuff): void {
    super.push(skb);
    this.#order.push(skb);
  }

  override unshift(skb: SkBuff): void {
    super.unshift(skb);
    this.#order.splice(this.#head, 0, skb);
  }

  override insertAfter(before: SkBuff, skb: SkBuff): void {
    const at = this.#indexOf(before) + 1;
    super.insertAfter(before, skb);
    this.#order.splice(at, 0, skb);
  }

  override insertBefore(after: SkBuff, skb: SkBuff): void {
    const at = this.#indexOf(after);
    super.insertBefore(after, skb);
    this.#order.splice(at, 0, skb);
  }

  override remove(skb: SkBuff): void {
    if (skb === this.first) this.#dropFirst();
    else this.#order.splice(this.#indexOf(skb), 1);
    super.remove(skb);
  }

  /** The packet that holds `seq`, or the last one that begins before it; the first one where none does. */
  find(seq: number): SkBuff | undefined {
    return this.#order[Math.max(this.#search(seq), this.#head)];
  }

  /** Index of the last packet that does not begin behind `seq`; one below {@link #head} where there is none. */
  #search(seq: number): number {
    let low = this.#head;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((seqOf(this.#order[middle] as SkBuff) - seq) | 0) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** @throws RangeError if it is in no place of this queue. */
  #indexOf(skb: SkBuff): number {
    const at = this.#search(seqOf(skb));
    if (this.#order[at] === skb) return at;
    const linear = this.#order.indexOf(skb, this.#head); // another one begins at the same number
    if (linear < 0) throw new RangeError('skb: not in this queue');
    return linear;
  }

  #dropFirst(): void {
    this.#order[this.#head++] = undefined;
    if (this.#head === this.#order.length) {
      this.#order.length = 0;
      this.#head = 0;
    } else if (this.#head > SLACK && this.#head * 2 > this.#order.length) {
      this.#order.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

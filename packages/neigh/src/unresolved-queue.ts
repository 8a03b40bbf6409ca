/**
 * What waits for a neighbour to resolve (Linux `arp_queue`): packets linked through their own `next`, bounded by truesize.
 * @module
 */
import type { QueuedSkb } from './ports.ts';

/** A first-in first-out queue that owns its packets. */
export class UnresolvedQueue<S extends QueuedSkb> {
  /** The oldest. */
  first: S | undefined = undefined;
  /** The youngest. */
  last: S | undefined = undefined;
  /** Truesize of all, bytes. */
  bytes = 0;

  /** Appends a packet, taking it over. */
  push(skb: S): void {
    skb.next = undefined;
    if (this.last === undefined) this.first = skb;
    else this.last.next = skb;
    this.last = skb;
    this.bytes += skb.truesize;
  }

  /** Takes the oldest out; it is then the caller's. */
  shift(): S | undefined {
    const skb = this.first;
    if (skb === undefined) return undefined;
    this.first = skb.next;
    if (this.first === undefined) this.last = undefined;
    skb.next = undefined;
    this.bytes -= skb.truesize;
    return skb;
  }

  /** Takes all out, as a chain through `next` that begins with the oldest. */
  take(): S | undefined {
    const { first } = this;
    this.first = undefined;
    this.last = undefined;
    this.bytes = 0;
    return first;
  }
}

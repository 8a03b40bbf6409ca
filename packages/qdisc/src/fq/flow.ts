/**
 * One flow of `fq`, and the lists that flows stand in.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { timeOf } from '../packet.ts';

/** Where a flow is. */
export const IDLE = 0;
/** In the list of flows that just got something to send. */
export const NEW = 1;
/** In the list of those that had their turn. */
export const OLD = 2;
/** Waiting for its time. */
export const THROTTLED = 3;

/** A flow: the packets of one socket, or of one hash. */
export class Flow {
  /** What it is found by: its socket, or a hash. */
  readonly key: object | number;
  /** Its packets in the order they are to leave. */
  readonly packets: SkbQueue = new SkbQueue();
  /** {@link IDLE}, {@link NEW}, {@link OLD} or {@link THROTTLED}. */
  state: number = IDLE;
  /** Bytes it may send before its turn is over. */
  credit: number;
  /** The band it stands in while it is not idle. */
  band = 0;
  /** Before when its next packet may not leave, µs; 0 = at any time. */
  timeNext = 0;
  /** And how many ns beyond. */
  timeNextNs = 0;
  /** Since when it is idle, µs. */
  idleSince = 0;
  /** Neighbours in the list it stands in. */
  next: Flow | undefined = undefined;
  prev: Flow | undefined = undefined;

  constructor(key: object | number, credit: number) {
    this.key = key;
    this.credit = credit;
  }

  /** Puts a packet in its place by time; packets of the same time keep their order. Most come in order already. */
  add(skb: SkBuff, time: number): void {
    let before = this.packets.last;
    while (before !== undefined && timeOf(before) > time) before = before.prev;
    if (before === undefined) this.packets.unshift(skb);
    else if (before === this.packets.last) this.packets.push(skb);
    else this.packets.insertAfter(before, skb);
  }
}

/** A list of flows. */
export class FlowList {
  first: Flow | undefined = undefined;
  last: Flow | undefined = undefined;

  /** Appends a flow. */
  push(flow: Flow): void {
    flow.prev = this.last;
    flow.next = undefined;
    if (this.last === undefined) this.first = flow;
    else this.last.next = flow;
    this.last = flow;
  }

  /** Takes a flow of this list out of it. */
  remove(flow: Flow): void {
    const { next, prev } = flow;
    if (prev === undefined) this.first = next;
    else prev.next = next;
    if (next === undefined) this.last = prev;
    else next.prev = prev;
    flow.next = undefined;
    flow.prev = undefined;
  }
}

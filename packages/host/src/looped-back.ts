/**
 * Packets that a host sends to itself as well: broadcasts and multicasts with a member here.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Softirq } from './kernel.ts';

/** Packets of ours that come back to us, at the next exit (Linux `dev_loopback_xmit`). */
export class LoopedBack implements Softirq {
  raised = false;
  readonly #receive: (now: number, skb: SkBuff) => void;
  #packets: SkBuff[] = [];

  /** `receive` takes each of them over. */
  constructor(receive: (now: number, skb: SkBuff) => void) {
    this.#receive = receive;
  }

  add(skb: SkBuff): void {
    this.#packets.push(skb);
  }

  run(now: number): void {
    const packets = this.#packets;
    this.#packets = [];
    for (const skb of packets) this.#receive(now, skb);
  }
}

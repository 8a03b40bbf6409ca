/**
 * The receiving half of a device without rings of its own: packets wait in memory for a poll.
 * @module
 */
import { SkbQueue } from '../queue.ts';
import type { SkBuff } from '../skbuff.ts';
import { deliver, type Receiver } from './deliver.ts';

/** Packets that arrived and wait for a poll: Linux's per-CPU backlog, one for each device. */
export class Backlog {
  readonly #device: Receiver;
  readonly #interrupt: () => boolean;
  readonly #queue: SkbQueue = new SkbQueue();
  /** The host knows that there is something to poll. */
  #scheduled = false;
  #polling = false;

  /** @param interrupt Tells the host; false if there is nobody to tell. */
  constructor(device: Receiver, interrupt: () => boolean) {
    this.#device = device;
    this.#interrupt = interrupt;
  }

  /** Packets waiting. */
  get length(): number {
    return this.#queue.qlen;
  }

  /** Queues a packet, taking it over, and interrupts unless the host knows. */
  push(skb: SkBuff): void {
    this.#queue.push(skb);
    this.raise();
  }

  /** Interrupts unless the host knows: packets wait, or the device has something else to do in its poll. */
  raise(): void {
    if (!this.#scheduled) this.#scheduled = this.#interrupt();
  }

  /** Delivers up to `budget` packets; below it, the next one interrupts again. */
  poll(budget: number): number {
    if (this.#polling) return 0;
    this.#polling = true;
    let done = 0;
    try {
      while (done < budget) {
        const skb = this.#queue.shift();
        if (skb === undefined) break;
        done++;
        deliver(this.#device, skb);
      }
    } catch (error) {
      // A receiver threw: what is left comes with the next interrupt.
      this.#scheduled = false;
      this.#polling = false;
      if (this.#queue.qlen > 0) this.raise();
      throw error;
    }
    this.#polling = false;
    if (done < budget) this.#scheduled = false;
    return done;
  }

  /** Drops what waits. */
  purge(): void {
    this.#queue.purge();
    this.#scheduled = false;
  }
}

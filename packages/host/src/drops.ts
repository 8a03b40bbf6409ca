/**
 * Where dropped packets are counted: by reason, under Linux's names.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Kernel } from './kernel.ts';
import type { Tracepoint } from './trace.ts';

/** Takes a dropped packet over. */
export type Drop = (skb: SkBuff, reason: string) => void;

/** Counters of dropped packets of one host. */
export class Drops {
  /** Packets by reason: Linux's `enum skb_drop_reason` without its prefix. */
  readonly counts: Map<string, number> = new Map();
  readonly #kernel: Kernel;
  readonly #point: Tracepoint<'skb:kfree_skb'>;

  constructor(kernel: Kernel, point: Tracepoint<'skb:kfree_skb'>) {
    this.#kernel = kernel;
    this.#point = point;
  }

  /** What one part of the stack, such as `tcp`, calls with what it drops. */
  port(location: string): Drop {
    return (skb, reason) => this.drop(skb, reason, location);
  }

  /** Counts, traces and frees a packet. */
  drop(skb: SkBuff, reason: string, location: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    if (this.#point.enabled) {
      this.#point.emit({ skb, protocol: skb.protocol, location, reason }, this.#kernel.now());
    }
    skb.free();
  }
}

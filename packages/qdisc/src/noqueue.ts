/**
 * `noqueue`: packets go straight to the device. What loopback and veth have.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { BaseQdisc } from './qdisc.ts';

/** No queue at all: what the device does not take at once is dropped. */
export class Noqueue extends BaseQdisc {
  override readonly kind = 'noqueue';
  override readonly bypass = 'always';

  /** A transmit queue never calls it; whoever does loses the packet. */
  override enqueue(_now: number, skb: SkBuff): number {
    return this.refuse(skb, 'QDISC_DROP');
  }

  override dequeue(_now: number): SkBuff | undefined {
    return undefined;
  }

  override reset(): void {}

  protected override describe(): string {
    return '';
  }
}

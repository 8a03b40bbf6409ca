/**
 * `pfifo_fast`: three bands by priority, and a band is served when those before it are empty. The default of a device.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { measure } from './packet.ts';
import { OK, type QdiscPorts } from './ports.ts';
import { PRIOMAP } from './priority.ts';
import { BaseQdisc } from './qdisc.ts';

/** The default discipline. It has no options: each band holds `txQueueLen` packets. */
export class PfifoFast extends BaseQdisc {
  override readonly kind = 'pfifo_fast';
  override readonly bypass = 'empty';
  readonly #bands: readonly SkbQueue[] = [new SkbQueue(), new SkbQueue(), new SkbQueue()];
  readonly #limit: number;

  constructor(ports: QdiscPorts) {
    super(ports);
    this.#limit = Math.max(1, ports.txQueueLen ?? 1000);
  }

  override enqueue(_now: number, skb: SkBuff): number {
    const band = this.#bands[PRIOMAP[skb.priority & 15] as number] as SkbQueue;
    measure(skb);
    if (band.qlen >= this.#limit) return this.refuse(skb, 'QDISC_OVERLIMIT');
    this.entered(skb);
    band.push(skb);
    return OK;
  }

  override dequeue(_now: number): SkBuff | undefined {
    for (let i = 0; i < 3; i++) {
      const skb = (this.#bands[i] as SkbQueue).shift();
      if (skb !== undefined) return this.left(skb);
    }
    return undefined;
  }

  override reset(): void {
    for (const band of this.#bands) {
      for (let skb = band.shift(); skb !== undefined; skb = band.shift()) this.purge(skb);
    }
  }

  protected override describe(): string {
    return `bands 3 priomap ${PRIOMAP.join(' ')}`;
  }
}

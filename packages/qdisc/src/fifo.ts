/**
 * First in, first out: `pfifo` counts packets, `bfifo` bytes.
 * @module
 */
import { type SkBuff, SkbQueue } from '@stack/skbuff';
import { size } from './format.ts';
import { known, U32, whole } from './options.ts';
import { measure, pktLen } from './packet.ts';
import { OK, type QdiscPorts } from './ports.ts';
import { BaseQdisc } from './qdisc.ts';

/** Options of {@link Pfifo} and {@link Bfifo}. */
export interface FifoOptions {
  /** Packets (pfifo; default `txQueueLen`) or bytes (bfifo; default `txQueueLen` frames of the longest kind) it holds, u32. */
  limit?: number;
}

abstract class Fifo extends BaseQdisc {
  override readonly bypass: 'never' | 'empty';
  readonly #queue: SkbQueue = new SkbQueue();
  #limit: number;

  constructor(kind: string, ports: QdiscPorts, options: FifoOptions, limit: number, least: number) {
    super(ports);
    this.#limit = check(kind, options, limit);
    this.bypass = this.#limit >= least ? 'empty' : 'never';
  }

  /** What it holds at most. */
  get limit(): number {
    return this.#limit;
  }

  /** Changes options; what is in the queue stays. @throws RangeError, and nothing changed, for one out of its range. */
  change(_now: number, options: FifoOptions): void {
    this.#limit = check(this.kind, options, this.#limit);
  }

  abstract override readonly kind: string;

  /** Whether there is room for this packet. @internal */
  protected abstract fits(skb: SkBuff): boolean;

  override enqueue(_now: number, skb: SkBuff): number {
    measure(skb);
    if (!this.fits(skb)) return this.refuse(skb, 'QDISC_DROP');
    this.entered(skb);
    this.#queue.push(skb);
    return OK;
  }

  override dequeue(_now: number): SkBuff | undefined {
    const skb = this.#queue.shift();
    return skb === undefined ? undefined : this.left(skb);
  }

  override reset(): void {
    for (let skb = this.#queue.shift(); skb !== undefined; skb = this.#queue.shift()) this.purge(skb);
  }
}

/** `pfifo`: holds up to `limit` packets. */
export class Pfifo extends Fifo {
  override readonly kind = 'pfifo';

  /** @throws RangeError for an option out of its range. */
  constructor(ports: QdiscPorts, options: FifoOptions = {}) {
    super('pfifo', ports, options, ports.txQueueLen ?? 1000, 1);
  }

  protected override fits(_skb: SkBuff): boolean {
    return this.stats.qlen < this.limit;
  }

  protected override describe(): string {
    return `limit ${this.limit}p`;
  }
}

/** `bfifo`: holds up to `limit` bytes. */
export class Bfifo extends Fifo {
  override readonly kind = 'bfifo';

  /** @throws RangeError for an option out of its range. */
  constructor(ports: QdiscPorts, options: FifoOptions = {}) {
    const frame = ports.mtu ?? 1514;
    super('bfifo', ports, options, Math.min(U32, (ports.txQueueLen ?? 1000) * frame), frame);
  }

  protected override fits(skb: SkBuff): boolean {
    return this.stats.backlog + pktLen(skb) <= this.limit;
  }

  protected override describe(): string {
    return `limit ${size(this.limit)}`;
  }
}

function check(kind: string, options: FifoOptions, otherwise: number): number {
  known(kind, options, ['limit']);
  return whole(kind, 'limit', options.limit ?? otherwise, 0, U32);
}

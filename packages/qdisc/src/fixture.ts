/**
 * What the tests of this package share: packets with a number in them, a host that takes what is dropped, a clock.
 * @module
 */
import { Pool, SKB_GSO_TCPV4, type SkBuff, segment } from '@stack/skbuff';
import { expect } from 'vitest';
import type { QdiscPorts, Timer, Timers } from './ports.ts';
import type { Qdisc } from './qdisc.ts';

export interface Bench {
  pool: Pool;
  ports: QdiscPorts;
  /** What was dropped: number and reason of each packet. */
  drops: [number, string][];
  /** Packet `id` of `length` bytes. */
  packet(id: number, length?: number, fields?: Partial<SkBuff>): SkBuff;
  /** Takes packets until there are none now; their numbers. */
  drain(now: number, qdisc: Qdisc): number[];
  /** Expects that nothing is left. */
  rest(): void;
}

/** A poisoned pool and ports that record. */
export function bench(more: Partial<QdiscPorts> = {}): Bench {
  const pool = new Pool({ poison: true, chunkSize: 65_536 });
  const drops: [number, string][] = [];
  const ports: QdiscPorts = {
    drop(skb, reason) {
      drops.push([idOf(skb), reason]);
      skb.free();
    },
    ...more,
  };
  return {
    pool,
    ports,
    drops,
    packet(id, length = 100, fields = {}) {
      const skb = pool.alloc(length, 16) as SkBuff;
      skb.put(length);
      skb.bytes.fill(0, skb.data, skb.tail);
      skb.view.setUint32(skb.data, id);
      skb.cb.fill(-1); // what the layers above left
      Object.assign(skb, fields);
      return skb;
    },
    drain(now, qdisc) {
      const ids: number[] = [];
      for (let skb = qdisc.dequeue(now); skb !== undefined; skb = qdisc.dequeue(now)) {
        ids.push(idOf(skb));
        skb.free();
      }
      return ids;
    },
    rest() {
      expect({ inUse: pool.stats.inUse, skbs: pool.stats.skbs }).toEqual({ inUse: 0, skbs: 0 });
    },
  };
}

/** The number in a packet. */
export function idOf(skb: SkBuff): number {
  return skb.len >= 4 && skb.headlen >= 4 ? skb.view.getUint32(skb.data) : -1;
}

/** Bytes of headers of {@link superPacket}. */
export const HEADERS = 54;

/** A TCP super-packet `id` of `segments` segments of `mss` bytes, the last one `short` bytes shorter. */
export function superPacket(b: Bench, id: number, segments: number, mss: number, short = 0): SkBuff {
  const skb = b.packet(id, HEADERS + segments * mss - short, {
    gsoSize: mss,
    gsoSegs: segments,
    gsoType: SKB_GSO_TCPV4,
  });
  skb.networkHeader = skb.data + 14;
  skb.transportHeader = skb.data + 34;
  skb.view.setUint8(skb.transportHeader + 12, 0x50);
  return skb;
}

/** Cuts {@link superPacket}; segments have the number of the whole. */
export function cutTest(skb: SkBuff): SkBuff[] | undefined {
  return segment(skb, HEADERS, () => {});
}

/** Timers over a time that the test sets. */
export class TestTimers implements Timers {
  now = 0;
  readonly #armed: Set<TestTimer> = new Set();

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    return new TestTimer(this.#armed, () => fire(this.now, argument));
  }

  /** The next moment something fires. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { expires } of this.#armed) if (next === undefined || expires < next) next = expires;
    return next;
  }

  /** Fires what is due until `time`. */
  advance(time: number): void {
    for (let next = this.next; next !== undefined && next <= time; next = this.next) {
      this.now = Math.max(this.now, next);
      for (const timer of [...this.#armed]) if (timer.expires <= this.now) timer.fire();
    }
    this.now = time;
  }
}

class TestTimer implements Timer {
  expires = 0;
  readonly #armed: Set<TestTimer>;
  readonly #fire: () => void;

  constructor(armed: Set<TestTimer>, fire: () => void) {
    this.#armed = armed;
    this.#fire = fire;
  }

  get pending(): boolean {
    return this.#armed.has(this);
  }

  mod(expires: number): void {
    this.expires = expires;
    this.#armed.add(this);
  }

  del(): boolean {
    return this.#armed.delete(this);
  }

  fire(): void {
    this.#armed.delete(this);
    this.#fire();
  }
}

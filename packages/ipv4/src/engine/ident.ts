/**
 * The Identification of packets that may be fragmented: RFC 6864 §4.3 wants it unique per source, destination and protocol while a
 * packet may live, and RFC 7739 §5.3 wants nobody to learn from it how much we send. So, as in Linux: counters chosen by a keyed hash
 * of those three, and after a pause a step of random size.
 * @module
 */
import { mix } from './multipath.ts';

/** Counters; a power of two. */
const BUCKETS = 2048;
/** What counts as one tick of a pause, µs. */
const TICK = 1000;

/** The counters of one host. */
export class Idents {
  readonly #ids = new Uint16Array(BUCKETS);
  /** When each was last used, in ticks. */
  readonly #stamps = new Float64Array(BUCKETS);
  readonly #random: () => number;
  readonly #key1: number;
  readonly #key2: number;

  constructor(random: () => number) {
    this.#random = random;
    this.#key1 = random() | 0;
    this.#key2 = random() | 0;
    for (let i = 0; i < BUCKETS; i++) this.#ids[i] = random();
  }

  /** The first of `count` consecutive identifications, u16. */
  reserve(now: number, daddr: number, saddr: number, protocol: number, count: number): number {
    const hash = mix(mix(mix(this.#key1, daddr), saddr), protocol ^ this.#key2);
    const bucket = (hash ^ (hash >>> 16)) & (BUCKETS - 1);
    const ticks = Math.floor(now / TICK);
    const pause = ticks - (this.#stamps[bucket] as number);
    let step = 0;
    if (pause > 0) {
      this.#stamps[bucket] = ticks;
      step = this.#random() % Math.min(pause, 0x1_0000);
    }
    const first = ((this.#ids[bucket] as number) + step) & 0xffff;
    this.#ids[bucket] = first + count;
    return first;
  }
}

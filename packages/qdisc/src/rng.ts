/**
 * Seeded randomness, exact on every engine: 32-bit integer operations and nothing else.
 * @module
 */

/** Rounds after seeding until every bit of the state depends on every bit of the seed. */
const WARM_UP = 15;
const TWO_16 = 0x1_0000;
const TWO_32 = 0x1_0000_0000;

/** Gives u32 values. */
export type Random = () => number;

/**
 * A generator: sfc32, the small fast counting generator. The same seed and stream give the same values everywhere; streams of one seed
 * are independent of each other. Not for secrets.
 *
 * @param seed Any integer; its low 32 bits count.
 * @param stream Which of the seed's generators, u32.
 */
export function rng(seed: number, stream: number): Random {
  let a = seed | 0;
  let b = stream | 0;
  let c = 0x9e37_79b9 | 0;
  let counter = 1;
  const next = (): number => {
    const value = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + value) | 0;
    return value >>> 0;
  };
  for (let i = 0; i < WARM_UP; i++) next();
  return next;
}

/** A probability as a threshold: `random() < threshold(p)` holds with probability `p`, always for 1, never for 0. */
export function threshold(p: number): number {
  return Math.floor(p * TWO_32);
}

/** `floor(a * b / 2^32)`, exactly; `a` an integer within ±2^32, `b` within 0..2^32. */
export function mulHigh(a: number, b: number): number {
  const high = Math.floor(b / TWO_16);
  const low = b - high * TWO_16;
  return Math.floor((a * high + Math.floor((a * low) / TWO_16)) / TWO_16);
}

/** Values that take after the one before: what netem calls correlation. */
export class Correlated {
  readonly #random: Random;
  /** Weight of the value before, 0..2^32. */
  #rho = 0;
  #last: number;

  constructor(random: Random) {
    this.#random = random;
    this.#last = random();
  }

  /** How much of each value is the one before it, 0..1. */
  set correlation(rho: number) {
    this.#rho = threshold(rho);
  }

  /** The next value, u32. */
  next(): number {
    const value = this.#random();
    if (this.#rho === 0) return value;
    this.#last = value + mulHigh(this.#last - value, this.#rho);
    return this.#last;
  }
}

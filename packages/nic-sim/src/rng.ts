/**
 * Seeded randomness, exact on every engine: 32-bit integer operations and nothing else.
 * @module
 */

/** Rounds after seeding until every bit of the state depends on every bit of the seed. */
const WARM_UP = 15;

/**
 * A generator of u32 values: the small fast counting generator (sfc32: 96 bits of state and a 32-bit counter, so its
 * period is at least 2^32). The same seed and stream give the same values everywhere; streams of one seed are independent of each
 * other. Not for secrets.
 *
 * @param seed Any integer; its low 32 bits count.
 * @param stream Which of the seed's generators, u32.
 */
export function rng(seed: number, stream = 0): () => number {
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

/**
 * A probability as a threshold: true with probability `p` when `random() < threshold(p)`. Exact: a scaling by 2^32.
 * @param what Whose it is, for the error. @throws RangeError if `p` is not within 0..1.
 */
export function threshold(p: number, what = 'rng:'): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${what} ${p} is not a probability`);
  return Math.floor(p * 0x1_0000_0000);
}

/** A value in 0..`n` - 1 from a u32; `n` up to 2^21. */
export function below(random: number, n: number): number {
  return Math.floor((random * n) / 0x1_0000_0000);
}

/**
 * The one source of chance: everything a run does follows from its seed.
 * @module
 */

/** Uniform numbers from a 32-bit seed: a Weyl sequence through a bit mixer. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A u32. */
  word(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** 0..below - 1; `below` is 1 or more. */
  below(below: number): number {
    return this.word() % below;
  }
}

/** A 32-bit hash of bytes: what a trial needs of chance it takes from its input, so that the input alone replays it. */
export function hashOf(bytes: Uint8Array): number {
  let h = bytes.length;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x0100_0193);
  h = Math.imul(h ^ (h >>> 16), 0x21f0_aaad);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * A small seeded generator, so that every run measures the same bytes.
 * @module
 */

/** Uniform u32 values from a 32-bit seed: a Weyl sequence through a bit mixer. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

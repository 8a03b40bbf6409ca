import { describe, expect, it } from 'vitest';
import { below, rng, threshold } from './rng.ts';

function take(random: () => number, n: number): number[] {
  return Array.from({ length: n }, random);
}

describe('rng', () => {
  it('gives the same values for the same seed, and pins them for ever', () => {
    expect(take(rng(1), 8)).toEqual(take(rng(1), 8));
    expect(take(rng(1), 4)).toMatchInlineSnapshot(`
      [
        2308299391,
        1950625580,
        354034397,
        661219729,
      ]
    `);
  });

  it('differs by seed and by stream', () => {
    expect(take(rng(1), 8)).not.toEqual(take(rng(2), 8));
    expect(take(rng(1, 1), 8)).not.toEqual(take(rng(1, 2), 8));
    expect(take(rng(1, 2), 8)).not.toEqual(take(rng(2, 1), 8));
  });

  it('spreads over all 32 bits', () => {
    const counts = new Array<number>(32).fill(0);
    for (const value of take(rng(7), 4096)) {
      expect(value >>> 0).toBe(value);
      for (let bit = 0; bit < 32; bit++) if ((value >>> bit) & 1) counts[bit] = (counts[bit] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2048)).toBeLessThan(200);
  });
});

describe('threshold', () => {
  it('is never at 0 and always at 1', () => {
    expect(threshold(0)).toBe(0);
    expect(0xffff_ffff).toBeLessThan(threshold(1));
    expect(threshold(0.5)).toBe(0x8000_0000);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses %s', (p) => {
    expect(() => threshold(p)).toThrow(RangeError);
  });
});

describe('below', () => {
  it('covers 0..n-1', () => {
    expect(below(0, 10)).toBe(0);
    expect(below(0xffff_ffff, 10)).toBe(9);
    expect(below(0x8000_0000, 10)).toBe(5);
  });
});

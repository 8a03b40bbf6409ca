import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, before, between, seqAdd, seqAddInt, seqDiff } from './seq.ts';
import { seq } from './testing.ts';

const SPACE = 0x1_0000_0000n;

/** How far up from `b` one comes to `a`, 0..2^32-1. */
const up = (a: number, b: number) => (((BigInt(a) - BigInt(b)) % SPACE) + SPACE) % SPACE;

/** A sequence number as a header has it, and as an engine keeps it. */
const forms = () => fc.tuple(seq(), fc.boolean()).map(([value, signed]) => (signed ? value | 0 : value));

describe('sequence numbers', () => {
  it.each([
    [0, 1, true],
    [1, 0, false],
    [5, 5, false],
    [0xffff_ffff, 0, true],
    [0, 0xffff_ffff, false],
    [0x7fff_ffff, 0x8000_0000, true],
    [0, 0x7fff_ffff, true],
    [0, 0x8000_0001, false],
  ])('before(%d, %d) is %s', (a, b, expected) => {
    expect(before(a, b)).toBe(expected);
    expect(after(b, a)).toBe(expected);
    expect(before(a | 0, b | 0)).toBe(expected);
  });

  it('half the space apart, each is before the other', () => {
    expect([before(0, 0x8000_0000), before(0x8000_0000, 0)]).toEqual([true, true]);
    expect([after(0, 0x8000_0000), after(0x8000_0000, 0)]).toEqual([true, true]);
  });

  it('compare as RFC 9293 §3.4 has it, modulo 2^32, u32 and int32 alike', () => {
    const property = fc.property(forms(), forms(), (a, b) => {
      expect(before(a, b)).toBe(up(a, b) >= SPACE / 2n);
      expect(after(a, b)).toBe(up(b, a) >= SPACE / 2n);
    });
    fc.assert(property);
  });

  it('lie between two others as one walks up from the lower', () => {
    const property = fc.property(forms(), forms(), forms(), (value, low, high) => {
      expect(between(value, low, high)).toBe(up(value, low) <= up(high, low));
      expect(between(low, low, high)).toBe(true);
      expect(between(high, low, high)).toBe(true);
    });
    fc.assert(property);
  });

  it('move by a distance and back, over the wrap', () => {
    const distance = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const property = fc.property(forms(), distance, (start, n) => {
      const moved = seqAdd(start, n);
      expect(seqAddInt(start, n) >>> 0).toBe(moved);
      expect(seqAddInt(start, n)).toBe(moved | 0);
      expect(BigInt(moved)).toBe(up(start + n, 0));
      expect(seqDiff(moved, start)).toBe(n);
    });
    fc.assert(property);
  });
});

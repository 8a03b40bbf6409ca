import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp } from './testing.ts';
import { fromTicks, ticksPerSecond, toTicks } from './time.ts';

describe('timestamps', () => {
  it.each([
    [0, 1n],
    [6, 1_000_000n],
    [9, 1_000_000_000n],
    [0x80, 1n],
    [0x8a, 1024n],
    [0xff, 2n ** 127n],
  ])('if_tsresol %i', (resolution, rate) => {
    expect(ticksPerSecond(resolution)).toBe(rate);
  });

  it.each([
    ['microseconds', 1, 0, 6, 0, 4294, 967_296_000],
    ['nanoseconds', 0x1000_0000, 5, 9, 0, 1_152_921_504, 606_846_981],
    ['picoseconds are cut', 0, 1_999, 12, 0, 0, 1],
    ['1024 a second', 0, 1025, 0x8a, 0, 1, 976_562],
    ['offset', 0, 3, 0, -5, -2, 0],
  ])('%s', (_, high, low, resolution, offset, seconds, nanoseconds) => {
    expect(fromTicks(high, low, ticksPerSecond(resolution), offset)).toEqual({ seconds, nanoseconds });
  });

  it('come back to the nanosecond from every resolution that can tell it', () => {
    const fine = fc.constantFrom(9, 0x80 | 30, 0x80 | 31);
    fc.assert(
      fc.property(timestamp(), fine, fc.integer({ min: -1000, max: 0 }), (time, resolution, offset) => {
        const [high, low] = toTicks(time, resolution, offset);
        expect(fromTicks(high, low, ticksPerSecond(resolution), offset)).toEqual(time);
      }),
    );
  });

  it('come back to the tick from every coarser resolution', () => {
    const coarse = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0x80, max: 0x80 | 29 }));
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), u32, coarse, (high, low, resolution) => {
        const time = fromTicks(high, low, ticksPerSecond(resolution), 0);
        expect(toTicks(time, resolution, 0)).toEqual([high, low]);
      }),
    );
  });
});

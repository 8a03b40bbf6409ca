import { describe, expect, it } from 'vitest';
import { sneOf } from './ao-info.ts';

describe('sneOf', () => {
  it.each([
    ['ahead', 5, 100, 200, 5],
    ['the same', 5, 100, 100, 5],
    ['behind', 5, 200, 100, 5],
    ['ahead, over the wrap', 5, -100, 100, 6],
    ['behind, over the wrap', 5, 100, -100, 4],
    ['over the sign', 5, 0x7fff_fff0, -0x7fff_fff0, 5],
    ['nearly half of the space ahead', 5, -1, 0x7fff_fffe, 6],
    ['half of it behind', 5, 0, -0x8000_0000, 4],
    ['the last extension', -1, -100, 100, 0],
    ['the first', 0, 100, -100, -1],
  ])('%s', (_, sne, basis, seq, expected) => {
    expect(sneOf(sne, basis, seq)).toBe(expected);
  });
});

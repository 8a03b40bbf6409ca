import { describe, expect, it } from 'vitest';
import { bytesOf, hex, toHex } from './hex.ts';

describe('hex', () => {
  it('reads pairs of digits and ignores white space', () => {
    expect(hex`0800 45 0
      0 fF`).toEqual(Uint8Array.of(0x08, 0x00, 0x45, 0x00, 0xff));
    expect(hex('')).toEqual(new Uint8Array(0));
  });

  it('takes text and bytes as values', () => {
    expect(hex`00 ${'0102'} ${Uint8Array.of(3, 4)} 05`).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5));
  });

  it.each(['0', 'zz', '0x45', '4-5'])('refuses %j', (text) => {
    expect(() => hex(text)).toThrow(RangeError);
  });

  it('is undone by toHex', () => {
    expect(toHex(hex('00a5ff'))).toBe('00a5ff');
  });
});

describe('bytesOf', () => {
  it('reads text and passes bytes', () => {
    const bytes = Uint8Array.of(1);
    expect(bytesOf('01')).toEqual(bytes);
    expect(bytesOf(bytes)).toBe(bytes);
  });
});

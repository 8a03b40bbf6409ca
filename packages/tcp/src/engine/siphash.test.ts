import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SipHash } from './siphash.ts';

/** Key 00 01 … 0f, as in the paper's appendix A. */
const KEY = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c] as const;

/** Bytes as words, little-endian, zeros behind them. */
function wordsOf(bytes: readonly number[]): Int32Array {
  const words = new Int32Array((bytes.length >> 2) + 1);
  bytes.forEach((byte, i) => {
    words[i >> 2] = words[i >> 2]! | (byte << ((i & 3) * 8));
  });
  return words;
}

function hex(hash: SipHash, low: number): string {
  return [hash.high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** SipHash-2-4 as the paper writes it, in 64-bit arithmetic. */
function naive(key: readonly number[], bytes: readonly number[]): bigint {
  const MASK = (1n << 64n) - 1n;
  const word = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK;
  const k0 = word(key[0]!, key[1]!);
  const k1 = word(key[2]!, key[3]!);
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = [...bytes];
  while (padded.length % 8 !== 7) padded.push(0);
  padded.push(bytes.length & 255);
  for (let i = 0; i < padded.length; i += 8) {
    let m = 0n;
    for (let j = 7; j >= 0; j--) m = (m << 8n) | BigInt(padded[i + j]!);
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

describe('SipHash', () => {
  // The authors' vectors.h (github.com/veorq/SipHash): the message is 00 01 … of that length. 15 is the paper's example.
  it.each([
    [0, '726fdb47dd0e0e31'],
    [1, '74f839c593dc67fd'],
    [2, '0d6c8009d9a94f5a'],
    [3, '85676696d7fb7e2d'],
    [4, 'cf2794e0277187b7'],
    [5, '18765564cd99a68d'],
    [6, 'cbc9466e58fee3ce'],
    [7, 'ab0200f58b01d137'],
    [8, '93f5f5799a932462'],
    [9, '9e0082df0ba9e4b0'],
    [10, '7a5dbbc594ddb9f3'],
    [11, 'f4b32f46226bada7'],
    [12, '751e8fbc860ee5fb'],
    [13, '14ea5627c0843d90'],
    [14, 'f723ca908e7af2ee'],
    [15, 'a129ca6149be45e5'],
    [16, '3f2acc7f57c29bdb'],
    [32, '7127512f72f27cce'],
  ])('of %i bytes', (length, expected) => {
    const hash = new SipHash(...KEY);
    const message = Array.from({ length }, (_, i) => i);
    expect(hex(hash, hash.hash(wordsOf(message), length))).toBe(expected);
  });

  it('of four words is that of their sixteen bytes', () => {
    const hash = new SipHash(...KEY);
    expect(hex(hash, hash.hash4(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c))).toBe('3f2acc7f57c29bdb');
  });

  it('agrees with 64-bit arithmetic for any key and message', () => {
    const words = fc.array(fc.integer(), { minLength: 4, maxLength: 4 });
    const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 });
    fc.assert(
      fc.property(words, bytes, (key, message) => {
        const hash = new SipHash(key[0]!, key[1]!, key[2]!, key[3]!);
        const low = hash.hash(wordsOf(message), message.length);
        expect(BigInt(`0x${hex(hash, low)}`)).toBe(naive(key, message));
        expect([low | 0, hash.high | 0]).toEqual([low, hash.high]);
        expect(hash.hash(wordsOf(message), message.length)).toBe(low); // nothing is left over from the first time
      }),
    );
  });
});

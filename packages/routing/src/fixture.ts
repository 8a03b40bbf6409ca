/** Address families for tests: a u32, and 128 bits in a bigint. */
import fc from 'fast-check';
import type { AddressOps } from './ports.ts';

/** A family and addresses that often share their beginnings. */
export interface Family<A> {
  readonly name: string;
  readonly ops: AddressOps<A>;
  readonly address: fc.Arbitrary<A>;
}

/** IPv4 as this stack has it. */
export const IPV4: AddressOps<number> = {
  width: 32,
  bits: (address, from, count) => (count === 0 ? 0 : (address << from) >>> (32 - count)),
  equal: (a, b) => a === b,
  mask: (address, length) => (length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0),
  format: (address) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.'),
};

/** 128 bits. */
export const WIDE: AddressOps<bigint> = {
  width: 128,
  bits: (address, from, count) =>
    Number((address >> BigInt(128 - from - count)) & ((1n << BigInt(count)) - 1n)),
  equal: (a, b) => a === b,
  mask: (address, length) => (address >> BigInt(128 - length)) << BigInt(128 - length),
  format: (address) => address.toString(16),
};

const word = fc
  .oneof(fc.nat(), fc.integer({ min: 0, max: 3 }), fc.constant(0xffff_ffff), fc.constant(0x0a00_0000))
  .map((value) => value >>> 0);

export const families: [Family<number>, Family<bigint>] = [
  { name: '32 bits', ops: IPV4, address: word },
  {
    name: '128 bits',
    ops: WIDE,
    address: fc
      .tuple(word, word, word, word)
      .map((words) => words.reduce((sum, one) => (sum << 32n) | BigInt(one), 0n)),
  },
];

/** `10.0.0.0` as a number. */
export function ip(text: string): number {
  return text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Numbers from a seed, u32 (xorshift32). */
export function generator(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Prefix lengths of the global IPv4 table in thousandths, roughly as they were in 2025; the rest are /24. */
const LENGTHS: readonly [length: number, thousandths: number][] = [
  [8, 1],
  [10, 1],
  [12, 1],
  [14, 2],
  [15, 2],
  [16, 14],
  [17, 8],
  [18, 14],
  [19, 25],
  [20, 46],
  [21, 54],
  [22, 120],
  [23, 100],
];

/**
 * Distinct prefixes that cluster as announced ones do: in runs of neighbours within the space of few networks.
 */
export function globalTable(count: number, random: () => number): { dst: number; length: number }[] {
  const seen = new Set<number>();
  const table: { dst: number; length: number }[] = [];
  let block = 0;
  let left = 0;
  while (table.length < count) {
    if (left-- === 0) {
      // A new network: somewhere in 1.0.0.0 to 223.255.255.255, a few to some hundred announcements nearby.
      block = (0x0100_0000 + (random() % 0xdf00_0000)) >>> 0;
      left = 1 << (random() % 9);
    }
    const length = drawLength(random() % 1000);
    const dst = IPV4.mask((block + (random() % 0x2_0000)) >>> 0, length);
    const key = dst * 64 + length;
    if (dst >= 0xe000_0000 || seen.has(key)) continue;
    seen.add(key);
    table.push({ dst, length });
  }
  return table;
}

function drawLength(draw: number): number {
  let below = 0;
  for (const [length, thousandths] of LENGTHS) {
    below += thousandths;
    if (draw < below) return length;
  }
  return 24;
}

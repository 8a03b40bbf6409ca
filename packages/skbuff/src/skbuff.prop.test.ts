import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csumPartial } from './checksum.ts';
import { CHECKSUM_COMPLETE, coalesce, MAX_SKB_FRAGS, Pool, type SkBuff, viewOf, wrapPage } from './index.ts';
import { build, type Shape, shape, shapeBytes } from './testing.ts';

/** A packet beside the plain array of bytes that it must equal. */
interface Pair {
  skb: SkBuff;
  model: number[];
}

/** What must throw, and then changes nothing: the laws are checked behind it. */
function refused(act: () => unknown): undefined {
  expect(act).toThrow(RangeError);
}

/** One step on a packet: a number chooses the place, as far as the packet has it. */
type Step = [name: keyof typeof STEPS, n: number, shape: Shape];

/** Each does one operation to packet and model alike; some add or remove a packet. */
const STEPS = {
  push: (pair, n) => {
    const { skb, model } = pair;
    if (skb.cloned) return refused(() => skb.push(n % 8));
    const size = n % (skb.headroom + 1);
    const at = skb.push(size);
    for (let i = 0; i < size; i++) skb.bytes[at + i] = i;
    model.unshift(...Array.from({ length: size }, (_, i) => i));
  },
  put: (pair, n) => {
    const { skb, model } = pair;
    if (skb.cloned) return;
    const added = Uint8Array.from({ length: n % (Math.min(skb.tailroom, 300) + 1) }, (_, i) => 255 - i);
    if (skb.dataLen > 0) return refused(() => skb.put(1));
    skb.putData(added);
    model.push(...added);
  },
  pull: ({ skb, model }, n) => {
    const size = n % (skb.headlen + 1);
    skb.pull(size);
    model.splice(0, size);
  },
  trim: ({ skb, model }, n) => {
    const len = n % (skb.len + 2);
    skb.trim(len);
    model.splice(len);
  },
  mayPull: ({ skb }, n) => {
    const size = n % (skb.len + 2);
    expect(skb.mayPull(size)).toBe(size <= skb.len);
    if (size <= skb.len) expect(skb.headlen).toBeGreaterThanOrEqual(size);
  },
  linearize: ({ skb }) => {
    expect(skb.linearize()).toBe(true);
    expect([skb.nrFrags, skb.dataLen]).toEqual([0, 0]);
  },
  cow: ({ skb }, n) => {
    expect(skb.cow(n % 200)).toBe(true);
    expect(skb.cloned).toBe(false);
    expect(skb.headroom).toBeGreaterThanOrEqual(n % 200);
  },
  expandHead: ({ skb }, n) => {
    const { headroom } = skb;
    expect(skb.expandHead(n % 100, n % 70)).toBe(true);
    expect(skb.headroom).toBe(headroom + (n % 100));
  },
  addFrag: ({ skb, model }, n) => {
    const page = wrapPage(Uint8Array.from([n & 255, 1, 2, 3, 4]));
    if (skb.nrFrags === MAX_SKB_FRAGS) return refused(() => skb.addFrag(page, 0, 1));
    skb.addFrag(page, n % 3, n % 3);
    model.push(...[n & 255, 1, 2, 3, 4].slice(n % 3, 2 * (n % 3)));
  },
  clone: ({ skb, model }) => ({ skb: skb.clone(), model: [...model] }),
  copy: ({ skb, model }, n) => {
    const copy = skb.copy(n % 50) as SkBuff;
    expect([copy.headroom, copy.dataLen]).toEqual([n % 50, 0]);
    return { skb: copy, model: [...model] };
  },
  split: ({ skb, model }, n) => {
    const rest = skb.split(n % (skb.len + 1)) as SkBuff;
    return { skb: rest, model: model.splice(skb.len) };
  },
  coalesce: ({ skb, model }, _n, other, pool) => {
    const from = build(pool, other);
    const fits = skb.nrFrags + (from.headlen > 0 ? 1 : 0) + from.nrFrags <= MAX_SKB_FRAGS;
    expect(coalesce(skb, from)).toBe(fits);
    if (fits) model.push(...shapeBytes(other));
    else from.free();
  },
} satisfies Record<string, (pair: Pair, n: number, other: Shape, pool: Pool) => Pair | undefined>;

/** The laws of STYLE: geometry in order, lengths that add up, the bytes of the model, a complete sum that is true. */
function holds({ skb, model }: Pair): void {
  expect(skb.head <= skb.data && skb.data <= skb.tail && skb.tail <= skb.end).toBe(true);
  expect(skb.len).toBe(skb.tail - skb.data + skb.dataLen);
  const frags = skb.frags.slice(0, skb.nrFrags);
  expect(frags.reduce((sum, { length }) => sum + length, 0)).toBe(skb.dataLen);
  expect([...skb.toBytes()]).toEqual(model);
  if (skb.ipSummed === CHECKSUM_COMPLETE) {
    // 0x0000 and 0xffff are the same number in one's complement.
    expect(skb.csum % 0xffff).toBe(csumPartial(viewOf(skb.toBytes()), 0, skb.len) % 0xffff);
  }
}

const steps = fc.array(
  fc.tuple(
    fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
    fc.nat(4000),
    shape({ maxRun: 20 }),
  ),
  { maxLength: 30 },
) as fc.Arbitrary<Step[]>;

describe('SkBuff against a model', () => {
  it('any operations in any order: same bytes, ordered geometry, true sums, nothing left over', () => {
    fc.assert(
      fc.property(shape(), steps, fc.boolean(), (start, sequence, complete) => {
        const pool = new Pool({ poison: true });
        const first = build(pool, start);
        if (complete) {
          first.csum = csumPartial(viewOf(first.toBytes()), 0, first.len);
          first.ipSummed = CHECKSUM_COMPLETE;
        }
        const pairs: Pair[] = [{ skb: first, model: [...shapeBytes(start)] }];
        for (const [name, n, other] of sequence) {
          const pair = pairs[n % pairs.length] as Pair;
          const step: (pair: Pair, n: number, other: Shape, pool: Pool) => Pair | undefined = STEPS[name];
          const more = step(pair, n, other, pool);
          if (more !== undefined) pairs.push(more);
          pairs.forEach(holds); // sharing: what one does, no other may see
        }
        for (const { skb } of pairs) skb.free();
        expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('copyBits gives any range', () => {
    fc.assert(
      fc.property(shape(), fc.nat(), fc.nat(), fc.nat(9), (start, a, b, at) => {
        const pool = new Pool();
        const skb = build(pool, start);
        const offset = a % (skb.len + 1);
        const length = b % (skb.len - offset + 1);
        const target = new Uint8Array(length + 20).fill(0xa5);
        skb.copyBits(offset, target, at, length);
        const expected = new Uint8Array(length + 20).fill(0xa5);
        expected.set(shapeBytes(start).subarray(offset, offset + length), at);
        expect(target).toEqual(expected);
      }),
    );
  });
});

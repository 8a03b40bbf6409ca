import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csumFold, csumPartial } from './checksum.ts';
import {
  alloc,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  checksumHelp,
  coalesce,
  MAX_SKB_FRAGS,
  Pool,
  SKB_GSO_TCPV4,
  type SkBuff,
  segment,
  viewOf,
  wrap,
  wrapPage,
} from './index.ts';
import { build, shape, shapeBytes } from './testing.ts';

describe('segment', () => {
  it('cuts any packet at gsoSize: headers copied, payload shared, nothing left over', () => {
    fc.assert(
      fc.property(
        shape({ maxFrags: 17 }),
        fc.integer({ min: 1, max: 200 }),
        fc.nat(60),
        (start, gsoSize, h) => {
          const pool = new Pool({ poison: true });
          const skb = build(pool, start);
          const hlen = Math.min(h, skb.len);
          const whole = shapeBytes(start);
          skb.gsoSize = gsoSize;
          const fixed: number[][] = [];
          const parts = segment(skb, hlen, (part, index, count, offset) => {
            fixed.push([index, count, offset]);
            if (hlen > 0) part.bytes[part.data] = index;
          }) as SkBuff[];
          const payload = parts.flatMap((part) => [...part.toBytes().subarray(hlen)]);
          expect(payload).toEqual([...whole.subarray(hlen)]);
          parts.forEach((part, index) => {
            expect(part.len - hlen).toBeLessThanOrEqual(gsoSize);
            expect(part.gsoSize).toBe(0);
            if (hlen > 0)
              expect([...part.toBytes().subarray(0, hlen)]).toEqual([
                index & 255,
                ...whole.subarray(1, hlen),
              ]);
            expect(fixed[index]).toEqual([index, parts.length, index * gsoSize]);
          });
          expect([...skb.toBytes()]).toEqual([...whole]); // private headers: the original did not change
          skb.free();
          for (const part of parts) part.free();
          expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
        },
      ),
    );
  });

  it('shares the payload pages instead of copying', () => {
    const memory = new Uint8Array(3000).fill(7);
    const skb = alloc(20, 40);
    skb.put(20);
    skb.addFrag(wrapPage(memory), 0, 3000);
    Object.assign(skb, {
      gsoSize: 1448,
      gsoSegs: 3,
      gsoType: SKB_GSO_TCPV4,
      mark: 5,
      transportHeader: skb.data,
    });
    const parts = segment(skb, 20, () => {}) as SkBuff[];
    expect(parts.map(({ len }) => len)).toEqual([1468, 1468, 124]);
    for (const part of parts) {
      expect(part.frags[0]?.page.arena.bytes).toBe(memory);
      expect([part.mark, part.transportHeader - part.data, part.headroom]).toEqual([5, 0, 40]);
      expect([part.gsoSize, part.gsoSegs, part.gsoType]).toEqual([0, 0, 0]);
    }
  });

  it('makes one packet of headers without payload', () => {
    const skb = wrap(Uint8Array.of(1, 2, 3));
    skb.gsoSize = 10;
    const parts = segment(skb, 3, () => {}) as SkBuff[];
    expect(parts.map((part) => [...part.toBytes()])).toEqual([[1, 2, 3]]);
  });

  it('makes room where a segment would need a frag too many', () => {
    const skb = alloc(4, 8);
    skb.putData(Uint8Array.of(1, 2));
    for (let i = 0; i < MAX_SKB_FRAGS; i++) skb.addFrag(wrapPage(Uint8Array.of(i)), 0, 1);
    skb.gsoSize = 100;
    const [part] = segment(skb, 1, () => {}) as [SkBuff];
    expect([...part.toBytes()]).toEqual([...skb.toBytes()]);
  });

  it('does not pass on a sum that was over the whole', () => {
    const skb = wrap(new Uint8Array(10));
    Object.assign(skb, { gsoSize: 4, ipSummed: CHECKSUM_COMPLETE });
    const parts = segment(skb, 2, () => {}) as SkBuff[];
    expect(parts.map(({ ipSummed }) => ipSummed)).toEqual([CHECKSUM_NONE, CHECKSUM_NONE]);
  });

  it('refuses without gsoSize, or with more headers than bytes', () => {
    const skb = wrap(new Uint8Array(10));
    expect(() => segment(skb, 4, () => {})).toThrow(RangeError);
    skb.gsoSize = 4;
    expect(() => segment(skb, 11, () => {})).toThrow(RangeError);
    expect(() => segment(skb, -1, () => {})).toThrow(RangeError);
    const pool = new Pool();
    const odd = pool.alloc(10) as SkBuff;
    odd.put(10);
    for (const gsoSize of [1.5, -1, Number.NaN]) {
      odd.gsoSize = gsoSize;
      expect(() => segment(odd, 4, () => {})).toThrow(/gsoSize/);
    }
    expect(pool.stats).toMatchObject({ inUse: 1, skbs: 1 });
  });

  it('unsets offsets in front of the headers that are copied', () => {
    const skb = alloc(8, 8);
    skb.putData(Uint8Array.of(1, 2, 3, 4));
    skb.macHeader = skb.data;
    skb.networkHeader = skb.pull(1);
    skb.gsoSize = 1;
    const parts = segment(skb, 1, () => {}) as SkBuff[];
    expect(parts.map((part) => [part.macHeader, part.networkHeader - part.data])).toEqual([
      [-1, 0],
      [-1, 0],
    ]);
  });

  it('leaks nothing when the pool runs dry or the fixup throws', () => {
    const pool = new Pool({ limit: 1 << 20 });
    const skb = pool.alloc(2000) as SkBuff;
    skb.put(2000);
    skb.gsoSize = 1;
    const before = { ...pool.stats };
    const boom = (_part: SkBuff, index: number): void => {
      if (index === 3) throw new Error('boom');
    };
    const roomy = new Pool();
    const other = roomy.alloc(2000) as SkBuff;
    other.put(2000);
    other.gsoSize = 100;
    expect(() => segment(other, 0, boom)).toThrow('boom');
    expect(roomy.stats).toMatchObject({ inUse: 1, skbs: 1 });
    expect(segment(skb, 0, () => {})).toBeUndefined();
    expect(pool.stats).toMatchObject({ inUse: before.inUse, skbs: before.skbs });
    expect(skb.cloned).toBe(false);
  });
});

describe('coalesce', () => {
  it('joins runs that touch in memory into one frag', () => {
    const page = wrapPage(Uint8Array.of(1, 2, 3, 4));
    const a = alloc(0);
    a.addFrag(page.hold(), 0, 2);
    const b = alloc(0);
    b.addFrag(page.hold(), 2, 2);
    const truesize = a.truesize + 2;
    expect(coalesce(a, b)).toBe(true);
    expect(a.truesize).toBe(truesize); // the head of b was freed
    expect([a.nrFrags, a.len, [...a.toBytes()]]).toEqual([1, 4, [1, 2, 3, 4]]);
    a.free();
    expect(page.refs).toBe(1);
  });

  it('joins no runs of different pages, though their offsets touch', () => {
    const a = alloc(0);
    a.addFrag(wrapPage(Uint8Array.of(1, 2, 3)), 0, 2);
    const b = alloc(0);
    b.addFrag(wrapPage(Uint8Array.of(4, 5, 6)), 2, 1);
    expect(coalesce(a, b)).toBe(true);
    expect([a.nrFrags, [...a.toBytes()]]).toEqual([2, [1, 2, 6]]);
  });

  it('charges a head that became a frag, without its struct, and joins complete sums, at an odd seam too', () => {
    const a = wrap(Uint8Array.of(1, 2, 3));
    const b = wrap(Uint8Array.of(4, 5, 6));
    for (const skb of [a, b]) {
      skb.ipSummed = CHECKSUM_COMPLETE;
      skb.csum = csumPartial(skb.view, skb.data, skb.len);
    }
    const truesize = a.truesize + b.truesize - 256;
    expect(coalesce(a, b)).toBe(true);
    expect(a.truesize).toBe(truesize);
    expect([a.ipSummed, a.csum]).toEqual([CHECKSUM_COMPLETE, csumPartial(viewOf(a.toBytes()), 0, 6)]);
  });

  it('trusts the joined packet only as far as its worse half', () => {
    const a = wrap(Uint8Array.of(1));
    const b = wrap(Uint8Array.of(2));
    a.ipSummed = CHECKSUM_UNNECESSARY;
    expect(coalesce(a, b)).toBe(true);
    expect(a.ipSummed).toBe(CHECKSUM_NONE);
  });

  it('says no where it cannot, and changes nothing', () => {
    const full = alloc(0);
    for (let i = 0; i < MAX_SKB_FRAGS; i++) full.addFrag(wrapPage(Uint8Array.of(i)), 0, 1);
    const one = wrap(Uint8Array.of(1));
    expect(coalesce(full, one)).toBe(false);
    expect(coalesce(one, one)).toBe(false);
    one.get();
    expect(coalesce(alloc(0), one)).toBe(false);
    expect([one.len, full.len]).toEqual([1, MAX_SKB_FRAGS]);
  });

  it('refuses to append to a freed skb', () => {
    const freed = new Pool({ poison: true }).alloc(1) as SkBuff;
    freed.free();
    const one = wrap(Uint8Array.of(1));
    expect(() => coalesce(freed, one)).toThrow(RangeError);
    expect([one.users, one.page.refs, freed.len]).toEqual([1, 1, 0]);
  });
});

describe('checksumHelp', () => {
  it('completes a partial checksum over frags, on a private head', () => {
    const skb = alloc(16, 4);
    skb.putData(Uint8Array.of(9, 9, 1, 2, 0, 7));
    skb.addFrag(wrapPage(Uint8Array.of(3, 4, 5)), 0, 3);
    Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data + 2, csumOffset: 2 });
    const twin = skb.clone();
    expect(checksumHelp(skb)).toBe(true);
    const sum = csumPartial(viewOf(Uint8Array.of(1, 2, 0, 7, 3, 4, 5)), 0, 7);
    expect(skb.view.getUint16(skb.data + 4)).toBe(csumFold(sum));
    expect(skb.ipSummed).toBe(CHECKSUM_NONE);
    expect([...twin.toBytes()].slice(0, 6)).toEqual([9, 9, 1, 2, 0, 7]);
    const complete = skb.toBytes();
    expect(checksumHelp(skb)).toBe(true);
    expect(skb.toBytes()).toEqual(complete); // which is not summed again
  });

  it.each([0, 1, 2, 3])('finds the field where %i bytes of the packet are linear', (linear) => {
    const all = Uint8Array.of(1, 2, 0, 7, 5);
    const skb = alloc(linear);
    skb.putData(all.subarray(0, linear));
    skb.addFrag(wrapPage(all), linear, all.length - linear);
    Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data, csumOffset: 2 });
    expect(checksumHelp(skb)).toBe(true);
    expect(viewOf(skb.toBytes()).getUint16(2)).toBe(csumFold(csumPartial(viewOf(all), 0, 5)));
    expect([...all]).toEqual([1, 2, 0, 7, 5]); // frags are never written to
  });

  it('writes a computed 0 as 0xffff', () => {
    const skb = wrap(Uint8Array.of(0xff, 0xff, 0, 0));
    Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: 0, csumOffset: 2 });
    checksumHelp(skb);
    expect(skb.view.getUint16(2)).toBe(0xffff);
  });

  it.each([
    [-1, 0],
    [0, 3],
    [4, 0],
    [0, -1],
  ])('refuses a checksum at %s + %s of 4 bytes', (start, offset) => {
    const skb = alloc(8, 8);
    skb.putData(new Uint8Array(4));
    skb.bytes.fill(0, skb.head, skb.end);
    Object.assign(skb, { ipSummed: CHECKSUM_PARTIAL, csumStart: skb.data + start, csumOffset: offset });
    const twin = skb.clone();
    expect(() => checksumHelp(skb)).toThrow(RangeError);
    expect([skb.page, skb.ipSummed]).toEqual([twin.page, CHECKSUM_PARTIAL]); // not even a private head
    expect([...twin.bytes.subarray(twin.head, twin.end)].every((byte) => byte === 0)).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alloc,
  appendRange,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  MAX_SKB_FRAGS,
  type Page,
  Pool,
  type SkBuff,
  wrap,
  wrapPage,
} from './index.ts';
import { build, shape, shapeBytes } from './testing.ts';

const runs = (skb: SkBuff): [number, number][] =>
  skb.frags.slice(0, skb.nrFrags).map(({ offset, length }) => [offset, length]);

describe('appendRange', () => {
  it('puts any range of any packet behind any other, and leaves no reference', () => {
    fc.assert(
      fc.property(
        shape({ maxFrags: 5 }),
        shape({ maxFrags: 5 }),
        fc.nat(2000),
        fc.nat(2000),
        (front, back, from, count) => {
          const pool = new Pool({ poison: true });
          const to = build(pool, front);
          const source = build(pool, back);
          const offset = Math.min(from, source.len);
          const length = Math.min(count, source.len - offset);
          const charged = to.truesize;
          expect(appendRange(to, source, offset, length)).toBe(true);
          expect([...to.toBytes()]).toEqual([
            ...shapeBytes(front),
            ...shapeBytes(back).subarray(offset, offset + length),
          ]);
          expect(to.truesize).toBe(charged + length);
          expect([...source.toBytes()]).toEqual([...shapeBytes(back)]);
          source.free();
          expect(to.toBytes()).toHaveLength(to.len);
          to.free();
          expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
        },
      ),
    );
  });

  it('lengthens the last frag where the bytes follow it', () => {
    const page = wrapPage(new Uint8Array(100));
    const source = alloc(0);
    source.addFrag(page, 10, 50);
    const to = alloc(0);
    expect(appendRange(to, source, 0, 20)).toBe(true);
    expect(appendRange(to, source, 20, 30)).toBe(true);
    expect(runs(to)).toEqual([[10, 50]]);
    expect(page.refs).toBe(2);
    expect(appendRange(to, source, 49, 1)).toBe(true);
    expect(runs(to)).toEqual([
      [10, 50],
      [59, 1],
    ]);
  });

  it('counts frags exactly at the limit, and changes nothing past it', () => {
    const page = wrapPage(new Uint8Array(4 * MAX_SKB_FRAGS));
    const source = alloc(4);
    source.putData(Uint8Array.of(1, 2));
    for (let i = 0; i < MAX_SKB_FRAGS; i++) source.addFrag(page.hold(), i * 4, 2);
    const to = alloc(0);
    expect(appendRange(to, source, 0, source.len)).toBe(false);
    expect([to.len, to.nrFrags, to.truesize, page.refs]).toEqual([
      0,
      0,
      alloc(0).truesize,
      1 + MAX_SKB_FRAGS,
    ]);
    expect(source.page.refs).toBe(1);
    expect(appendRange(to, source, 2, source.len - 2)).toBe(true);
    expect(to.nrFrags).toBe(MAX_SKB_FRAGS);
    expect(appendRange(to, source, source.len - 1, 1)).toBe(false); // a byte that nothing touches
    const last = alloc(0);
    last.addFrag(page.hold(), (MAX_SKB_FRAGS - 1) * 4 + 2, 2);
    expect(appendRange(to, last, 0, 2)).toBe(true); // these follow the last frag
    expect([to.nrFrags, to.len]).toEqual([MAX_SKB_FRAGS, 2 * MAX_SKB_FRAGS + 2]);
    to.trim(2 * (MAX_SKB_FRAGS - 1));
    const halves = alloc(0); // two frags that touch each other become one
    const other = wrapPage(new Uint8Array(4));
    halves.addFrag(other.hold(), 0, 2);
    halves.addFrag(other, 2, 2);
    expect(appendRange(to, halves, 0, 4)).toBe(true);
    expect(to.nrFrags).toBe(MAX_SKB_FRAGS);
  });

  it('takes a sum over the packet for outdated', () => {
    const to = alloc(0);
    to.addFrag(wrapPage(Uint8Array.of(1)), 0, 1);
    const source = wrap(Uint8Array.of(2, 3));
    for (const offset of [0, 1]) {
      to.ipSummed = CHECKSUM_COMPLETE;
      appendRange(to, source, offset, 1);
      expect([to.ipSummed, to.nrFrags]).toEqual([CHECKSUM_NONE, 2]);
    }
  });

  it('refuses what is not in the packet, and the packet itself', () => {
    const to = alloc(0);
    const source = wrap(new Uint8Array(4));
    for (const [offset, length] of [
      [0, 5],
      [5, 0],
      [-1, 1],
      [1, -1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const) {
      expect(() => appendRange(to, source, offset, length)).toThrow(RangeError);
    }
    expect(() => appendRange(source, source, 0, 1)).toThrow(/itself/);
    expect([to.len, source.page.refs]).toEqual([0, 1]);
    const freed = new Pool({ poison: true }).alloc(1) as SkBuff;
    freed.free();
    expect(() => appendRange(freed, source, 0, 1)).toThrow(RangeError);
    expect(() => appendRange(to, freed, 0, 0)).toThrow(RangeError);
  });
});

describe('growFrag', () => {
  it('fills a page piece by piece as one frag', () => {
    const pool = new Pool({ poison: true });
    const page = pool.page(65_536) as Page;
    const skb = pool.alloc(0) as SkBuff;
    const { truesize } = skb;
    expect(skb.growFrag(page, page.start, 0)).toBe(true);
    expect([skb.nrFrags, page.refs, pool.stats.inUse]).toEqual([0, 1, 2]);
    for (let i = 0; i < 3; i++) expect(skb.growFrag(page, page.start + i * 100, 100)).toBe(true);
    expect(runs(skb)).toEqual([[page.start, 300]]);
    expect([skb.len, skb.dataLen, skb.truesize - truesize, page.refs]).toEqual([300, 300, 300, 2]);
    skb.growFrag(page, page.start + 301, 1);
    expect([skb.nrFrags, page.refs]).toEqual([2, 3]);
    expect(skb.growFrag(page, page.start + 400, 0)).toBe(true);
    expect([skb.nrFrags, page.refs]).toEqual([2, 3]);
    skb.free();
    expect(page.refs).toBe(1);
    page.put();
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it('says false at the limit, except where the last frag grows', () => {
    const page = wrapPage(new Uint8Array(200));
    const skb = alloc(0);
    for (let i = 0; i < MAX_SKB_FRAGS; i++) expect(skb.growFrag(page, i * 2, 1)).toBe(true);
    expect(skb.growFrag(page, 150, 1)).toBe(false);
    expect([skb.len, page.refs]).toEqual([MAX_SKB_FRAGS, MAX_SKB_FRAGS + 1]);
    expect(skb.growFrag(page, MAX_SKB_FRAGS * 2 - 1, 5)).toBe(true);
    expect(skb.len).toBe(MAX_SKB_FRAGS + 5);
  });

  it('refuses bytes outside the page, as a new frag and as a longer one', () => {
    const page = wrapPage(new Uint8Array(10));
    const skb = alloc(0);
    expect(() => skb.growFrag(page, 8, 3)).toThrow(RangeError);
    expect(page.refs).toBe(1);
    skb.growFrag(page, 0, 8);
    for (const length of [3, -1, 0.5]) expect(() => skb.growFrag(page, 8, length)).toThrow(RangeError);
    expect([skb.len, page.refs]).toEqual([8, 2]);
  });
});

describe('pool.build', () => {
  it('makes a head of a page that holds the bytes', () => {
    const pool = new Pool({ poison: true });
    const page = pool.page(2048) as Page;
    page.arena.bytes.set([1, 2, 3], page.start + 64);
    const skb = pool.build(page, 64, 3);
    expect([...skb.toBytes()]).toEqual([1, 2, 3]);
    expect([skb.headroom, skb.tailroom, skb.truesize]).toEqual([64, 2048 - 67, alloc(3, 64).truesize]);
    skb.view.setUint8(skb.push(1), 9); // and it is writable
    skb.free();
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it('refuses a free page and one that is too short', () => {
    const pool = new Pool({ poison: true });
    const page = pool.page(256) as Page;
    expect(() => pool.build(page, 200, 57)).toThrow(RangeError);
    expect(() => pool.build(page, -1, 5)).toThrow(RangeError);
    expect([page.refs, pool.stats.skbs]).toEqual([1, 0]);
    page.put();
    expect(() => pool.build(page, 0, 1)).toThrow(/last put/);
  });
});

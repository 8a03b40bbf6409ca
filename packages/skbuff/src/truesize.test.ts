import { describe, expect, it } from 'vitest';
import { alloc, Pool, type SkBuff, wrap, wrapPage } from './index.ts';
import { truesizeOf } from './truesize.ts';

describe('truesize', () => {
  it.each([
    [0, 896],
    [320, 896],
    [321, 1280],
    [1536, 2304], // what a received 1500-byte frame costs on Linux
    [1728, 2304],
    [1729, 4352],
    [65_536, 131_328],
  ])('of a head of %i bytes is %i', (size, truesize) => {
    const skb = alloc(size);
    expect(skb.truesize).toBe(truesize);
    skb.free();
  });

  it("counts headroom, and a user's bytes", () => {
    const skb = alloc(300, 40);
    expect([skb.truesize, wrap(new Uint8Array(340)).truesize]).toEqual([1280, 1280]);
    skb.free();
  });

  it.each([0x2000_0000, 0x8000_0000, 0x1_0000_0000])(
    'of a head of %i bytes, past the last bucket, is no less',
    (size) => {
      expect(truesizeOf(size)).toBe(size + 320 + 256);
      expect(truesizeOf(size + 63)).toBe(size + 64 + 320 + 256);
    },
  );

  it('grows with frags and moves with them at a split', () => {
    const skb = alloc(100);
    skb.putData(new Uint8Array(100));
    skb.addFrag(wrapPage(new Uint8Array(1000)), 0, 1000);
    skb.addFrag(wrapPage(new Uint8Array(50)), 0, 50, 4096);
    expect(skb.truesize).toBe(896 + 1000 + 4096);
    expect(skb.clone().truesize).toBe(skb.truesize);
    const rest = skb.split(600) as SkBuff;
    expect([skb.truesize, rest.truesize]).toEqual([896 + 1000 + 4096 - 550, 896 + 550]);
  });

  it('of a head made private is that of a head of its size, whatever page it lies in', () => {
    const skb = alloc(1514, 66);
    skb.put(1514);
    const twin = skb.clone();
    expect(twin.cow(64)).toBe(true);
    expect([skb.truesize, twin.truesize, twin.page.size]).toEqual([2304, 2304, 2048]);
    twin.free();
    skb.free();
  });

  it('follows a larger head while nobody owns the packet, and stays what the owner was charged', () => {
    const pool = new Pool();
    const free = pool.alloc(100) as SkBuff;
    const owned = pool.alloc(100) as SkBuff;
    owned.destructor = () => {};
    for (const skb of [free, owned]) skb.expandHead(3000, 0);
    expect(free.truesize).toBeGreaterThan(3000);
    expect(owned.truesize).toBe(896);
  });
});

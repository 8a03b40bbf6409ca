import { alloc, Pool } from '@stack/skbuff';
import { build, layouts, withPool } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ETH_ZLEN, pad } from './pad.ts';

describe('pad', () => {
  it('appends zeros up to 60 bytes and leaves longer frames alone, in any layout', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90 }), layouts(), (frame, layout) => {
        withPool((pool) => {
          const skb = build(pool, frame, layout, 4);
          const frags = skb.nrFrags;
          expect(pad(skb)).toBe(true);
          const expected = new Uint8Array(Math.max(ETH_ZLEN, frame.length));
          expected.set(frame);
          expect(skb.toBytes()).toEqual(expected);
          if (frame.length >= ETH_ZLEN) expect(skb.nrFrags).toBe(frags);
          skb.free();
        });
      }),
    );
  });

  it('leaves the bytes a clone sees alone', () => {
    const skb = alloc(64);
    skb.put(10);
    const twin = skb.clone();
    expect(pad(skb)).toBe(true);
    expect([skb.len, twin?.len, twin?.tailroom]).toEqual([60, 10, 246]);
    skb.free();
    twin?.free();
  });

  it('is refused at the limit of the pool', () => {
    const pool = new Pool({ limit: 65_536, chunkSize: 65_536 });
    const skb = pool.alloc(10);
    skb?.put(10);
    const twin = skb?.clone();
    while (pool.page(256));
    expect(skb && pad(skb)).toBe(false);
    expect([skb?.len, twin?.len]).toEqual([10, 10]);
  });
});

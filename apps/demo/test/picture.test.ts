import { Pool } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { draw, geometryOf } from '../src/picture.ts';

/** A packet of 20 linear bytes behind 40, and of frags of so many bytes each, 10 bytes into pages that are not the pool's first. */
function packet(...frags: number[]) {
  const pool = new Pool();
  pool.page(65_536);
  const skb = pool.alloc(20, 40)!;
  skb.put(20);
  for (const length of frags) {
    const page = pool.page(2048)!;
    skb.addFrag(page, page.start + 10, length);
  }
  return skb;
}

describe('the picture of an skb', () => {
  it('counts from the head, and from the page', () => {
    const skb = packet(100);
    const geometry = geometryOf(skb, [{ layer: 'tcp', at: skb.data, length: 20 }]);
    expect(geometry).toEqual({
      head: 0,
      data: 40,
      tail: 60,
      end: 256,
      len: 120,
      dataLen: 100,
      frags: [{ offset: 10, length: 100, page: 2048, refs: 1, owner: 'host' }],
      regions: [{ layer: 'tcp', at: 40, length: 20 }],
    });
    expect(draw(geometry)).toEqual([
      'head 0    data 40 tail 60                                       end 256',
      '↓         ↓    ↓                                                ↓',
      '··········TTTTT·················································',
      'frags[0] ──▶ 100 B at 10 of a page of 2048, referenced once',
    ]);
  });

  it('sums up many frags', () => {
    const skb = packet(1, 2, 3, 4, 5);
    expect(draw(geometryOf(skb, [])).slice(3)).toEqual([
      expect.stringMatching(/^frags\[0] ──▶ 1 B/),
      expect.stringMatching(/^frags\[1] ──▶ 2 B/),
      'frags[…4] 15 B in all frags',
    ]);
  });

  it('draws headers that were stripped small', () => {
    const skb = packet();
    const regions = [{ layer: 'tcp' as const, at: skb.data, length: 10 }];
    skb.pull(10);
    expect(draw(geometryOf(skb, regions))[2]).toMatch(/^·{10}t+·+$/);
  });
});

import { MAX_SKB_FRAGS, Pool, type SkBuff, wrapPage } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { IoVector, MAX_RUNS } from './io-vector.ts';

const pool = new Pool();

describe('IoVector', () => {
  it('has the bytes of a packet from where they lie', () => {
    const vector = new IoVector();
    const skb = pool.alloc(4, 2) as SkBuff;
    skb.putData(Uint8Array.of(1, 2, 3));
    skb.addFrag(wrapPage(Uint8Array.of(9, 4, 5, 9)), 1, 2);
    vector.addPacket(skb);
    expect([vector.count, vector.length, [...vector.gather()]]).toEqual([2, 5, [1, 2, 3, 4, 5]]);
    expect(vector.views()[0]?.buffer).toBe(skb.bytes.buffer);
    skb.free();
  });

  it('has no run for a head without bytes', () => {
    const vector = new IoVector();
    const skb = pool.alloc(0) as SkBuff;
    skb.addFrag(wrapPage(Uint8Array.of(7)), 0, 1);
    vector.addPacket(skb);
    expect([vector.count, vector.length]).toEqual([1, 1]);
    skb.free();
  });

  it('takes the packet with the most frags, and a header', () => {
    const vector = new IoVector();
    vector.add(wrapPage(new Uint8Array(10)).arena, 0, 10);
    const skb = pool.alloc(1) as SkBuff;
    skb.put(1);
    for (let i = 0; i < MAX_SKB_FRAGS; i++) skb.addFrag(wrapPage(Uint8Array.of(i)), 0, 1);
    vector.addPacket(skb);
    expect([vector.count, vector.length]).toEqual([MAX_RUNS, 11 + MAX_SKB_FRAGS]);
    skb.free();
  });

  it('is filled as far as bytes and runs reach', () => {
    const vector = new IoVector();
    const [one, two] = [new Uint8Array(4), new Uint8Array(4)];
    vector.add(wrapPage(one).arena, 2, 2);
    vector.add(wrapPage(two).arena, 0, 3);
    expect(vector.scatter(Uint8Array.of(1, 2, 3))).toBe(3);
    expect([[...one], [...two]]).toEqual([
      [0, 0, 1, 2],
      [3, 0, 0, 0],
    ]);
    expect(vector.scatter(Uint8Array.of(1, 2, 3, 4, 5, 6, 7))).toBe(5);
    expect([...two]).toEqual([3, 4, 5, 0]);
  });

  it('keeps no memory alive once it is cleared', () => {
    const vector = new IoVector();
    const { arena } = wrapPage(new Uint8Array(4));
    vector.add(arena, 0, 4);
    vector.clear();
    expect([vector.count, vector.length, vector.arenas.includes(arena)]).toEqual([0, 0, false]);
  });
});

import { Pool, type SkBuff } from '@stack/skbuff';
import { BUSY, OK } from '@stack/skbuff/netdev';
import { describe, expect, it } from 'vitest';
import { tapPair } from './pair.ts';

const pool = new Pool();

function frame(): SkBuff {
  const skb = pool.alloc(60) as SkBuff;
  skb.bytes.fill(0, skb.put(60), skb.tail);
  return skb;
}

describe('tapPair', () => {
  it('is busy while the other end is full, and wakes when half of that is read', () => {
    const [a, b] = tapPair({ pools: [pool, pool], queue: 4 });
    const told: string[] = [];
    a.interrupt = () => void told.push('interrupt');
    a.wake = () => void told.push('wake');
    b.receive = (skb) => skb.free();
    expect([1, 2, 3, 4].map(() => a.xmit(frame()))).toEqual([OK, OK, OK, OK]);
    const skb = frame();
    expect(a.xmit(skb)).toBe(BUSY);
    b.poll(1);
    expect(told).toEqual([]);
    b.poll(1);
    expect(told).toEqual(['interrupt']);
    a.poll(64);
    expect(told).toEqual(['interrupt', 'wake']);
    expect(a.xmit(skb)).toBe(OK);
    a.close();
    b.close();
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it('ends at both ends, after what was sent was read', () => {
    const [a, b] = tapPair({ pools: [pool, pool] });
    const told: string[] = [];
    b.interrupt = () => void told.push('interrupt');
    b.linkChange = (_, up) => void told.push(up ? 'up' : 'down');
    b.receive = (skb) => {
      told.push('packet');
      skb.free();
    };
    a.xmit(frame());
    a.close();
    b.poll(64);
    expect(told).toEqual(['interrupt', 'packet', 'down']);
    expect([a.error, b.error?.code]).toEqual([undefined, 'ENODEV']);
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it.each([
    [0, 'tap: a queue of 0 takes no packet'],
    [65_536, 'tap: queue 65536 is not in 0..65535'],
  ])('refuses a queue of %d', (queue, message) => {
    expect(() => tapPair({ pools: [pool, pool], queue })).toThrow(new RangeError(message));
  });
});

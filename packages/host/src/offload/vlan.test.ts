import * as ethernet from '@stack/ethernet';
import { appendRange, Pool, type SkBuff } from '@stack/skbuff';
import { expect, it } from 'vitest';
import { pushTag } from './vlan.ts';

const TAG = { vlanProto: ethernet.ETH_P_8021AD, vlanTci: 0xe123 };

function frame(pool: Pool, headroom: number): SkBuff {
  const skb = pool.alloc(20, headroom) as SkBuff;
  skb.putData(Uint8Array.from({ length: 20 }, (_, i) => i + 1));
  return Object.assign(skb, TAG);
}

function expectTagged(skb: SkBuff): void {
  const addresses = Array.from({ length: 12 }, (_, i) => i + 1);
  expect([...skb.toBytes()]).toEqual([...addresses, 0x88, 0xa8, 0xe1, 0x23, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect([skb.vlanProto, skb.vlanTci, skb.macHeader]).toEqual([0, 0, skb.data]);
}

it('goes behind the addresses', () => {
  const skb = frame(new Pool(), 4);
  const { page } = skb;
  expect(pushTag(skb)).toBe(true);
  expectTagged(skb);
  expect(skb.page).toBe(page); // there was room
});

it('leaves the bytes of others alone, and makes room', () => {
  const pool = new Pool({ poison: true });
  const skb = frame(pool, 0);
  const twin = skb.clone();
  const before = twin.toBytes();
  expect(pushTag(skb)).toBe(true);
  expectTagged(skb);
  expect(twin.toBytes()).toEqual(before);
  for (const one of [skb, twin]) one.free();
  expect(pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
});

it('finds addresses in frags', () => {
  const pool = new Pool({ poison: true });
  const skb = Object.assign(pool.alloc(0, 8) as SkBuff, TAG);
  appendRange(skb, frame(pool, 0), 0, 20);
  expect(pushTag(skb)).toBe(true);
  expectTagged(skb);
});

it('stays beside a packet without addresses, or without memory', () => {
  const short = frame(new Pool(), 4);
  short.trim(11);
  expect([pushTag(short), short.vlanTci, short.len]).toEqual([false, 0xe123, 11]);
  const pool = new Pool({ chunkSize: 65_536, limit: 65_536 });
  const skb = frame(pool, 0);
  while (pool.alloc(0) !== undefined);
  expect([pushTag(skb), skb.vlanTci, skb.len]).toEqual([false, 0xe123, 20]);
});

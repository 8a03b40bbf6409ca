import { alloc, MAX_SKB_FRAGS, Pool, type SkBuff, viewOf } from '@stack/skbuff';
import { build, hex, layouts, payloads, withPool } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendFcs, fcs, stripFcs, verifyFcs } from './fcs.ts';

/** One bit at a time: the definition, to compare the tables with. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}

/** Flips one bit of a packet, wherever it lies. */
function flip(skb: SkBuff, bit: number): void {
  let at = bit >> 3;
  for (const run of skb.chunks()) {
    if (at < run.length) run[at] = (run[at] ?? 0) ^ (1 << (bit & 7));
    at -= run.length;
    if (at < 0) return;
  }
}

describe('FCS', () => {
  it('of "123456789" is the check value of CRC-32', () => {
    expect(fcs(viewOf(hex`00 313233343536373839 00`), 1, 9)).toBe(0xcbf4_3926);
  });

  it('is sent low byte first', () => {
    const skb = alloc(16);
    skb.putData(hex`313233343536373839`);
    expect(appendFcs(skb)).toBe(true);
    expect(skb.toBytes().slice(9)).toEqual(hex`2639f4cb`);
    skb.free();
  });

  it('is verified, and notices every flipped bit, in any layout', () => {
    fc.assert(
      fc.property(payloads(), layouts(), fc.nat(), (payload, layout, draw) => {
        withPool((pool) => {
          const frame = Uint8Array.of(1, ...payload);
          const skb = build(pool, frame, layout, 0);
          const frags = skb.nrFrags;
          expect(appendFcs(skb)).toBe(true);
          expect(skb.nrFrags).toBe(frags === 0 ? 0 : frags + 1);
          expect(skb.toBytes().slice(0, -4)).toEqual(frame);
          expect(viewOf(skb.toBytes()).getUint32(frame.length, true)).toBe(slowCrc(frame));
          expect(verifyFcs(skb)).toBe(true);
          flip(skb, draw % (skb.len * 8));
          expect(verifyFcs(skb)).toBe(false);
          flip(skb, draw % (skb.len * 8));
          stripFcs(skb);
          expect(skb.toBytes()).toEqual(frame);
          skb.free();
        });
      }),
    );
  });

  it('leaves the bytes a clone sees alone', () => {
    const skb = alloc(64);
    skb.putData(hex`0102`);
    const twin = skb.clone();
    expect(appendFcs(skb)).toBe(true);
    expect(twin?.toBytes()).toEqual(hex`0102`);
    expect(verifyFcs(skb)).toBe(true);
    skb.free();
    twin?.free();
  });

  it('fits behind as many frags as there may be', () => {
    withPool((pool) => {
      const skb = build(
        pool,
        new Uint8Array(100),
        { linear: 0, cuts: new Array(MAX_SKB_FRAGS - 1).fill(1) },
        0,
      );
      expect(skb.nrFrags).toBe(MAX_SKB_FRAGS);
      expect(appendFcs(skb)).toBe(true);
      expect(verifyFcs(skb)).toBe(true);
      skb.free();
    });
  });

  it.each([0, 3, 4])('of %i bytes is none', (length) => {
    const skb = alloc(length);
    skb.putData(new Uint8Array(length)); // four zeros are the FCS of nothing
    expect(verifyFcs(skb)).toBe(false);
    if (length < 4) expect(() => stripFcs(skb)).toThrow(RangeError);
    skb.free();
  });

  it('is not appended at the limit of the pool', () => {
    const pool = new Pool({ limit: 65_536, chunkSize: 65_536 });
    const skb = pool.alloc(256);
    skb?.put(256);
    while (pool.page(256));
    expect(skb && appendFcs(skb)).toBe(false);
    expect(skb?.len).toBe(256);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecureSeq } from './isn.ts';
import { SipHash } from './siphash.ts';

const [US, PEER] = [0x0a00_0001, 0x0a00_0002];

/** A seeded source of u32, and how many it gave. */
function source(seed: number): { random: () => number; drawn: () => number } {
  let state = seed;
  let count = 0;
  const random = (): number => {
    count++;
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 0;
  };
  return { random, drawn: () => count };
}

const secure = (seed = 1): SecureSeq => new SecureSeq(source(seed).random);

describe('seq', () => {
  it('is M + F(localip, localport, remoteip, remoteport, secret) (RFC 6528 §3)', () => {
    const { random } = source(7);
    const f = new SipHash(random(), random(), random(), random());
    expect(secure(7).seq(0, US, PEER, 40_000, 80)).toBe(f.hash4(US, PEER, (40_000 << 16) | 80, 0));
  });

  it('runs with a clock of 64 ns, around in 274.877906944 s', () => {
    const s = secure();
    const at = (now: number): number => s.seq(now, US, PEER, 40_000, 80);
    expect((at(1) - at(0)) | 0).toBe(15);
    expect((at(8) - at(0)) | 0).toBe(125);
    expect((at(1_000_000) - at(0)) | 0).toBe(15_625_000);
    expect((at(274_877_907) - at(0)) | 0).toBe(0);
    expect((at(137_438_953) - at(0)) >>> 0).toBe(0x7fff_fff8);
  });

  it('is exact for any time', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (now) => {
        const s = secure();
        const expected = BigInt.asIntN(32, (BigInt(now) * 1000n) / 64n);
        expect((s.seq(now, US, PEER, 1, 2) - s.seq(0, US, PEER, 1, 2)) | 0).toBe(Number(expected));
      }),
    );
  });

  it('differs for each part of the four-tuple, and for each secret', () => {
    const base = [US, PEER, 40_000, 80] as const;
    const s = secure();
    const seen = new Set([s.seq(0, ...base), secure(2).seq(0, ...base)]);
    for (let part = 0; part < 4; part++) {
      const other = [...base] as [number, number, number, number];
      other[part]!++;
      seen.add(s.seq(0, ...other));
    }
    seen.add(s.seq(0, PEER, US, 80, 40_000));
    expect(seen.size).toBe(7);
    expect(s.seq(0, ...base)).toBe(s.seq(0, ...base));
  });

  it('does not care whether addresses are signed', () => {
    const s = secure();
    expect(s.seq(5, 0xc0a8_0001, PEER, 1, 2)).toBe(s.seq(5, 0xc0a8_0001 | 0, PEER, 1, 2));
  });
});

describe('tsOffset', () => {
  it('is one for each pair of hosts', () => {
    const s = secure();
    expect(s.tsOffset(US, PEER)).toBe(s.tsOffset(US, PEER));
    expect(new Set([s.tsOffset(US, PEER), s.tsOffset(US, PEER + 1), s.tsOffset(PEER, US)]).size).toBe(3);
  });
});

describe('ephemeral', () => {
  it('differs for each destination, and has an upper half of its own', () => {
    const s = secure();
    const first = s.ephemeral(US, PEER, 80);
    const high = s.ephemeralHigh;
    expect(high).not.toBe(first);
    expect(new Set([first, s.ephemeral(US, PEER, 81), s.ephemeral(US, PEER + 1, 80)]).size).toBe(3);
    expect(s.ephemeralHigh).not.toBe(high);
    expect(s.ephemeral(US, PEER, 80)).toBe(first);
    expect(s.ephemeralHigh).toBe(high);
  });
});

describe('fold', () => {
  it('makes one word of an address of four', () => {
    const s = secure();
    const address = Int32Array.of(0x2001_0db8, 0, 0, 1);
    expect(s.fold(address)).toBe(s.fold(Int32Array.from(address)));
    expect(s.fold(address)).not.toBe(s.fold(Int32Array.of(0x2001_0db8, 0, 0, 2)));
    expect(s.fold(address)).not.toBe(secure(2).fold(address));
    expect(s.fold(Int32Array.of(1, 2, 3), 2)).toBe(s.fold(Int32Array.of(1, 2)));
  });
});

describe('secrets', () => {
  it('are drawn when first needed, each four words, none twice', () => {
    const { random, drawn } = source(3);
    const s = new SecureSeq(random);
    expect(drawn()).toBe(0);
    for (let i = 0; i < 2; i++) s.seq(0, US, PEER, 1, 2);
    expect(drawn()).toBe(4);
    s.tsOffset(US, PEER);
    s.ephemeral(US, PEER, 2);
    s.fold(Int32Array.of(1));
    for (let i = 0; i < 2; i++) s.tsOffset(US, PEER);
    expect(drawn()).toBe(16);
  });
});

/** The numbers and timestamps of SYN cookies: RFC 4987 §3.6. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COOKIE_MSS, COOKIE_VALID, cookieTimestamp, readCookieTimestamp, SynCookies } from './syn-cookie.ts';
import { seeded } from './world.fixture.ts';

const [US, PEER, PORTS, SEQ] = [0x0a00_0001, 0x0a00_0002, (40_000 << 16) | 80, 0x1234_5678];
const MINUTE = 60_000_000;

const cookies = (seed = 1): SynCookies => new SynCookies(seeded(seed));

describe('a cookie', () => {
  it.each([
    [1, 536],
    [536, 536],
    [1299, 536],
    [1300, 1300],
    [1439, 1300],
    [1440, 1440],
    [1459, 1440],
    [1460, 1460],
    [65_535, 1460],
  ])('of an MSS of %i tells %i', (mss, told) => {
    const c = cookies();
    expect(c.check(5, US, PEER, PORTS, SEQ, c.make(5, US, PEER, PORTS, SEQ, mss))).toBe(told);
  });

  it('is good for the minute it was made in and the next', () => {
    const c = cookies();
    expect(COOKIE_VALID).toBe(120);
    for (const made of [0, 59_999_999, 254 * MINUTE, 255 * MINUTE, 256 * MINUTE, 1e6 * MINUTE]) {
      const cookie = c.make(made, US, PEER, PORTS, SEQ, 1460);
      const end = (Math.floor(made / MINUTE) + 2) * MINUTE;
      for (const now of [made, end - MINUTE, end - 1])
        expect(c.check(now, US, PEER, PORTS, SEQ, cookie)).toBe(1460);
      for (const now of [end, end + 100 * MINUTE]) expect(c.check(now, US, PEER, PORTS, SEQ, cookie)).toBe(0);
      if (made >= MINUTE) expect(c.check(made - MINUTE, US, PEER, PORTS, SEQ, cookie)).toBe(0);
    }
  });

  it('is of one host, one connection and one number of the peer', () => {
    const c = cookies();
    const cookie = c.make(0, US, PEER, PORTS, SEQ, 1460);
    expect(c.check(0, US, PEER, PORTS, SEQ, cookie)).toBe(1460);
    expect(cookies(2).check(0, US, PEER, PORTS, SEQ, cookie)).toBe(0);
    expect(c.check(0, US + 1, PEER, PORTS, SEQ, cookie)).toBe(0);
    expect(c.check(0, US, PEER + 1, PORTS, SEQ, cookie)).toBe(0);
    expect(c.check(0, US, PEER, PORTS + 1, SEQ, cookie)).toBe(0);
    expect(c.check(0, US, PEER, PORTS, SEQ + 4, cookie)).toBe(0);
  });

  it('is hard to guess: eight numbers of 2^32 are good', () => {
    const c = cookies(3);
    const random = seeded(4);
    let good = 0;
    for (let i = 0; i < 1_000_000; i++) if (c.check(0, US, PEER, PORTS, SEQ, random() | 0) !== 0) good++;
    // 2 periods of 256, times COOKIE_MSS.length of 2^24: 0.002 expected.
    expect(good).toBe(0);
  });

  it('comes back as it was, whatever the connection and the time', () => {
    const c = cookies();
    const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    const args = fc.tuple(fc.maxSafeNat(), word, word, word, word, fc.nat(3), fc.nat(MINUTE));
    fc.assert(
      fc.property(args, ([now, saddr, daddr, ports, seq, index, later]) => {
        const mss = COOKIE_MSS[index] as number;
        const cookie = c.make(now, saddr, daddr, ports, seq, mss);
        expect(cookie).toBe(cookie | 0);
        expect(c.check(now + later, saddr, daddr, ports, seq >>> 0, cookie >>> 0)).toBe(mss);
      }),
    );
  });
});

describe('a timestamp', () => {
  const options = fc.record(
    { sackOk: fc.boolean(), wscaleOk: fc.boolean(), sndWscale: fc.nat(14), ecnOk: fc.boolean() },
    { noNullPrototype: true },
  );

  it('tells the options, and is at most 64 ticks old', () => {
    fc.assert(
      fc.property(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), options, (clock, told) => {
        const stamp = cookieTimestamp(clock, told);
        expect(stamp).toBe(stamp | 0);
        expect((clock - stamp) >>> 0).toBeLessThan(64);
        const read = { sackOk: false, wscaleOk: false, sndWscale: 0, ecnOk: false };
        readCookieTimestamp(stamp, read);
        expect(read).toEqual({ ...told, sndWscale: told.wscaleOk ? told.sndWscale : 0 });
      }),
    );
  });

  it.each([
    [1000, { sackOk: true, wscaleOk: true, sndWscale: 7, ecnOk: false }, 960 + 0x17],
    [1000, { sackOk: true, wscaleOk: true, sndWscale: 7, ecnOk: true }, 960 - 64 + 0x37],
    [1000, { sackOk: false, wscaleOk: false, sndWscale: 0, ecnOk: false }, 960 + 0xf],
    [1000, { sackOk: false, wscaleOk: true, sndWscale: 0, ecnOk: false }, 960],
  ])('at %i of %j is %i', (clock, told, stamp) => {
    expect(cookieTimestamp(clock, told)).toBe(stamp);
  });
});

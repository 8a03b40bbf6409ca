import { describe, expect, it } from 'vitest';
import { FastopenKeys, HostKeys } from './fastopen-cookie.ts';
import { seeded, sysctls } from './fixture.ts';

/** 00 01 02 … */
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const hex = (cookie: Uint8Array): string =>
  Array.from(cookie, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('FastopenKeys', () => {
  it('hashes both addresses as they lie in the packet: SipHash-2-4 of 00 01 … 07, key 00 01 … 0f (its reference vectors, length 8)', () => {
    expect(hex(new FastopenKeys(bytes(16)).cookie(0x0001_0203, 0x0405_0607))).toBe('6224939a79f5f593');
  });

  it('takes addresses as int32 and as u32', () => {
    const keys = new FastopenKeys(bytes(16));
    expect(keys.cookie(0xc000_0201, 0xc0a8_0001)).toEqual(keys.cookie(0xc000_0201 | 0, 0xc0a8_0001 | 0));
  });

  it('makes cookies with the first key, and tells whose one is', () => {
    const both = bytes(32);
    const keys = new FastopenKeys(both);
    const first = new FastopenKeys(both.slice(0, 16)).cookie(1, 2);
    const second = new FastopenKeys(both.slice(16)).cookie(1, 2);
    expect(keys.cookie(1, 2)).toEqual(first);
    expect([keys.check(first, 1, 2), keys.check(second, 1, 2)]).toEqual([1, 2]);
    expect([keys.check(first, 2, 1), keys.check(first, 1, 3), keys.check(first.slice(0, 6), 1, 2)]).toEqual([
      0, 0, 0,
    ]);
  });

  it.each([0, 8, 17, 31, 48])('refuses %i bytes', (length) => {
    expect(() => new FastopenKeys(bytes(length))).toThrow(RangeError);
  });
});

describe('HostKeys', () => {
  const host = () => {
    const sysctl = sysctls();
    const drawn: string[] = [];
    return { sysctl, drawn, keys: new HostKeys(sysctl, seeded(3), (text) => drawn.push(text)) };
  };

  it('has none until one is needed, draws it once and tells', () => {
    const { drawn, keys } = host();
    expect(keys.current).toBeUndefined();
    keys.init();
    const first = keys.current;
    keys.init();
    expect(keys.current).toBe(first);
    expect(drawn).toHaveLength(1);
    expect(drawn[0]).toMatch(/^([0-9a-f]{8}-){3}[0-9a-f]{8}$/);
  });

  it('reads tcp_fastopen_key, each word from its least byte, whenever it changes', () => {
    const { drawn, keys, sysctl } = host();
    sysctl.tcp_fastopen_key = '03020100-07060504-0b0a0908-0f0e0d0c';
    keys.init();
    expect(drawn).toEqual([]);
    expect(keys.current?.bytes).toEqual(bytes(16));
    sysctl.tcp_fastopen_key += ',13121110-17161514-1b1a1918-1f1e1d1c';
    expect(keys.current?.bytes).toEqual(bytes(32));
  });
});

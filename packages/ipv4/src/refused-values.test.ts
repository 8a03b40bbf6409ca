import { alloc, viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

const BYTES = hex`45 00 001c 0001 0000 40 11 f97c c0a80001 c0a80002`;
const HEADER = ipv4.decode(BYTES);
const TEXT = '10.0.0.1' as unknown as number;
const HINT = '"10.0.0.1" is not in 0..4294967295; parseAddress reads text';

describe('an offset', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 21, '0'])(
    'of %s is no place in 20 bytes',
    (offset) => {
      expect(() => ipv4.decode(BYTES, offset as number)).toThrow(RangeError);
      const into = new Uint8Array(20).fill(0xa5);
      expect(() => ipv4.encode(HEADER, into, offset as number)).toThrow(RangeError);
      expect(into).toEqual(new Uint8Array(20).fill(0xa5));
    },
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %s begins no fresh array', (offset) => {
    expect(() => ipv4.encode(HEADER, undefined, offset)).toThrow(`ipv4: offset ${offset} is not in 0..`);
  });

  it('at the end of the bytes is a truncation', () => {
    expect(() => ipv4.decode(BYTES, 20)).toThrow(
      expect.objectContaining({ code: 'IPV4_TRUNCATED', offset: 20 }),
    );
  });
});

describe('a message', () => {
  it('says how to make a number of an address that is text', () => {
    const skb = alloc(0, 64);
    const route: ipv4.Option[] = [{ kind: ipv4.IPOPT_RR, pointer: 4, route: [TEXT] }];
    expect(() => ipv4.encode({ ...HEADER, saddr: TEXT })).toThrow(`ipv4: saddr ${HINT}`);
    expect(() => ipv4.push(skb, { protocol: 1, saddr: 1, daddr: TEXT })).toThrow(`ipv4: daddr ${HINT}`);
    expect(() => ipv4.push(skb, { protocol: 1, saddr: 1, daddr: 2, options: route })).toThrow(
      `ipv4: option route ${HINT}`,
    );
    expect(() => ipv4.formatAddress(TEXT)).toThrow(`ipv4: address ${HINT}`);
    expect(() => ipv4.setSaddr(viewOf(BYTES.slice()), 0, TEXT)).toThrow(`ipv4: saddr ${HINT}`);
    expect(() => ipv4.pseudoSum({ saddr: 1, daddr: TEXT, protocol: 6 }, 20)).toThrow(`ipv4: daddr ${HINT}`);
    skb.free();
  });

  it('quotes text, and has no such hint for other fields', () => {
    expect(() => ipv4.encode({ ...HEADER, ttl: '64' as unknown as number })).toThrow(
      /^ipv4: ttl "64" is not in 0\.\.255$/,
    );
  });
});

describe('formatAddress', () => {
  it.each([Number.NaN, 0.5, 2 ** 32, -(2 ** 31) - 1, Number.POSITIVE_INFINITY, undefined])(
    'refuses %s',
    (address) => {
      expect(() => ipv4.formatAddress(address as number)).toThrow(RangeError);
    },
  );

  it('takes the ends of both ranges', () => {
    expect([0, 2 ** 32 - 1, -(2 ** 31), -1].map(ipv4.formatAddress)).toEqual([
      ...['0.0.0.0', '255.255.255.255', '128.0.0.0', '255.255.255.255'],
    ]);
  });
});

describe('pseudoSum', () => {
  const header = { saddr: 1, daddr: 2, protocol: 6 };

  it.each([
    ['saddr', Number.NaN],
    ['saddr', undefined],
    ['daddr', 2 ** 32],
    ['protocol', '6'],
    ['protocol', 256],
    ['protocol', undefined],
  ])('refuses a %s of %s', (field, value) => {
    const act = (): number => ipv4.pseudoSum({ ...header, [field]: value }, 20);
    expect(act).toThrow(RangeError);
    expect(act).toThrow(`ipv4: ${field} `);
  });

  it('refuses a length that is text', () => {
    expect(() => ipv4.pseudoSum(header, '20' as unknown as number)).toThrow(
      'ipv4: length "20" is not in 0..',
    );
  });

  it('takes addresses signed and unsigned', () => {
    const unsigned = { saddr: 0xc0a8_010a, daddr: 0xffff_ffff, protocol: 6 };
    const signed = { saddr: 0xc0a8_010a | 0, daddr: -1, protocol: 6 };
    expect(ipv4.pseudoSum(signed, 20)).toBe(ipv4.pseudoSum(unsigned, 20));
  });
});

describe('size', () => {
  it('takes what push takes', () => {
    expect(ipv4.size({ protocol: 6, saddr: 1, daddr: 2 })).toBe(20);
    expect(ipv4.size({ protocol: 6, saddr: 1, daddr: 2, options: [{ kind: ipv4.IPOPT_NOOP }] })).toBe(24);
    expect(ipv4.size({})).toBe(20);
  });
});

import { viewOf } from '@stack/skbuff';
import { codecLaws, skbLaws } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';
import { address, header, headerWith, option, options, prefix, pushHeader } from './testing.ts';

codecLaws({ describe, it }, 'ipv4', ipv4, header(), {
  readers: [
    ...['version', 'ihl', 'tos', 'totLen', 'id', 'flags', 'fragOff'],
    ...['ttl', 'protocol', 'saddr', 'daddr'],
  ],
});
skbLaws({ describe, it }, 'ipv4', ipv4, pushHeader(), { trims: true });

/** The header checksum, the slow and plain way: RFC 1071 §1 to the letter. */
function naive(bytes: Uint8Array): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) {
    if (i !== 10) sum += BigInt((bytes[i] as number) * 256 + (bytes[i + 1] as number));
  }
  while (sum > 0xffffn) sum = (sum & 0xffffn) + (sum >> 16n);
  return 0xffff - Number(sum);
}

describe('checksum', () => {
  it('agrees with a naive one', () => {
    fc.assert(
      fc.property(header(), (any) => {
        const bytes = ipv4.encode(any);
        ipv4.sendCheck(viewOf(bytes), 0);
        expect(ipv4.checksum(viewOf(bytes), 0)).toBe(naive(bytes));
        expect(ipv4.verify(viewOf(bytes), 0)).toBe(true);
      }),
    );
  });

  it('notices any flipped bit', () => {
    fc.assert(
      fc.property(header(), fc.nat(), (any, draw) => {
        const bytes = ipv4.encode(any);
        ipv4.sendCheck(viewOf(bytes), 0);
        const bit = draw % (bytes.length * 8);
        // Bits of the IHL change what is summed: that is `check`'s to notice.
        if (bit >= 4 && bit < 8) return;
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
        expect(ipv4.verify(viewOf(bytes), 0)).toBe(false);
      }),
    );
  });
});

describe('options', () => {
  it('any bytes read to a list of the same length that writes them back', () => {
    const area = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));
    const likely = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 68, 130, 131, 136, 137, 148, 255), {
      maxLength: 40,
    });
    const words = likely.map((bytes) => Uint8Array.from(bytes.slice(0, bytes.length & ~3)));
    fc.assert(
      fc.property(fc.oneof(area, words), headerWith({ options: [] }), (bytes, plain) => {
        const list = ipv4.readOptions(viewOf(bytes), 0, bytes.length);
        expect(ipv4.optionsLength(list)).toBe(bytes.length);
        const whole = { ...plain, ihl: 5 + bytes.length / 4, options: list };
        const encoded = ipv4.encode({ ...whole, totLen: Math.max(plain.totLen, 60) });
        expect(encoded.slice(20)).toEqual(bytes);
        const fault = ipv4.checkOptions(viewOf(encoded), 0);
        if (fault) expect(fault.pointer >= 20 && fault.pointer < encoded.length).toBe(true);
        // What cannot be read cannot be accepted.
        if (list.at(-1)?.kind === ipv4.IPOPT_MALFORMED) expect(fault).toBeDefined();
      }),
    );
  });

  it('an option alone reads back as itself', () => {
    fc.assert(
      fc.property(option(), (one) => {
        const bytes = ipv4.encode({ ...ipv4.decode(new Uint8Array(ZERO)), options: [one] });
        expect(ipv4.readOptions(viewOf(bytes), 20, 20 + ipv4.optionLength(one))).toStrictEqual([one]);
      }),
    );
  });

  it('lists are aligned and within their bound', () => {
    fc.assert(
      fc.property(options({ maxOptions: 12 }), (list) => {
        expect(ipv4.optionsLength(list) % 4).toBe(0);
        expect(ipv4.optionsLength(list)).toBeLessThanOrEqual(12);
      }),
    );
  });
});

/** The least legal header. */
const ZERO = [0x45, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

describe('addresses and prefixes', () => {
  it('parse undoes format', () => {
    fc.assert(
      fc.property(address(), prefix(), (one, network) => {
        expect(ipv4.parseAddress(ipv4.formatAddress(one))).toBe(one);
        expect(ipv4.parsePrefix(ipv4.formatPrefix(network))).toStrictEqual(network);
      }),
    );
  });

  it('a prefix contains an address when their first bits agree', () => {
    fc.assert(
      fc.property(address(), prefix(), (one, { address: two, length }) => {
        const bits = (value: number): string => value.toString(2).padStart(32, '0').slice(0, length);
        expect(ipv4.contains({ address: two, length }, one)).toBe(bits(one) === bits(two));
      }),
    );
  });

  it('any text is an address or a RangeError', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789.. /x'), maxLength: 16 });
    fc.assert(
      fc.property(text, (any) => {
        const strict = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(any);
        if (strict) expect(ipv4.formatAddress(ipv4.parseAddress(any))).toBe(any);
        else expect(() => ipv4.parseAddress(any)).toThrow(RangeError);
      }),
    );
  });
});

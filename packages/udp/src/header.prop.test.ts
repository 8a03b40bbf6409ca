import { viewOf, wrap } from '@stack/skbuff';
import { codecLaws, skbLaws } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as udp from './index.ts';
import { header, headerWith, pushHeader } from './testing.ts';

codecLaws({ describe, it }, 'udp', udp, header(), { readers: ['source', 'dest', 'len'] });
skbLaws({ describe, it }, 'udp', udp, pushHeader(), { trims: true });

/** The checksum, the slow and plain way: RFC 768 to the letter. */
function naive(bytes: Uint8Array, pseudo: number): number {
  let sum = BigInt(pseudo);
  for (let i = 0; i < bytes.length; i += 2) {
    if (i !== 6) sum += BigInt((bytes[i] as number) * 256 + (bytes[i + 1] ?? 0));
  }
  while (sum > 0xffffn) sum = (sum & 0xffffn) + (sum >> 16n);
  return 0xffff - Number(sum) || 0xffff;
}

const datagram = fc
  .tuple(header(), fc.uint8Array({ maxLength: 64 }))
  .map(([one, payload]) => Uint8Array.of(...udp.encode({ ...one, len: 8 + payload.length }), ...payload));

describe('checksum', () => {
  it('agrees with a naive one', () => {
    fc.assert(
      fc.property(datagram, fc.nat(0xffff), (bytes, pseudo) => {
        expect(udp.checksumOf(viewOf(bytes), 0, bytes.length, pseudo)).toBe(naive(bytes, pseudo));
      }),
    );
  });

  it('notices any flipped bit', () => {
    fc.assert(
      fc.property(datagram, fc.nat(0xffff), fc.nat(), (bytes, pseudo, draw) => {
        const check = udp.checksumOf(viewOf(bytes), 0, bytes.length, pseudo);
        bytes.set([check >> 8, check & 0xff], 6);
        expect(udp.verify(wrap(bytes), pseudo)).toBe(true);
        const bit = draw % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
        // A check that becomes 0 says that there is none: RFC 768's one blind spot.
        const none = bytes[6] === 0 && bytes[7] === 0;
        expect(udp.verify(wrap(bytes), pseudo)).toBe(none);
      }),
    );
  });
});

describe('arbitraries', () => {
  it('headerWith keeps what it is given', () => {
    fc.assert(
      fc.property(headerWith({ dest: 53 }), (one) => {
        expect(one.dest).toBe(53);
      }),
    );
  });
});

import { viewOf, wrap } from '@stack/skbuff';
import { codecLaws, hostile, skbLaws } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as icmp from './index.ts';
import { header, headerWith, message, pushHeader } from './testing.ts';

codecLaws({ describe, it }, 'icmp', icmp, header(), { readers: ['type', 'code', 'rest'] });
skbLaws({ describe, it }, 'icmp', icmp, pushHeader());

describe('messages', () => {
  it('decodeMessage undoes encodeMessage', () => {
    fc.assert(
      fc.property(message(), fc.nat(9), (one, offset) => {
        const bytes = icmp.encodeMessage(one);
        expect(icmp.decodeMessage(bytes)).toStrictEqual(one);
        expect(icmp.decodeMessage(Uint8Array.of(...new Uint8Array(offset), ...bytes), offset)).toStrictEqual(
          one,
        );
        expect(icmp.verify(wrap(bytes))).toBe(true);
        expect(icmp.messageSize(one)).toBe(bytes.length);
      }),
    );
  });

  it('any bytes of eight or more are a message that gives them back, and one line of text', () => {
    const valid = message().map((one) => icmp.encodeMessage(one));
    fc.assert(
      fc.property(hostile(valid), (bytes) => {
        if (bytes.length < icmp.HLEN) return;
        const one = icmp.decodeMessage(bytes);
        expect(icmp.encodeMessage(one)).toEqual(bytes);
        expect(icmp.formatMessage(one)).toMatch(/^ICMP [^\n\r]+$/);
      }),
    );
  });

  it('any bytes: the parts of a quote lie within them', () => {
    const valid = message().map((one) => icmp.encodeMessage(one));
    fc.assert(
      fc.property(hostile(valid), (bytes) => {
        if (bytes.length < icmp.HLEN) return;
        const view = viewOf(bytes);
        const length = icmp.quoteLength(view, 0, bytes.length);
        expect(length >= 0 && icmp.HLEN + length <= bytes.length).toBe(true);
        const transport = icmp.quotedTransport(view, 0, bytes.length);
        if (transport >= 0) expect(transport >= 28 && transport + 8 <= icmp.HLEN + length).toBe(true);
        const extensions = icmp.extensionsOffset(view, 0, bytes.length);
        if (extensions < 0) return;
        const structure = icmp.readExtensions(view, extensions, bytes.length);
        expect(icmp.extensionsSize(structure)).toBe(bytes.length - extensions);
      }),
    );
  });
});

describe('checksum', () => {
  it('notices any flipped bit', () => {
    fc.assert(
      fc.property(message(), fc.nat(), (one, draw) => {
        const bytes = icmp.encodeMessage(one);
        const bit = draw % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
        expect(icmp.verify(wrap(bytes))).toBe(false);
      }),
    );
  });
});

describe('arbitraries', () => {
  it('headerWith keeps what it is given', () => {
    fc.assert(
      fc.property(headerWith({ type: 8 }), (one) => {
        expect(one.type).toBe(8);
      }),
    );
  });
});

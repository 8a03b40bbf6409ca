import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, packet } from './fixture.ts';
import { readQuote } from './quote.ts';

const PACKET = packet(
  { saddr: '10.0.0.1', daddr: '10.0.0.2', protocol: 6, tos: 4, options: [{ kind: 148, value: 0 }] },
  hex`0001000200000003`,
);

describe('a quoted header', () => {
  it('says whose packet it was and where its transport header starts', () => {
    const bytes = hex`a5a5 ${PACKET}`;
    expect(readQuote(viewOf(bytes), 2, bytes.length)).toEqual({
      saddr: ip4('10.0.0.1'),
      daddr: ip4('10.0.0.2'),
      protocol: 6,
      tos: 4,
      fragOff: 0,
      transport: 26,
      length: 8,
    });
  });

  it.each([
    ['19 bytes', PACKET.slice(0, 19)],
    ['fewer bytes than its IHL', PACKET.slice(0, 23)],
    ['another version', hex`65 ${PACKET.slice(1)}`],
    ['an IHL below 5', hex`44 ${PACKET.slice(1)}`],
  ])('is none with %s', (_, bytes) => {
    expect(readQuote(viewOf(bytes), 0, bytes.length)).toBeUndefined();
  });

  it('may be any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const quote = readQuote(viewOf(bytes), 0, bytes.length);
        if (quote !== undefined) expect(quote.transport + quote.length).toBe(bytes.length);
      }),
    );
  });
});

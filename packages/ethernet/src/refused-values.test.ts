import { alloc, viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ethernet from './index.ts';

const BYTES = hex`020000000001 020000000002 0800`;
const HEADER = ethernet.decode(BYTES);

describe('an offset', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 15, '0'])(
    'of %s is no place in 14 bytes',
    (offset) => {
      expect(() => ethernet.decode(BYTES, offset as number)).toThrow(RangeError);
      const into = new Uint8Array(14).fill(0xa5);
      expect(() => ethernet.encode(HEADER, into, offset as number)).toThrow(RangeError);
      expect(into).toEqual(new Uint8Array(14).fill(0xa5));
    },
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %s begins no fresh array', (offset) => {
    expect(() => ethernet.encode(HEADER, undefined, offset)).toThrow(
      `ethernet: offset ${offset} is not in 0..`,
    );
  });

  it('at the end of the bytes is a truncation', () => {
    expect(() => ethernet.decode(BYTES, 14)).toThrow(
      expect.objectContaining({ code: 'ETH_TRUNCATED', offset: 14 }),
    );
  });
});

describe('a message', () => {
  const text = '02:00:00:00:00:01' as unknown as number;
  const wanted = 'dest "02:00:00:00:00:01" is not in 0..281474976710655; parseMac reads text';

  it('says how to make a number of an address that is text', () => {
    const skb = alloc(0, 64);
    expect(() => ethernet.encode({ ...HEADER, dest: text })).toThrow(`ethernet: ${wanted}`);
    expect(() => ethernet.push(skb, { ...HEADER, dest: text })).toThrow(`ethernet: ${wanted}`);
    expect(() => ethernet.setDest(viewOf(BYTES.slice()), 0, text)).toThrow(`ethernet: ${wanted}`);
    expect(() => ethernet.formatMac(text)).toThrow('is not in 0..281474976710655; parseMac reads text');
    skb.free();
  });

  it('quotes text, and has no such hint for other fields', () => {
    expect(() => ethernet.encode({ ...HEADER, proto: '2048' as unknown as number })).toThrow(
      /^ethernet: proto "2048" is not in 0\.\.65535$/,
    );
  });

  it('is the same for a TCI', () => {
    expect(() => ethernet.tci(4096)).toThrow('ethernet: vid 4096 is not in 0..4095');
    expect(() => ethernet.tci(0, 8)).toThrow('ethernet: pcp 8 is not in 0..7');
    expect(() => ethernet.tci(0, 0, 2)).toThrow('ethernet: dei 2 is not in 0..1');
  });
});

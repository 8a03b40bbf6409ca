import { alloc } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';

const BYTES = hex`1234 5678 9abcdef0 0fedcba9 5b55 fffe abcd 8001`;
const HEADER = tcp.decode(BYTES);

describe('an offset', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 21, '0'])(
    'of %s is no place in 20 bytes',
    (offset) => {
      expect(() => tcp.decode(BYTES, offset as number)).toThrow(RangeError);
      const into = new Uint8Array(20).fill(0xa5);
      expect(() => tcp.encode(HEADER, into, offset as number)).toThrow(RangeError);
      expect(into).toEqual(new Uint8Array(20).fill(0xa5));
    },
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %s begins no fresh array', (offset) => {
    expect(() => tcp.encode(HEADER, undefined, offset)).toThrow(`tcp: offset ${offset} is not in 0..`);
  });

  it('at the end of the bytes is a truncation', () => {
    expect(() => tcp.decode(BYTES, 20)).toThrow(
      expect.objectContaining({ code: 'TCP_TRUNCATED', offset: 20 }),
    );
  });
});

describe('a message', () => {
  it('names the field, quotes text and gives the range', () => {
    const skb = alloc(0, 64);
    const port = '80' as unknown as number;
    expect(() => tcp.encode({ ...HEADER, dest: port })).toThrow('tcp: dest "80" is not in 0..65535');
    expect(() => tcp.push(skb, { ...HEADER, source: -1 })).toThrow('tcp: source -1 is not in 0..65535');
    skb.free();
  });
});

describe('sizes', () => {
  const options: tcp.Option[] = [{ kind: tcp.TCPOPT_WINDOW, wscale: 2 }];

  it('optionsLength counts the options, size what aligns them too', () => {
    expect([tcp.optionsLength([]), tcp.optionsLength(options)]).toEqual([0, 3]);
    expect(tcp.size({ options })).toBe(24);
  });

  it('size takes what push takes', () => {
    const segment = { source: 1, dest: 2, seq: 3, flags: tcp.SYN, window: 4 };
    expect(tcp.size({ ...segment, options })).toBe(24);
    expect(tcp.size(segment)).toBe(20);
    expect(tcp.size({})).toBe(20);
  });

  it('CSUM_OFFSET is a literal', () => {
    const offset: 16 = tcp.CSUM_OFFSET;
    expect(offset).toBe(16);
  });
});

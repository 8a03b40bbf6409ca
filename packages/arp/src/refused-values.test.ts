import { alloc } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as arp from './index.ts';

const HEADER = arp.request(1, 2, 3);
const BYTES = arp.encode(HEADER);

describe('an offset', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 29, '0'])(
    'of %s is no place in 28 bytes',
    (offset) => {
      expect(() => arp.decode(BYTES, offset as number)).toThrow(RangeError);
      const into = new Uint8Array(28).fill(0xa5);
      expect(() => arp.encode(HEADER, into, offset as number)).toThrow(RangeError);
      expect(into).toEqual(new Uint8Array(28).fill(0xa5));
    },
  );

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('of %s begins no fresh array', (offset) => {
    expect(() => arp.encode(HEADER, undefined, offset)).toThrow(`arp: offset ${offset} is not in 0..`);
  });

  it('at the end of the bytes is a truncation', () => {
    expect(() => arp.decode(BYTES, 28)).toThrow(
      expect.objectContaining({ code: 'ARP_TRUNCATED', offset: 28 }),
    );
  });
});

describe('a message', () => {
  it('quotes text and says how to make a number of it', () => {
    const mac = '02:00:00:00:00:01' as unknown as number;
    const ip = '10.0.0.1' as unknown as number;
    expect(() => arp.probe(mac, 1)).toThrow(
      'arp: sender hardware address "02:00:00:00:00:01" is not in 0..281474976710655; ethernet.parseMac reads text',
    );
    expect(() => arp.request(1, 2, ip)).toThrow(
      'arp: target protocol address "10.0.0.1" is not in 0..4294967295; ipv4.parseAddress reads text',
    );
    expect(() => arp.encode({ ...HEADER, op: '1' as unknown as number })).toThrow(
      /^arp: op "1" is not in 0\.\.65535$/,
    );
  });

  it.each(['sha', 'spa', 'tha', 'tpa'])('tells %s that is text or a number from bytes', (field) => {
    const skb = alloc(0, 64);
    for (const value of ['10.0.0.1', 7]) {
      const wrong = { ...HEADER, [field]: value };
      expect(() => arp.encode(wrong)).toThrow(RangeError);
      expect(() => arp.encode(wrong)).toThrow(`arp: ${field} ${JSON.stringify(value)} is no Uint8Array`);
      expect(() => arp.push(skb, wrong)).toThrow(`arp: ${field} ${JSON.stringify(value)} is no Uint8Array`);
    }
    expect(skb.len).toBe(0);
    skb.free();
  });
});

describe('push', () => {
  it('says what the packet is', () => {
    const skb = alloc(0, 64);
    arp.push(skb, HEADER);
    expect([skb.protocol, arp.ETH_P_ARP]).toEqual([0x0806, 0x0806]);
    skb.free();
  });
});

describe('MAX_HLEN', () => {
  it('is the longest packet there is', () => {
    const most = new Uint8Array(255);
    expect(arp.size({ sha: most, spa: most, tha: most, tpa: most })).toBe(arp.MAX_HLEN);
    expect(
      hex`${arp.encode({ ...HEADER, hlen: 255, plen: 255, sha: most, spa: most, tha: most, tpa: most })}`,
    ).toHaveLength(arp.MAX_HLEN);
  });
});

import * as ipv4 from '@stack/ipv4';
import { alloc, type SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { flowHash } from './flow-hash.ts';

interface Packet {
  saddr?: number;
  daddr?: number;
  protocol?: number;
  source?: number;
  dest?: number;
  fragOff?: number;
  flags?: number;
  bytes?: number;
}

/** A packet with a link header of 14 bytes in front. */
function packet({
  saddr = 1,
  daddr = 2,
  protocol = 6,
  source = 3,
  dest = 4,
  fragOff = 0,
  flags = 0,
  bytes = 20,
}: Packet): SkBuff {
  const skb = alloc(100, 60);
  const at = skb.put(bytes);
  if (bytes >= 4) {
    skb.view.setUint16(at, source);
    skb.view.setUint16(at + 2, dest);
  }
  ipv4.push(skb, { protocol, saddr, daddr, fragOff, flags });
  skb.push(14);
  return skb;
}

function hashOf(what: Packet): number {
  const skb = packet(what);
  const hash = flowHash(skb);
  expect(flowHash(skb)).toBe(hash);
  expect(skb.hash).toBe(hash);
  skb.free();
  return hash;
}

describe('the hash of a flow', () => {
  it('is the same for all of its packets, and differs with any part of what makes a flow', () => {
    const flow = hashOf({});
    expect(hashOf({ bytes: 40 })).toBe(flow);
    const others = [
      { saddr: 9 },
      { daddr: 9 },
      { protocol: 17 },
      { source: 9 },
      { dest: 9 },
      { source: 4, dest: 3 },
    ];
    expect(new Set([flow, ...others.map(hashOf)]).size).toBe(7);
  });

  it('leaves ports out where not all packets of the flow have them', () => {
    const whole = hashOf({ protocol: 47 });
    expect(hashOf({ protocol: 47, source: 9 })).toBe(whole);
    const fragment = hashOf({ fragOff: 8 });
    expect(hashOf({ fragOff: 8, source: 9 })).toBe(fragment);
    expect(hashOf({ flags: ipv4.FLAG_MF, source: 9 })).toBe(fragment); // the first one goes with the others
    expect(hashOf({ bytes: 3 })).toBe(fragment);
  });

  it('spreads flows: a thousand fill 1024 places as dice would', () => {
    const places = new Set(Array.from({ length: 1000 }, (_, i) => hashOf({ source: 32_768 + i }) & 1023));
    expect(places.size).toBeGreaterThan(570);
  });

  it('is one that was known, and none where there is no IPv4', () => {
    const skb = packet({});
    skb.hash = 77;
    expect(flowHash(skb)).toBe(77);
    skb.hash = 0;
    skb.view.setUint8(skb.networkHeader, 0x60);
    expect(flowHash(skb)).toBe(0);
    skb.networkHeader = -1;
    expect(flowHash(skb)).toBe(0);
    skb.free();
  });
});

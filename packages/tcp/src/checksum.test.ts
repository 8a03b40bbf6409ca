import {
  CHECKSUM_COMPLETE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  checksumHelp,
  viewOf,
  wrap,
} from '@stack/skbuff';
import { csumSkb, pseudoIpv4, pseudoIpv6 } from '@stack/skbuff/checksum';
import { build, hex, layouts, payloads, withPool } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import { header } from './testing.ts';

/** Whole segments: addresses, bytes, what the checksum should be. */
const SEGMENTS: [name: string, saddr: number, daddr: number, bytes: string, check: number][] = [
  [
    'tcpdump tests, tcp-handshake-nano.pcap, frame 1',
    0x839bd745,
    0x8974515e,
    'b64000502f842acb00000000a0026a4050c40000020405500402080a436a03620000000001030307',
    0x50c4,
  ],
  [
    'tcpdump tests, ssh.pcap, frame 48',
    0xdf8435de,
    0xca6c57a5,
    '0016f2c29257b836f352059ab0100154e1f300000101010101010101010101010101050af35205faf35205fb',
    0xe1f3,
  ],
  [
    'wrong in the capture, right as tshark says: tcpdump tests, accecn_handshake.pcap, frame 1',
    0x1f8592f8,
    0x42e42b0c,
    '40310050741d4a2d00000000a1c2ffff209c0000020405b4010303060402080a06af3c1500000000',
    0xe443,
  ],
  [
    'wrong in the capture, right as tshark says: tcpdump tests, mptcp-v1.pcap, frame 1',
    0x0a000101,
    0x0a000201,
    '821a271481fbb5fd00000000b002ffff17340000020405b40402080a1baf9ea100000000010303081e040101',
    0x667c,
  ],
];

describe.each(SEGMENTS)('%s', (_, saddr, daddr, text, check) => {
  const bytes = hex(text);
  const pseudo = pseudoIpv4(saddr, daddr, 6, bytes.length);

  it('has the checksum that checksumOf gives, whatever the field holds', () => {
    expect(tcp.checksumOf(viewOf(bytes), 0, bytes.length, pseudo)).toBe(check);
    const other = tcp.encode({ ...tcp.decode(bytes), check: 0xffff });
    expect(tcp.checksumOf(viewOf(other), 0, other.length, pseudo)).toBe(check);
  });

  it('is verified when the field holds it, and not otherwise', () => {
    expect(tcp.verify(wrap(bytes), pseudo)).toBe(tcp.decode(bytes).check === check);
    expect(tcp.verify(wrap(tcp.encode({ ...tcp.decode(bytes), check })), pseudo)).toBe(true);
  });
});

describe('verify', () => {
  const [, saddr, daddr, text] = SEGMENTS[0]!;
  const good = hex(text);
  const bad = tcp.encode({ ...tcp.decode(good), window: 1 });
  const pseudo = pseudoIpv4(saddr, daddr, 6, good.length);

  it('believes a device that found the checksum right, and the sender of a packet that was never on a wire', () => {
    for (const state of [CHECKSUM_UNNECESSARY, CHECKSUM_PARTIAL]) {
      const skb = wrap(bad);
      expect(tcp.verify(skb, pseudo)).toBe(false);
      skb.ipSummed = state;
      expect(tcp.verify(skb, pseudo)).toBe(true);
    }
  });

  it('takes a sum that the device gave, also after the layer below stripped its header', () => {
    for (const [segment, expected] of [
      [good, true],
      [bad, false],
    ] as const) {
      const skb = wrap(hex`45000001 ffee12 ${segment}`);
      skb.ipSummed = CHECKSUM_COMPLETE;
      skb.csum = csumSkb(skb, 0, skb.len);
      skb.pull(7);
      expect(tcp.verify(skb, pseudo)).toBe(expected);
    }
  });

  it('notices one flipped bit anywhere in a segment, however its bytes lie', () => {
    const addresses = fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean());
    const property = fc.property(
      header(),
      payloads(),
      layouts(),
      fc.nat(),
      addresses,
      (h, payload, layout, draw, [address, v6]) => {
        withPool((pool) => {
          const length = tcp.size(h) + payload.length;
          const sum = v6
            ? pseudoIpv6(address, address.slice().reverse(), 6, length)
            : pseudoIpv4(viewOf(address).getUint32(0), viewOf(address).getUint32(4), 6, length);
          const segment = hex`${tcp.encode(h)}${payload}`;
          viewOf(segment).setUint16(16, tcp.checksumOf(viewOf(segment), 0, length, sum));
          const skb = build(pool, segment, layout, 0);
          expect(tcp.verify(skb, sum)).toBe(true);
          skb.free();
          const bit = draw % (length * 8);
          segment.set([segment[bit >> 3]! ^ (1 << (bit & 7))], bit >> 3);
          const flipped = build(pool, segment, layout, 0);
          expect(tcp.verify(flipped, sum)).toBe(false);
          flipped.free();
        });
      },
    );
    fc.assert(property);
  });

  it('accepts what push left to the device, once software stood in for it', () => {
    const property = fc.property(header(), payloads(), layouts(), (h, payload, layout) => {
      withPool((pool) => {
        const skb = build(pool, payload, layout, 64);
        const { doff: _doff, check: _check, ...rest } = h;
        const sum = pseudoIpv4(0x0a000001, 0x0a000002, 6, tcp.size(h) + payload.length);
        tcp.push(skb, rest, sum);
        expect(tcp.verify(skb, sum)).toBe(true);
        checksumHelp(skb);
        expect(skb.ipSummed).not.toBe(CHECKSUM_PARTIAL);
        expect(tcp.verify(skb, sum)).toBe(true);
        skb.free();
      });
    });
    fc.assert(property);
  });
});

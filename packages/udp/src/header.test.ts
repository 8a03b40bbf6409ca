import {
  alloc,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  checksumHelp,
  type SkBuff,
  viewOf,
  wrap,
} from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { hex, refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as udp from './index.ts';

/** tcpdump tests/dns_udp.pcap, frame 1, from the UDP header on: 192.168.1.11 asks 209.87.249.18. */
const QUERY = hex`abbe 0035 0040 7824 5934 0120 0001 0000 0000 0001
  0377777707746370 64756d70036f7267 0000010001 0000291000000000 00000c000a000842 f5d00996f90b13`;
const QUERY_PSEUDO = pseudoIpv4(0xc0a8_010b, 0xd157_f912, 17, 64);

vectors<udp.Header>({ describe, it }, udp, [
  ['tcpdump tests/dns_udp.pcap, frame 1', QUERY, { source: 43_966, dest: 53, len: 64, check: 0x7824 }],
  [
    'tcpdump tests/dns_udp.pcap, frame 2',
    '0035 abbe 00e8 c454 5934 8500',
    { source: 53, dest: 43_966, len: 232, check: 0xc454 },
  ],
  [
    'tcpdump tests/syslog_udp.pcap, frame 1',
    'b9cd 0202 003b 14a8 3c35',
    { source: 47_565, dest: 514, len: 59, check: 0x14a8 },
  ],
  [
    'tcpdump tests/tftp.pcap, frame 3: an acknowledgement, and 14 bytes of padding',
    'af87 e8a5 000c e44f 00040001 0000000000000000000000000000',
    { source: 44_935, dest: 59_557, len: 12, check: 0xe44f },
  ],
  ['no payload, no checksum', '0001 0002 0008 0000', { source: 1, dest: 2, len: 8, check: 0 }],
  ['all ones', 'ffff ffff ffff ffff', { source: 65_535, dest: 65_535, len: 65_535, check: 65_535 }],
]);

refusals({ describe, it }, udp, [
  ['no byte', '', 'UDP_TRUNCATED', 0],
  ['one byte short', '0035 abbe 0008 00', 'UDP_TRUNCATED', 7],
  ['length 0: BIG UDP, tcpdump tests/bigtcp-ipv4-vxlan-ipv4.pcap', '0035 abbe 0000 0000', 'UDP_BAD_LEN', 4],
  ['length 7', '0035 abbe 0007 0000 00', 'UDP_BAD_LEN', 4],
  ['length one above the packet', '0035 abbe 0009 0000', 'UDP_PACKET_TRUNCATED', 8],
  ['length 65535', '0035 abbe ffff 0000 0000', 'UDP_PACKET_TRUNCATED', 10],
]);

/** An skb with `bytes` as payload and room for a header in front. */
function packet(bytes: Uint8Array): SkBuff {
  const skb = alloc(bytes.length, 64);
  skb.putData(bytes);
  return skb;
}

describe('push', () => {
  it('derives the length, and sends no checksum unless told', () => {
    const skb = packet(hex('cafe'));
    udp.push(skb, { source: 1, dest: 2 });
    expect(skb.toBytes()).toEqual(hex('0001 0002 000a 0000 cafe'));
    expect([skb.transportHeader, skb.ipSummed]).toEqual([skb.data, CHECKSUM_NONE]);
    skb.free();
  });

  it('seeds a partial checksum, which completes to that of the capture', () => {
    const skb = packet(QUERY.slice(8));
    udp.push(skb, { source: 43_966, dest: 53 }, QUERY_PSEUDO);
    expect([skb.ipSummed, skb.csumStart, skb.csumOffset]).toEqual([CHECKSUM_PARTIAL, skb.data, 6]);
    expect(udp.checksum(skb.view, skb.data)).toBe(QUERY_PSEUDO);
    expect(checksumHelp(skb)).toBe(true);
    expect(skb.toBytes()).toEqual(QUERY);
    skb.free();
  });

  it('writes a given length and checksum as given', () => {
    const skb = packet(hex('cafe'));
    udp.push(skb, { source: 1, dest: 2, len: 3, check: 0xbeef }, QUERY_PSEUDO);
    expect(skb.toBytes()).toEqual(hex('0001 0002 0003 beef cafe'));
    expect(skb.ipSummed).toBe(CHECKSUM_NONE);
    skb.free();
  });

  it('refuses what does not fit and changes nothing', () => {
    const skb = packet(new Uint8Array(65_528));
    expect(() => udp.push(skb, { source: 1, dest: 2 })).toThrow(/len 65536/);
    skb.pull(1);
    expect(() => udp.push(skb, { source: 65_536, dest: 2 })).toThrow(/source/);
    expect(() => udp.push(skb, { source: 1, dest: -1 })).toThrow(/dest/);
    expect([skb.len, skb.transportHeader]).toEqual([65_527, -1]);
    udp.push(skb, { source: 1, dest: 2 });
    expect(udp.len(skb.view, skb.data)).toBe(65_535);
    skb.free();
  });
});

describe('encode', () => {
  it.each([
    ['source', 65_536],
    ['dest', -1],
    ['len', 1.5],
    ['check', Number.NaN],
  ])('refuses %s %d before it writes', (field, value) => {
    const into = new Uint8Array(8).fill(0xa5);
    const header = { source: 1, dest: 2, len: 8, check: 0, [field]: value };
    expect(() => udp.encode(header, into)).toThrow(field);
    expect(into).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it('writes a length below 8 as given', () => {
    expect(udp.encode({ source: 0, dest: 0, len: 0, check: 0 })).toEqual(new Uint8Array(8));
  });
});

describe('verify', () => {
  it('is true for the capture and false for it with another pseudo-header', () => {
    const skb = wrap(QUERY.slice());
    expect(udp.verify(skb, QUERY_PSEUDO)).toBe(true);
    expect(udp.verify(skb, QUERY_PSEUDO + 1)).toBe(false);
  });

  it('a checksum of 0 is none, and right with any pseudo-header', () => {
    const bytes = QUERY.slice();
    bytes.fill(0, 6, 8);
    expect(udp.verify(wrap(bytes), 0x1234)).toBe(true);
  });

  it('checksumOf gives what stands in the capture, whatever the field holds', () => {
    const bytes = QUERY.slice();
    bytes.fill(0xa5, 6, 8);
    expect(udp.checksumOf(viewOf(bytes), 0, bytes.length, QUERY_PSEUDO)).toBe(0x7824);
  });

  it('a computed 0 is sent as 0xffff, and that verifies', () => {
    // 0xffff - (0x0001 + 0x0002 + 0x000a + 0x0000) = 0xfff2 as payload gives a sum of 0xffff, a checksum of 0.
    const bytes = hex('0001 0002 000a 0000 fff2');
    expect(udp.checksumOf(viewOf(bytes), 0, 10, 0)).toBe(0xffff);
    bytes.fill(0xff, 6, 8);
    expect(udp.verify(wrap(bytes), 0)).toBe(true);
  });
});

describe('gsoFixup', () => {
  it('gives each datagram its length and its share of the pseudo-header', () => {
    const old = 8 + 3000;
    const bytes = udp.encode({ source: 1, dest: 2, len: old, check: pseudoIpv4(1, 2, 17, old) });
    udp.gsoFixup(viewOf(bytes), 0, old, 8 + 1000);
    expect(udp.decode(bytes)).toEqual({
      source: 1,
      dest: 2,
      len: 1008,
      check: pseudoIpv4(1, 2, 17, 1008),
    });
  });

  it('undoes a length above 0xffff', () => {
    const old = 8 + 70_000;
    const bytes = udp.encode({ source: 1, dest: 2, len: 0, check: pseudoIpv4(1, 2, 17, old) });
    udp.gsoFixup(viewOf(bytes), 0, old, 8);
    expect(udp.checksum(viewOf(bytes), 0)).toBe(pseudoIpv4(1, 2, 17, 8));
  });
});

describe('format', () => {
  it.each([
    [{ source: 53, dest: 1234, len: 45, check: 0 }, '53 > 1234: UDP, length 37'],
    [{ source: 53, dest: 1234, len: 8, check: 1 }, '53 > 1234: UDP, length 0'],
    [{ source: 53, dest: 1234, len: 7, check: 1 }, '53 > 1234: UDP, bad length 7'],
  ])('%j', (header, text) => {
    expect(udp.format(header)).toBe(text);
  });
});

import { alloc, isWireError, type SkBuff, viewOf, wrap } from '@stack/skbuff';
import { hex, refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

/** A header without options, for rows that change a byte or two of it. */
const PLAIN = hex('45 00 001c 0001 0000 40 11 f97c c0a80001 c0a80002');

const BASE: ipv4.Header = {
  version: 4,
  ihl: 5,
  tos: 0,
  totLen: 28,
  id: 1,
  flags: 0,
  fragOff: 0,
  ttl: 64,
  protocol: 17,
  check: 0xf97c,
  saddr: 0xc0a8_0001,
  daddr: 0xc0a8_0002,
  options: [],
};

vectors<ipv4.Header>({ describe, it }, ipv4, [
  [
    'RFC 791 appendix A, example 1, with addresses of RFC 5737',
    '45 00 0015 006f 0000 7b 01 0000 c0000201 c0000202 ff',
    {
      ...BASE,
      ...{ totLen: 21, id: 111, ttl: 123, protocol: 1, check: 0, saddr: 0xc000_0201, daddr: 0xc000_0202 },
    },
  ],
  // tcpdump tests/gso-ipv4.pcap, frame 1
  [
    'DF, TCP, a super-packet',
    '4500 1c7c a096 4000 3d06 649b 0a19840b 0a19840d',
    {
      ...BASE,
      ...{ totLen: 7292, id: 41_110, flags: ipv4.FLAG_DF, ttl: 61, protocol: 6, check: 0x649b },
      ...{ saddr: 0x0a19_840b, daddr: 0x0a19_840d },
    },
  ],
  // libpcap tests/ah-ipip-ping.pcap, frame 1
  [
    'MF, the first fragment',
    '4500 05dc a3d9 2000 4033 3ceb 0a013013 0a013016',
    {
      ...BASE,
      ...{ totLen: 1500, id: 0xa3d9, flags: ipv4.FLAG_MF, protocol: 51, check: 0x3ceb },
      ...{ saddr: 0x0a01_3013, daddr: 0x0a01_3016 },
    },
  ],
  // libpcap tests/ah-ipip-ping.pcap, frame 2
  [
    'the second fragment, at 1480 bytes',
    '4500 05dc a3d9 20b9 4033 3c32 0a013013 0a013016',
    {
      ...BASE,
      ...{ totLen: 1500, id: 0xa3d9, flags: ipv4.FLAG_MF, fragOff: 185, protocol: 51, check: 0x3c32 },
      ...{ saddr: 0x0a01_3013, daddr: 0x0a01_3016 },
    },
  ],
  // tcpdump tests/IGMP_V2.pcap, frame 2
  [
    'router alert',
    '4600 0020 8c62 0000 0102 e692 c0a80140 effffffa 94040000 16',
    {
      ...BASE,
      ...{ ihl: 6, totLen: 32, id: 35_938, ttl: 1, protocol: 2, check: 0xe692 },
      ...{ saddr: 0xc0a8_0140, daddr: 0xefff_fffa, options: [{ kind: ipv4.IPOPT_RA, value: 0 }] },
    },
  ],
  // tcpdump tests/ip_ts_opts_asan.pcap, frame 1: a timestamp of 14 bytes and a kind 0xf5 that claims 19
  [
    'all three flags; a timestamp of no legal length, then a malformed option',
    '49e2 ff27 0020 e000 0001 a09b 95082151 5f1253e3 440e05010000347049422002 0105 f513',
    {
      ...BASE,
      ...{ ihl: 9, tos: 0xe2, totLen: 65_319, id: 32, flags: 7, ttl: 0, protocol: 1, check: 0xa09b },
      ...{ saddr: 0x9508_2151, daddr: 0x5f12_53e3 },
      options: [
        { kind: ipv4.IPOPT_RAW, code: 68, data: hex('05010000347049422002 0105') },
        { kind: ipv4.IPOPT_MALFORMED, data: hex('f513') },
      ],
    },
  ],
]);

refusals({ describe, it }, ipv4, [
  ['no byte', '', 'IPV4_TRUNCATED', 0],
  ['one byte short of a header', PLAIN.slice(0, 19), 'IPV4_TRUNCATED', 19],
  ['one byte short, of another version', hex`6f ${PLAIN.slice(1, 19)}`, 'IPV4_TRUNCATED', 19],
  ['version 0', hex`05 ${PLAIN.slice(1)} 00000000 00000000`, 'IPV4_BAD_VERSION', 0],
  ['version 6', hex`65 ${PLAIN.slice(1)} 00000000 00000000`, 'IPV4_BAD_VERSION', 0],
  ['IHL 0', hex`40 ${PLAIN.slice(1)} 00000000 00000000`, 'IPV4_BAD_IHL', 0],
  ['IHL 4', hex`44 ${PLAIN.slice(1)} 00000000 00000000`, 'IPV4_BAD_IHL', 0],
  ['options cut off', hex`46 ${PLAIN.slice(1)}`, 'IPV4_TRUNCATED', 20],
  [
    'IHL 15 and one byte short',
    hex`4f 00 003c ${PLAIN.slice(4)} ${new Uint8Array(39)}`,
    'IPV4_TRUNCATED',
    59,
  ],
  ['totLen 0 (BIG TCP, TSO)', hex`45 00 0000 ${PLAIN.slice(4)}`, 'IPV4_BAD_TOTLEN', 2],
  ['totLen 19', hex`45 00 0013 ${PLAIN.slice(4)}`, 'IPV4_BAD_TOTLEN', 2],
  ['totLen within the options', hex`46 00 0017 ${PLAIN.slice(4)} 01010100`, 'IPV4_BAD_TOTLEN', 2],
  ['totLen one above the packet', hex`${PLAIN} 00000000 000000`, 'IPV4_PACKET_TRUNCATED', 27],
  ['totLen 65535', hex`45 00 ffff ${PLAIN.slice(4)} 00000000 00000000`, 'IPV4_PACKET_TRUNCATED', 28],
]);

describe('what Linux drops later is legal here', () => {
  it.each([
    ['TTL 0', { ttl: 0 }],
    ['the reserved flag', { flags: ipv4.FLAG_RF }],
    ['DF and MF', { flags: ipv4.FLAG_DF | ipv4.FLAG_MF }],
    ['a fragment beyond 65535 bytes', { fragOff: 0x1fff, totLen: 0xffff }],
    ['broadcast, multicast and loopback sources', { saddr: 0xffff_ffff, daddr: 0 }],
    ['source and destination alike (LAND)', { saddr: 1, daddr: 1 }],
  ])('%s', (_, part) => {
    const header = { ...BASE, ...part };
    expect(ipv4.decode(ipv4.encode(header))).toStrictEqual(header);
  });
});

describe('verify', () => {
  it('is true for the checksums of real packets', () => {
    for (const bytes of [
      '4500 1c7c a096 4000 3d06 649b 0a19840b 0a19840d',
      '4500 05dc a3d9 20b9 4033 3c32 0a013013 0a013016',
      '4600 0020 8c62 0000 0102 e692 c0a80140 effffffa 94040000',
      '4500 0034 f75c 4000 f501 ca1f ccc21780 951c4aed', // tcpdump tests/icmp-rfc8335.pcap, frame 6
    ]) {
      expect(ipv4.verify(viewOf(hex(bytes)), 0)).toBe(true);
    }
  });

  it('is false for a wrong one that decode and pull accept', () => {
    // tcpdump tests/ip_ts_opts_asan.pcap, frame 1, without its options; tcpdump says a09b should be another
    const bytes = hex('45e2 0014 0020 e000 0001 a09b 95082151 5f1253e3');
    expect(ipv4.verify(viewOf(bytes), 0)).toBe(false);
    expect(ipv4.decode(bytes).check).toBe(0xa09b);
    expect(ipv4.pull(wrap(bytes)).check).toBe(0xa09b);
  });

  it('includes the options', () => {
    const bytes = hex('4600 0020 8c62 0000 0102 e692 c0a80140 effffffa 94040001');
    expect(ipv4.verify(viewOf(bytes), 0)).toBe(false);
  });

  it('sendCheck makes it true, at any offset', () => {
    const bytes = hex`ffff ${PLAIN} ffff`;
    bytes[2 + 8] = 63;
    ipv4.sendCheck(viewOf(bytes), 2);
    expect(ipv4.verify(viewOf(bytes), 2)).toBe(true);
    expect(ipv4.checksum(viewOf(bytes), 2)).toBe(0xfa7c);
    expect([bytes[0], bytes[1], bytes[22], bytes[23]]).toEqual([255, 255, 255, 255]);
  });
});

describe('encode', () => {
  it('writes what it is given, valid or not', () => {
    const bytes = ipv4.encode({ ...BASE, version: 15, ihl: 0, totLen: 0, check: 0xffff });
    expect(bytes).toEqual(hex`f0 00 0000 0001 0000 40 11 ffff c0a80001 c0a80002`);
  });

  it('pads options with zeros, in a used buffer too', () => {
    const options: ipv4.Option[] = [{ kind: ipv4.IPOPT_NOOP }];
    expect(ipv4.size({ options })).toBe(24);
    const dirty = new Uint8Array(25).fill(0xa5);
    ipv4.encode({ ...BASE, ihl: 6, options }, dirty);
    expect(dirty.slice(20)).toEqual(hex`01 000000 a5`);
  });

  it.each([
    ['version', 16],
    ['ihl', 16],
    ['tos', 256],
    ['totLen', 65_536],
    ['id', -1],
    ['flags', 8],
    ['fragOff', 0x2000],
    ['ttl', 1.5],
    ['protocol', Number.NaN],
    ['check', 65_536],
    ['saddr', -1],
    ['daddr', 2 ** 32],
  ])('refuses %s %d before it writes', (field, value) => {
    const into = new Uint8Array(20).fill(0xa5);
    expect(() => ipv4.encode({ ...BASE, [field]: value }, into)).toThrow(RangeError);
    expect(() => ipv4.encode({ ...BASE, [field]: value }, into)).toThrow(field);
    expect(into).toEqual(new Uint8Array(20).fill(0xa5));
  });

  it('refuses more than 40 bytes of options', () => {
    const options = Array.from({ length: 41 }, (): ipv4.Option => ({ kind: ipv4.IPOPT_NOOP }));
    expect(() => ipv4.encode({ ...BASE, options })).toThrow(RangeError);
    expect(ipv4.encode({ ...BASE, options: options.slice(1) })).toHaveLength(60);
  });
});

/** An skb with `payload` bytes of payload and `headroom` in front. */
function packet(payload: number, headroom: number): SkBuff {
  const skb = alloc(payload, headroom);
  skb.putData(new Uint8Array(payload).fill(0xaa));
  return skb;
}

describe('push', () => {
  it('derives version, ihl, totLen and check, and has defaults for the rest', () => {
    const skb = packet(8, 64);
    const data = skb.data;
    ipv4.push(skb, { protocol: 17, saddr: 0xc0a8_0001, daddr: 0xc0a8_0002, id: 1 });
    expect(skb.toBytes().slice(0, 20)).toEqual(PLAIN);
    expect(skb.protocol).toBe(0x0800);
    expect(skb.networkHeader).toBe(data - 20);
    skb.free();
  });

  it('writes what is given as given', () => {
    const skb = packet(0, 64);
    const { options: _, ...fields } = BASE;
    ipv4.push(skb, { ...fields, version: 5, ihl: 15, totLen: 3, check: 0 });
    expect(skb.toBytes()).toEqual(hex`5f 00 0003 0001 0000 40 11 0000 c0a80001 c0a80002`);
    skb.free();
  });

  it('takes what does not fit as the mistake it is and changes nothing', () => {
    const skb = packet(65_516, 64);
    const before = skb.toBytes();
    expect(() => ipv4.push(skb, { protocol: 6, saddr: 1, daddr: 2 })).toThrow(/totLen/);
    expect(skb.toBytes()).toEqual(before);
    expect([skb.protocol, skb.networkHeader]).toEqual([0, -1]);
    skb.pull(1);
    ipv4.push(skb, { protocol: 6, saddr: 1, daddr: 2 });
    expect(ipv4.totLen(skb.view, skb.data)).toBe(65_535);
    skb.free();
  });

  it('sums over options too', () => {
    const skb = packet(8, 64);
    ipv4.push(skb, {
      protocol: 2,
      saddr: 1,
      daddr: 0xe000_0001,
      options: [{ kind: ipv4.IPOPT_RA, value: 0 }],
    });
    expect(ipv4.ihl(skb.view, skb.data)).toBe(6);
    expect(ipv4.verify(skb.view, skb.data)).toBe(true);
    skb.free();
  });
});

describe('pull', () => {
  it('trims link-layer padding and sets the header offsets', () => {
    // tcpdump tests/dns_tcp.pcap, frame 2 without its Ethernet header: 44 bytes and 2 of padding
    const skb = wrap(hex`4500 002c 002e 0000 8006 ae80 d157f912 c0a8010b
      0035 83f3 79d24913 23fec80d 6012 faf0 dded 0000 020405b4 0000`);
    expect(ipv4.pull(skb).totLen).toBe(44);
    expect([skb.len, skb.networkHeader, skb.transportHeader, skb.data]).toEqual([24, 0, 20, 20]);
  });

  it('leaves a refused packet as it was', () => {
    const skb = wrap(hex`${PLAIN} 0000`);
    expect(() => ipv4.pull(skb)).toThrow(
      expect.objectContaining({ code: 'IPV4_PACKET_TRUNCATED', offset: 22 }),
    );
    expect([skb.data, skb.len, skb.networkHeader, skb.transportHeader]).toEqual([0, 22, -1, -1]);
  });
});

describe('readers', () => {
  it('isFragment is true for first, middle and last fragments alone', () => {
    const fragment = (flags: number, fragOff: number): boolean =>
      ipv4.isFragment(viewOf(ipv4.encode({ ...BASE, flags, fragOff })), 0);
    expect([fragment(ipv4.FLAG_MF, 0), fragment(ipv4.FLAG_MF, 1), fragment(0, 1)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([fragment(0, 0), fragment(ipv4.FLAG_DF, 0), fragment(ipv4.FLAG_RF, 0)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('decode counts its offset from the start of the array', () => {
    const error = ((): unknown => {
      try {
        return ipv4.decode(hex`0000 44 ${PLAIN.slice(1)}`, 2);
      } catch (caught) {
        return caught;
      }
    })();
    expect(isWireError(error, 'IPV4_BAD_IHL') && error.offset).toBe(2);
  });
});

import { viewOf } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

describe('protocol numbers', () => {
  it('have the names of linux/in.h', () => {
    expect([1, 6, 17, 41, 255].map(ipv4.protocolName)).toEqual([
      ...['IPPROTO_ICMP', 'IPPROTO_TCP', 'IPPROTO_UDP', 'IPPROTO_IPV6', 'IPPROTO_RAW'],
    ]);
    expect(ipv4.protocolName(253)).toBe(undefined);
  });

  it('stand under one number each', () => {
    const { IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP } = ipv4;
    expect(ipv4.IPPROTO).toMatchObject({ IPPROTO_ICMP, IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP });
    const numbers = Object.values(ipv4.IPPROTO);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('pseudoSum', () => {
  it('completes the checksum of a real TCP segment', () => {
    // tcpdump tests/dns_tcp.pcap, frame 2
    const segment = hex`0035 83f3 79d24913 23fec80d 6012 faf0 0000 0000 020405b4`;
    const header = { saddr: 0xd157_f912, daddr: 0xc0a8_010b, protocol: 6 };
    const sum = ipv4.pseudoSum(header, segment.length);
    expect(csumFold(csumPartial(viewOf(segment), 0, segment.length, sum))).toBe(0xdded);
  });

  it('refuses lengths that are none', () => {
    const header = { saddr: 1, daddr: 2, protocol: 6 };
    for (const length of [-1, 0.5, Number.NaN])
      expect(() => ipv4.pseudoSum(header, length)).toThrow(RangeError);
  });
});

describe('tos', () => {
  it.each([
    [0x00, 0, ipv4.ECN_NOT_ECT],
    [0xb8, 46, ipv4.ECN_NOT_ECT], // EF, RFC 3246
    [0x01, 0, ipv4.ECN_ECT_1],
    [0x02, 0, ipv4.ECN_ECT_0],
    [0xe3, 56, ipv4.ECN_CE],
    [0xff, 63, ipv4.ECN_CE],
  ])('0x%s is DSCP %i and ECN %i', (tos, dscp, ecn) => {
    expect([ipv4.dscp(tos), ipv4.ecn(tos)]).toEqual([dscp, ecn]);
    expect(ipv4.tosOf(dscp, ecn)).toBe(tos);
  });

  it('tosOf refuses what does not fit', () => {
    expect(ipv4.tosOf(46)).toBe(0xb8);
    expect(() => ipv4.tosOf(64)).toThrow(RangeError);
    expect(() => ipv4.tosOf(0, 4)).toThrow(RangeError);
  });
});

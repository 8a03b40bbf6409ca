import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ipv4 from './index.ts';

const PLAIN = hex`4500 1c7c a096 4000 3d06 649b 0a19840b 0a19840d`;

describe('format', () => {
  // Up to the addresses, the lines tcpdump 4.99.3 -nv prints for these frames of its own tests
  it.each([
    [
      'gso-ipv4.pcap, frame 1',
      PLAIN,
      'IP (tos 0x0, ttl 61, id 41110, offset 0, flags [DF], proto TCP (6), length 7292) 10.25.132.11 > 10.25.132.13',
    ],
    [
      'IGMP_V2.pcap, frame 2',
      hex`4600 0020 8c62 0000 0102 e692 c0a80140 effffffa 94040000`,
      'IP (tos 0x0, ttl 1, id 35938, offset 0, flags [none], proto IGMP (2), length 32, options (RA)) 192.168.1.64 > 239.255.255.250',
    ],
    [
      'ip_printroute_asan.pcap, frame 1, without options',
      hex`4500 8000 640f dff9 fe11 8e15 fb495600 00ac8005`,
      'IP (tos 0x0, ttl 254, id 25615, offset 65480, flags [DF, rsvd], proto UDP (17), length 32768) 251.73.86.0 > 0.172.128.5',
    ],
    [
      'every flag, ECN, a protocol without a name',
      hex`4501 0014 0000 e000 00fd 0000 00000000 ffffffff`,
      'IP (tos 0x1,ECT(1), ttl 0, id 0, offset 0, flags [+, DF, rsvd], proto unknown (253), length 20) 0.0.0.0 > 255.255.255.255',
    ],
  ])('%s', (_, bytes, line) => {
    expect(ipv4.format(ipv4.decode(bytes))).toBe(line);
  });

  it.each<[ipv4.Option, string]>([
    [{ kind: ipv4.IPOPT_END, padding: hex('0000') }, 'EOL'],
    [{ kind: ipv4.IPOPT_NOOP }, 'NOP'],
    [{ kind: ipv4.IPOPT_RR, pointer: 8, route: [0xc000_0201, 0] }, 'RR 192.0.2.1 ^0.0.0.0'],
    [{ kind: ipv4.IPOPT_LSRR, pointer: 4, route: [1] }, 'LSRR ^0.0.0.1'],
    [{ kind: ipv4.IPOPT_SSRR, pointer: 4, route: [] }, 'SSRR'],
    [{ kind: ipv4.IPOPT_TIMESTAMP, pointer: 9, overflow: 0, flag: 0, words: [5, 6] }, 'timestamp 5 ^6'],
    [
      { kind: ipv4.IPOPT_TIMESTAMP, pointer: 5, overflow: 3, flag: 1, words: [1, 6] },
      'timestamp ^0.0.0.1@6 [3 hops not recorded]',
    ],
    [{ kind: ipv4.IPOPT_RA, value: 0 }, 'RA'],
    [{ kind: ipv4.IPOPT_RA, value: 7 }, 'RA value 7'],
    [{ kind: ipv4.IPOPT_SID, streamId: 9 }, 'SID 9'],
    [{ kind: ipv4.IPOPT_SEC, data: hex('ab00') }, 'security ab00'],
    [{ kind: ipv4.IPOPT_RAW, code: 85, data: hex('') }, 'unknown 85'],
    [{ kind: ipv4.IPOPT_MALFORMED, data: hex('07') }, 'malformed 07'],
  ])('%o', (option, text) => {
    expect(ipv4.formatOption(option)).toBe(text);
  });
});

import { alloc, wrap } from '@stack/skbuff';
import { hex, refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as arp from './index.ts';

const ETHERNET_IPV4 = { htype: 1, ptype: 0x0800, hlen: 6, plen: 4 };

// File and frame of a capture of the tcpdump or libpcap test suites; the bytes behind the Ethernet header.
vectors({ describe, it }, arp, [
  [
    'a request: tcpdump/802.1ad_QinQ.pcap frame 1',
    '0001 0800 06 04 0001 0020d25afb3f ac154f61 000000000000 ac154f64 0000000000000000',
    {
      ...ETHERNET_IPV4,
      op: arp.ARPOP_REQUEST,
      sha: hex`0020d25afb3f`,
      spa: hex`ac154f61`,
      tha: hex`000000000000`,
      tpa: hex`ac154f64`,
    },
  ],
  [
    'its reply: frame 2',
    '0001 0800 06 04 0002 0080ea818863 ac154f64 0020d25afb3f ac154f61 0000000000000000',
    {
      ...ETHERNET_IPV4,
      op: arp.ARPOP_REPLY,
      sha: hex`0080ea818863`,
      spa: hex`ac154f64`,
      tha: hex`0020d25afb3f`,
      tpa: hex`ac154f61`,
    },
  ],
  [
    'a reverse request: libpcap/rarp_req_reply.pcapng frame 1',
    '0001 0800 06 04 0003 000c29340bde 00000000 000c29340bde 00000000',
    {
      ...ETHERNET_IPV4,
      op: arp.ARPOP_RREQUEST,
      sha: hex`000c29340bde`,
      spa: hex`00000000`,
      tha: hex`000c29340bde`,
      tpa: hex`00000000`,
    },
  ],
  [
    'hardware addresses of 4 bytes: tcpdump/arp-oobr.pcap frame 202',
    '0001 0800 04 04 0001 001f29da 2d79c0a8 01680000 00000000 c0a80101',
    {
      ...ETHERNET_IPV4,
      hlen: 4,
      op: 1,
      sha: hex`001f29da`,
      spa: hex`2d79c0a8`,
      tha: hex`01680000`,
      tpa: hex`00000000`,
    },
  ],
  [
    'no addresses at all: our own',
    'ffff 0000 00 00 0000',
    {
      htype: 0xffff,
      ptype: 0,
      hlen: 0,
      plen: 0,
      op: 0,
      sha: hex``,
      spa: hex``,
      tha: hex``,
      tpa: hex``,
    },
  ],
]);

refusals({ describe, it }, arp, [
  ['nothing', '', 'ARP_TRUNCATED', 0],
  ['7 bytes', '0001 0800 06 04 00', 'ARP_TRUNCATED', 7],
  [
    'a target address cut short',
    '0001 0800 06 04 0001 0020d25afb3f ac154f61 000000000000 ac154f',
    'ARP_TRUNCATED',
    27,
  ],
  [
    'hardware addresses of 36 bytes that are not there: tcpdump/arp-oobr.pcap frame 47',
    '0001 0800 06 24 0001 001f29da2d79 c0a80168 000000000000 c0a80101 0000 0000 0000 0000 0000',
    'ARP_TRUNCATED',
    38,
  ],
  ['sizes of 255', `0001 0800 ff ff 0001 ${'00'.repeat(1019)}`, 'ARP_TRUNCATED', 1027],
]);

describe('push', () => {
  it('marks the packet, and pull leaves neither padding nor anything else', () => {
    const skb = alloc(64, 64);
    arp.push(skb, arp.request(1, 2, 3));
    expect([skb.len, skb.networkHeader]).toEqual([28, skb.data]);
    skb.put(18);
    skb.networkHeader = -1;
    const at = skb.data;
    arp.pull(skb);
    expect([skb.len, skb.data, skb.tail, skb.networkHeader]).toEqual([0, at + 28, at + 28, at]);
    skb.free();
  });

  it('derives the sizes of the addresses unless they are given', () => {
    const { hlen: _, plen: __, ...rest } = arp.request(1, 2, 3);
    const skb = alloc(0, 64);
    arp.push(skb, rest);
    expect(skb.toBytes().slice(4, 6)).toEqual(hex`06 04`);
    arp.pull(skb);
    arp.push(skb, { ...rest, hlen: 9, plen: 7 });
    expect(skb.toBytes().slice(4, 6)).toEqual(hex`09 07`);
    skb.free();
  });

  it('refuses addresses that differ in size, and fields that do not fit, and changes nothing', () => {
    const { hlen: _, plen: __, ...rest } = arp.request(1, 2, 3);
    const skb = alloc(0, 64);
    expect(() => arp.push(skb, { ...rest, tha: hex`00` })).toThrow(RangeError);
    expect(() => arp.push(skb, { ...rest, tpa: hex`00` })).toThrow(RangeError);
    expect(() => arp.push(skb, { ...rest, op: -1 })).toThrow(RangeError);
    expect([skb.len, skb.headroom]).toEqual([0, 64]);
    skb.free();
  });
});

describe('encode', () => {
  it.each(['htype', 'ptype', 'hlen', 'plen', 'op'])('refuses a %s that does not fit', (name) => {
    const header = { ...arp.request(1, 2, 3), [name]: 0x1_0000 };
    expect(() => arp.encode(header)).toThrow(`arp: ${name} `);
  });

  it('writes sizes that are not those of the addresses', () => {
    const bytes = arp.encode({ ...arp.request(1, 2, 3), hlen: 255, plen: 0 });
    expect(bytes.slice(4, 6)).toEqual(hex`ff 00`);
    expect(bytes.length).toBe(28);
  });
});

describe('a decoded address', () => {
  it('is a copy', () => {
    const bytes = arp.encode(arp.request(1, 2, 3));
    const { sha } = arp.pull(wrap(bytes));
    bytes.fill(0xff);
    expect(sha).toEqual(hex`000000000001`);
  });
});

describe('format', () => {
  const [mac, ip] = [0x0200_0000_0001, 0x0a00_0001];
  it.each([
    [arp.request(mac, ip, ip + 1), 'Request who-has 10.0.0.2 tell 10.0.0.1'],
    [arp.ethernetIpv4(1, mac, ip, mac, ip + 1), 'Request who-has 10.0.0.2 (02:00:00:00:00:01) tell 10.0.0.1'],
    [arp.reply(mac, ip, mac + 1, ip + 1), 'Reply 10.0.0.1 is-at 02:00:00:00:00:01'],
    [
      arp.ethernetIpv4(3, mac, 0, mac, 0),
      'Reverse Request 02:00:00:00:00:01 0.0.0.0 > 02:00:00:00:00:01 0.0.0.0',
    ],
    [
      { ...arp.request(mac, ip, ip), op: 99, ptype: 0x86dd, sha: hex``, hlen: 0 },
      'op 99 - 0a:00:00:01 > 00:00:00:00:00:00 0a:00:00:01',
    ],
  ])('%o', (header, line) => {
    expect(arp.format(header)).toBe(line);
  });
});

import { alloc, CHECKSUM_NONE, CHECKSUM_PARTIAL, viewOf, wrap } from '@stack/skbuff';
import { codecLaws, hex, type Refusal, refusals, skbLaws, type Vector, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as tcp from './index.ts';
import { header, pushHeader } from './testing.ts';

/** The header of RFC 9293 figure 1 with a value of its own in every field. */
const EVERY_FIELD = '1234 5678 9abcdef0 0fedcba9 5b55 fffe abcd 8001';

const nops = (count: number): tcp.Nop[] => Array.from({ length: count }, () => ({ kind: tcp.TCPOPT_NOP }));

const VECTORS: Vector<tcp.Header>[] = [
  [
    'RFC 9293 figure 1, a value of its own in every field',
    EVERY_FIELD,
    {
      source: 0x1234,
      dest: 0x5678,
      seq: 0x9abcdef0,
      ackSeq: 0x0fedcba9,
      doff: 5,
      res1: 5,
      flags: tcp.AE | tcp.ECE | tcp.ACK | tcp.RST | tcp.FIN,
      window: 0xfffe,
      check: 0xabcd,
      urgPtr: 0x8001,
      options: [],
    },
  ],
  [
    'SYN with MSS, SACK-permitted, timestamps, window scale (tcpdump tests, tcp-handshake-nano.pcap, frame 1)',
    'b640 0050 2f842acb 00000000 a002 6a40 50c4 0000 02040550 0402 080a436a036200000000 01 030307',
    {
      source: 46656,
      dest: 80,
      seq: 797190859,
      ackSeq: 0,
      doff: 10,
      res1: 0,
      flags: tcp.SYN,
      window: 27200,
      check: 0x50c4,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MSS, mss: 1360 },
        { kind: tcp.TCPOPT_SACK_PERM },
        { kind: tcp.TCPOPT_TIMESTAMP, tsval: 1131021154, tsecr: 0 },
        { kind: tcp.TCPOPT_NOP },
        { kind: tcp.TCPOPT_WINDOW, wscale: 7 },
      ],
    },
  ],
  [
    'data with NOP, NOP, timestamps (tcpdump tests, print-flags.pcap, frame 4)',
    'da70 0050 3758897f 377a8df2 8018 2000 fef2 0000 01 01 080a4ddc92174ddc9216',
    {
      source: 55920,
      dest: 80,
      seq: 928549247,
      ackSeq: 930778610,
      doff: 8,
      res1: 0,
      flags: tcp.PSH | tcp.ACK,
      window: 8192,
      check: 0xfef2,
      urgPtr: 0,
      options: [...nops(2), { kind: tcp.TCPOPT_TIMESTAMP, tsval: 1306300951, tsecr: 1306300950 }],
    },
  ],
  [
    'fourteen NOPs and SACK (tcpdump tests, ssh.pcap, frame 48)',
    '0016 f2c2 9257b836 f352059a b010 0154 e1f3 0000 0101010101010101010101010101 050af35205faf35205fb',
    {
      source: 22,
      dest: 62146,
      seq: 2455222326,
      ackSeq: 4082238874,
      doff: 11,
      res1: 0,
      flags: tcp.ACK,
      window: 340,
      check: 0xe1f3,
      urgPtr: 0,
      options: [
        ...nops(14),
        { kind: tcp.TCPOPT_SACK, blocks: [{ startSeq: 4082238970, endSeq: 4082238971 }] },
      ],
    },
  ],
  [
    'SYN of an AccECN host, AE + CWR + ECE (tcpdump tests, accecn_handshake.pcap, frame 1)',
    '4031 0050 741d4a2d 00000000 a1c2 ffff 209c 0000 020405b4 01 030306 0402 080a06af3c1500000000',
    {
      source: 16433,
      dest: 80,
      seq: 1948076589,
      ackSeq: 0,
      doff: 10,
      res1: 0,
      flags: tcp.AE | tcp.CWR | tcp.ECE | tcp.SYN,
      window: 65535,
      check: 0x209c,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MSS, mss: 1460 },
        { kind: tcp.TCPOPT_NOP },
        { kind: tcp.TCPOPT_WINDOW, wscale: 6 },
        { kind: tcp.TCPOPT_SACK_PERM },
        { kind: tcp.TCPOPT_TIMESTAMP, tsval: 112147477, tsecr: 0 },
      ],
    },
  ],
  [
    'an experiment (ExID acc0) and EOL (tcpdump tests, accecn_handshake.pcap, frame 3)',
    `4031 0050 741d4a2e b128b394 c090 0403 20a4 0000 01 01 080a06af3cf2a5e4dec4
     fe0dacc0000000ffffffffffff 000000`,
    {
      source: 16433,
      dest: 80,
      seq: 1948076590,
      ackSeq: 2972234644,
      doff: 12,
      res1: 0,
      flags: tcp.CWR | tcp.ACK,
      window: 1027,
      check: 0x20a4,
      urgPtr: 0,
      options: [
        ...nops(2),
        { kind: tcp.TCPOPT_TIMESTAMP, tsval: 112147698, tsecr: 2783239876 },
        { kind: tcp.TCPOPT_EXP, exid: 0xacc0, data: hex`000000 ffffff ffffff` },
        { kind: tcp.TCPOPT_EOL, padding: hex`0000` },
      ],
    },
  ],
  [
    'experimental fast open, cookie request (tcpdump tests, tfo-5c1fa7f9ae91.pcap, frame 2)',
    '32f7 32fe 0d05af64 00000000 7002 0578 50a5 0000 020405b4 fe04f989',
    {
      source: 13047,
      dest: 13054,
      seq: 218476388,
      ackSeq: 0,
      doff: 7,
      res1: 0,
      flags: tcp.SYN,
      window: 1400,
      check: 0x50a5,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MSS, mss: 1460 },
        { kind: tcp.TCPOPT_EXP, exid: tcp.TCPOPT_FASTOPEN_MAGIC, data: hex`` },
      ],
    },
  ],
  [
    'MD5 signature and EOL (tcpdump tests, bgp-aigp-oobr.pcap, frame 1)',
    `00b3 c5db 9032a134 5ef359c5 b010 7c11 c80b 0000
     131202f77f975463199362b9fbfb089a2e56 000000000000`,
    {
      source: 179,
      dest: 50651,
      seq: 2419237172,
      ackSeq: 1593006533,
      doff: 11,
      res1: 0,
      flags: tcp.ACK,
      window: 31761,
      check: 0xc80b,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MD5SIG, digest: hex`02f77f975463199362b9fbfb089a2e56` },
        { kind: tcp.TCPOPT_EOL, padding: hex`0000000000` },
      ],
    },
  ],
  [
    'TCP-AO (RFC 9235 §4.1.1, send SYN)',
    `e9d7 00b3 fbfbab5a 00000000 e002 ffff cac4 0000 020405b4 01 030308 0402 080a00155ab700000000
     1d103d542ee437c6f8ede6d7c4d602e7`,
    {
      source: 59863,
      dest: 179,
      seq: 0xfbfbab5a,
      ackSeq: 0,
      doff: 14,
      res1: 0,
      flags: tcp.SYN,
      window: 65535,
      check: 0xcac4,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MSS, mss: 1460 },
        { kind: tcp.TCPOPT_NOP },
        { kind: tcp.TCPOPT_WINDOW, wscale: 8 },
        { kind: tcp.TCPOPT_SACK_PERM },
        { kind: tcp.TCPOPT_TIMESTAMP, tsval: 0x00155ab7, tsecr: 0 },
        { kind: tcp.TCPOPT_AO, keyId: 61, rNextKeyId: 84, mac: hex`2ee437c6f8ede6d7c4d602e7` },
      ],
    },
  ],
  [
    'MPTCP capable (tcpdump tests, mptcp-v1.pcap, frame 1)',
    `821a 2714 81fbb5fd 00000000 b002 ffff 1734 0000 020405b4 0402 080a1baf9ea100000000 01 030308
     1e040101`,
    {
      source: 33306,
      dest: 10004,
      seq: 2180756989,
      ackSeq: 0,
      doff: 11,
      res1: 0,
      flags: tcp.SYN,
      window: 65535,
      check: 0x1734,
      urgPtr: 0,
      options: [
        { kind: tcp.TCPOPT_MSS, mss: 1460 },
        { kind: tcp.TCPOPT_SACK_PERM },
        { kind: tcp.TCPOPT_TIMESTAMP, tsval: 464494241, tsecr: 0 },
        { kind: tcp.TCPOPT_NOP },
        { kind: tcp.TCPOPT_WINDOW, wscale: 8 },
        { kind: tcp.TCPOPT_MPTCP, data: hex`0101` },
      ],
    },
  ],
  [
    'no flags, an unknown kind, padding that is not zero (tcpdump tests, bgp_mvpn_6_and_7_oobr.pcap, frame 1)',
    '00b3 00c8 7ff3eb89 0001808e 6000 dada 10d4 2d9d a102 000a',
    {
      source: 179,
      dest: 200,
      seq: 2146691977,
      ackSeq: 98446,
      doff: 6,
      res1: 0,
      flags: 0,
      window: 56026,
      check: 0x10d4,
      urgPtr: 11677,
      options: [
        { kind: tcp.TCPOPT_RAW, code: 161, data: hex`` },
        { kind: tcp.TCPOPT_EOL, padding: hex`0a` },
      ],
    },
  ],
  [
    'options that begin with EOL (tcpdump tests, of10_inv_OFPST_FLOW.pcap, frame 1)',
    '19fd 1294 b5fbe035 cd263daa 8018 e7e9 3be2 0000 0000000001000000ff004e00',
    {
      source: 6653,
      dest: 4756,
      seq: 3053183029,
      ackSeq: 3441835434,
      doff: 8,
      res1: 0,
      flags: tcp.PSH | tcp.ACK,
      window: 59369,
      check: 0x3be2,
      urgPtr: 0,
      options: [{ kind: tcp.TCPOPT_EOL, padding: hex`00000001000000ff004e00` }],
    },
  ],
];

const REFUSALS: Refusal[] = [
  ['no bytes', '', 'TCP_TRUNCATED', 0],
  ['one byte short of a header', EVERY_FIELD.slice(0, -2), 'TCP_TRUNCATED', 19],
  ['data offset 4', '1234 5678 00000000 00000000 4010 ffff 0000 0000', 'TCP_BAD_DOFF', 12],
  ['data offset 0', '1234 5678 00000000 00000000 0010 ffff 0000 0000', 'TCP_BAD_DOFF', 12],
  ['data offset 15 in a bare header', '1234 5678 00000000 00000000 f010 ffff 0000 0000', 'TCP_TRUNCATED', 20],
  ['options one byte short', '1234 5678 00000000 00000000 6010 ffff 0000 0000 010101', 'TCP_TRUNCATED', 23],
  [
    'the end of the capture (tcpdump tests, heapoverflow-tcp_print.pcap, frame 1)',
    '3030 3030 30303030 30303030 fd30 3030 3030 3030 3028 3030303030303030',
    'TCP_TRUNCATED',
    30,
  ],
  [
    'the end of the capture (tcpdump tests, beep-oobr.pcap, frame 2)',
    '2830 3030 30303030 30303030 7f30 3030 3030 3030 0030 3030',
    'TCP_TRUNCATED',
    24,
  ],
];

const READERS = ['source', 'dest', 'seq', 'ackSeq', 'doff', 'res1', 'flags', 'window', 'urgPtr'];

vectors({ describe, it }, tcp, VECTORS);
refusals({ describe, it }, tcp, REFUSALS);
codecLaws({ describe, it }, 'tcp', tcp, header(), { readers: READERS });
skbLaws({ describe, it }, 'tcp', tcp, pushHeader());

describe('check', () => {
  it('says nothing against odd flags, ports and windows: those are for a connection to judge', () => {
    const land = tcp.decode(hex('0050 0050 ffffffff 00000000 5000 0000 0000 ffff'));
    for (const flags of [0, 0x029, 0x03f, tcp.SYN | tcp.FIN, tcp.SYN | tcp.RST, 0x1ff]) {
      const bytes = tcp.encode({ ...land, source: 0, flags });
      expect(tcp.check(viewOf(bytes), 0, bytes.length)).toBeUndefined();
      expect(tcp.decode(bytes).flags).toBe(flags);
    }
  });

  it('leaves a packet that ends before its header to checkPacket', () => {
    const view = viewOf(hex('0050 0050 00000000 00000000 6010 ffff 0000 0000 01010101'));
    expect(tcp.check(view, 0, 24)).toBeUndefined();
    expect(tcp.checkPacket(view, 0, 24, 24)).toBeUndefined();
    expect(tcp.checkPacket(view, 0, 24, 23)).toBe('TCP_TRUNCATED');
    expect(tcp.checkPacket(view, 0, 23, 100)).toBe('TCP_TRUNCATED'); // the rest is in frags
  });
});

describe('readers', () => {
  it('give 32-bit fields as int32 and the checksum under a name of its own', () => {
    const view = viewOf(hex(`ffff ${EVERY_FIELD}`));
    expect(tcp.seq(view, 2)).toBe(0x9abcdef0 | 0);
    expect(tcp.ackSeq(view, 2)).toBe(0x0fedcba9);
    expect(tcp.checksum(view, 2)).toBe(0xabcd);
  });
});

describe('encode', () => {
  const plain = tcp.decode(hex(EVERY_FIELD));

  it('writes a data offset as given, so that broken packets can be made', () => {
    expect([...tcp.encode({ ...plain, doff: 3 })].slice(12, 13)).toEqual([0x3b]);
  });

  it('pads options with zeros to a multiple of four bytes', () => {
    const options: tcp.Option[] = [{ kind: tcp.TCPOPT_WINDOW, wscale: 2 }];
    expect(tcp.size({ options })).toBe(24);
    expect([...tcp.encode({ ...plain, doff: 6, options }, new Uint8Array(24).fill(0xa5))].slice(20)).toEqual([
      3, 3, 2, 0,
    ]);
  });

  it.each([
    ['source', -1],
    ['source', 0x1_0000],
    ['dest', 1.5],
    ['seq', -1],
    ['seq', 2 ** 32],
    ['ackSeq', Number.NaN],
    ['doff', 16],
    ['res1', 8],
    ['flags', 0x200],
    ['window', 0x1_0000],
    ['check', 0x1_0000],
    ['urgPtr', -0.5],
  ])('refuses %s %d', (field, value) => {
    const into = new Uint8Array(20).fill(0xa5);
    expect(() => tcp.encode({ ...plain, [field]: value }, into)).toThrow(RangeError);
    expect(() => tcp.encode({ ...plain, [field]: value }, into)).toThrow(field);
    expect(into.every((byte) => byte === 0xa5)).toBe(true);
  });

  it('refuses more than 40 bytes of options', () => {
    expect(() => tcp.encode({ ...plain, options: nops(41) })).toThrow(RangeError);
    expect(tcp.encode({ ...plain, doff: 15, options: nops(40) })).toHaveLength(60);
  });
});

describe('push', () => {
  const segment = { source: 1234, dest: 8080, seq: 1, flags: tcp.ACK, window: 502 };

  it('derives doff, pads options and fills what is left out with zeros', () => {
    const skb = alloc(0, 64);
    tcp.push(skb, { ...segment, options: [{ kind: tcp.TCPOPT_SACK_PERM }] });
    expect(skb.transportHeader).toBe(skb.data);
    expect(skb.ipSummed).toBe(CHECKSUM_NONE);
    const at = skb.data;
    expect(tcp.pull(skb)).toStrictEqual({
      source: 1234,
      dest: 8080,
      seq: 1,
      ackSeq: 0,
      doff: 6,
      res1: 0,
      flags: tcp.ACK,
      window: 502,
      check: 0,
      urgPtr: 0,
      options: [{ kind: tcp.TCPOPT_SACK_PERM }, { kind: tcp.TCPOPT_EOL, padding: hex`00` }],
    });
    expect(skb.transportHeader).toBe(at);
    expect(skb.len).toBe(0);
    skb.free();
  });

  it('leaves the sum of a pseudo-header to be completed by the device', () => {
    const skb = alloc(0, 64);
    tcp.push(skb, segment, 0x1234);
    expect(tcp.checksum(skb.view, skb.data)).toBe(0x1234);
    expect([skb.ipSummed, skb.csumStart, skb.csumOffset]).toEqual([CHECKSUM_PARTIAL, skb.data, 16]);
    skb.free();
  });

  it('writes a checksum as given, pseudo-header or not', () => {
    const skb = alloc(0, 64);
    tcp.push(skb, { ...segment, check: 0xbeef }, 0x1234);
    expect(tcp.checksum(skb.view, skb.data)).toBe(0xbeef);
    expect(skb.ipSummed).toBe(CHECKSUM_NONE);
    skb.free();
  });

  it.each([
    ['a field that does not fit', { window: 0x1_0000 }],
    ['41 bytes of options', { options: nops(41) }],
    ['an option that does not fit', { options: [{ kind: tcp.TCPOPT_MSS, mss: -1 } as const] }],
  ])('refuses %s before anything changed', (_, wrong) => {
    const skb = alloc(0, 64);
    const { data } = skb;
    expect(() => tcp.push(skb, { ...segment, ...wrong })).toThrow(RangeError);
    expect([skb.data, skb.len, skb.transportHeader]).toEqual([data, 0, -1]);
    skb.free();
  });

  it('refuses a pseudo-header sum that is not a sum', () => {
    const skb = alloc(0, 64);
    expect(() => tcp.push(skb, segment, 0x1_0000)).toThrow(RangeError);
    expect(skb.len).toBe(0);
    skb.free();
  });
});

describe('pull', () => {
  it('strips the header with its options and says where it was', () => {
    const skb = wrap(hex('ffff 0050 0050 00000000 00000000 6010 ffff 0000 0000 01010101 cafe'));
    const at = skb.pull(2);
    expect(tcp.pull(skb).doff).toBe(6);
    expect(skb.transportHeader).toBe(at);
    expect([...skb.toBytes()]).toEqual([0xca, 0xfe]);
  });

  it('judges the packet, not the room behind it', () => {
    const skb = wrap(hex('0050 0050 00000000 00000000 6010 ffff 0000 0000 01010101'));
    skb.trim(22);
    expect(() => tcp.pull(skb)).toThrow(expect.objectContaining({ code: 'TCP_TRUNCATED', offset: 22 }));
    expect(skb.len).toBe(22);
  });
});

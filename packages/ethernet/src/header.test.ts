import { alloc, Pool, wrap } from '@stack/skbuff';
import { hex, refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as ethernet from './index.ts';

const STP = { dest: 0x0180_c200_0000, source: 0x0019_06ea_b885 };
const VMWARE_A = 0x000c_2931_0d01;
const VMWARE_B = 0x000c_298e_87a6;

// File and frame of a capture of the tcpdump or libpcap test suites.
vectors({ describe, it }, ethernet, [
  [
    'Ethernet II, ARP: tcpdump/arp-oobr.pcap frame 11',
    '00082500b236 0021d8010345 0806 0001 0800 06 04 0002',
    { dest: 0x0008_2500_b236, source: 0x0021_d801_0345, tags: [], proto: 0x0806, llc: null },
  ],
  [
    '802.1ad over 802.1Q: tcpdump/802.1ad_QinQ.pcap frame 1',
    'ffffffffffff 0020d25afb3f 88a8 00c8 8100 07d1 0806 0001 0800 06 04 0001',
    {
      dest: 0xffff_ffff_ffff,
      source: 0x0020_d25a_fb3f,
      tags: [
        { tpid: 0x88a8, tci: 200 },
        { tpid: 0x8100, tci: 2001 },
      ],
      proto: 0x0806,
      llc: null,
    },
  ],
  [
    'a tag over 802.3, priority 7: tcpdump/MSTP_Intra-Region_BPDUs.pcap frame 1',
    '0180c2000000 001ef705a892 8100 e000 0089 42 42 03 0000030238',
    {
      dest: 0x0180_c200_0000,
      source: 0x001e_f705_a892,
      tags: [{ tpid: 0x8100, tci: 0xe000 }],
      proto: 0x89,
      llc: { dsap: 0x42, ssap: 0x42, control: 3, snap: null },
    },
  ],
  [
    '802.3, an unnumbered LLC: tcpdump/802.1D_spanning_tree.pcap frame 1',
    '0180c2000000 001906eab885 0026 42 42 03 0000000000',
    { ...STP, tags: [], proto: 0x26, llc: { dsap: 0x42, ssap: 0x42, control: 3, snap: null } },
  ],
  [
    '802.3, the longest frame: libpcap/ISIS_external_lsp.pcap frame 2',
    '0180c2000014 c20229980001 05dc fe fe 03 831b',
    {
      dest: 0x0180_c200_0014,
      source: 0xc202_2998_0001,
      tags: [],
      proto: 1500,
      llc: { dsap: 0xfe, ssap: 0xfe, control: 3, snap: null },
    },
  ],
  [
    '802.3, a supervisory LLC: libpcap/llc.pcap frame 6',
    '000c298e87a6 000c29310d01 0004 f0 f0 0101',
    {
      dest: VMWARE_B,
      source: VMWARE_A,
      tags: [],
      proto: 4,
      llc: { dsap: 0xf0, ssap: 0xf0, control: 0x0101, snap: null },
    },
  ],
  [
    '802.3, an information LLC: libpcap/llc.pcap frame 10',
    '000c298e87a6 000c29310d01 0012 f0 f0 0001 0e00ffef',
    {
      dest: VMWARE_B,
      source: VMWARE_A,
      tags: [],
      proto: 0x12,
      llc: { dsap: 0xf0, ssap: 0xf0, control: 0x0100, snap: null },
    },
  ],
  [
    '802.3, SNAP: tcpdump/3560_CDP.pcap frame 1',
    '01000ccccccc 001906eab885 0182 aa aa 03 00000c 2000 02b4b0bd',
    {
      dest: 0x0100_0ccc_cccc,
      source: 0x0019_06ea_b885,
      tags: [],
      proto: 0x182,
      llc: { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0x00_000c, pid: 0x2000 } },
    },
  ],
  [
    "Novell's raw 802.3: libpcap/llc.pcap frame 3",
    '000c29310d01 000c298e87a6 0050 ff ff 0050 0004',
    {
      dest: VMWARE_A,
      source: VMWARE_B,
      tags: [],
      proto: 0x50,
      llc: { dsap: 0xff, ssap: 0xff, control: 0, snap: null },
    },
  ],
]);

const ADDRESSES = '020000000001 020000000002';

refusals({ describe, it }, ethernet, [
  ['nothing', '', 'ETH_TRUNCATED', 0],
  ['13 bytes', `${ADDRESSES} 08`, 'ETH_TRUNCATED', 13],
  ['a tag and no type', `${ADDRESSES} 8100 0001`, 'ETH_TRUNCATED', 16],
  ['a length and no LLC', `${ADDRESSES} 0026`, 'ETH_TRUNCATED', 14],
  ['an LLC without control', `${ADDRESSES} 0026 4242`, 'ETH_TRUNCATED', 16],
  ['half of a control field', `${ADDRESSES} 0026 f0f0 01`, 'ETH_TRUNCATED', 17],
  ['half of a SNAP header', `${ADDRESSES} 0026 aaaa03 000000 08`, 'ETH_TRUNCATED', 21],
  ['fewer bytes than the length says', `${ADDRESSES} 0005 4242 03 00`, 'ETH_TRUNCATED', 18],
  ['nine tags', `${ADDRESSES} ${'8100 0001 '.repeat(9)} 0800`, 'ETH_TAG_DEPTH', 44],
  ['a type/length of 1501', `${ADDRESSES} 05dd 0000`, 'ETH_BAD_TYPE', 12],
  ['a type/length of 1535', `${ADDRESSES} 05ff 0000`, 'ETH_BAD_TYPE', 12],
  ['1501 behind a tag', `${ADDRESSES} 8100 0001 05dd 0000`, 'ETH_BAD_TYPE', 16],
  ['a length of 0', `${ADDRESSES} 0000 0000`, 'ETH_BAD_LEN', 12],
  ['a length of 2 over an LLC of 3', `${ADDRESSES} 0002 4242 03`, 'ETH_BAD_LEN', 12],
  ['a length of 1 over a raw frame', `${ADDRESSES} 0001 ffff`, 'ETH_BAD_LEN', 12],
  ['a length of 3 over a control field of two bytes', `${ADDRESSES} 0003 f0f0 0101`, 'ETH_BAD_LEN', 12],
  ['a length of 7 over SNAP', `${ADDRESSES} 0007 aaaa03 000000 0800`, 'ETH_BAD_LEN', 12],
]);

describe('the limits', () => {
  it.each([
    ['eight tags', `${ADDRESSES} ${'88a8 0001 '.repeat(8)} 0800`],
    ['the least EtherType, 1536', `${ADDRESSES} 0600`],
    ['a length of exactly its LLC', `${ADDRESSES} 0003 4242 03`],
  ])('%s is accepted', (_, bytes) => {
    expect(ethernet.encode(ethernet.decode(hex(bytes)))).toEqual(hex(bytes));
  });
});

describe('protocol', () => {
  it.each([
    ['an EtherType', '86dd', 0x86dd],
    ['the EtherType behind tags', '88a8 0001 8100 0002 0800', 0x0800],
    ['of RFC 1042', '0026 aaaa03 000000 0806', 0x0806],
    ['of SNAP with a number that is no EtherType', '0026 aaaa03 000000 0004', ethernet.ETH_P_802_2],
    ['of an organisation whose number ends in zeros', '0026 aaaa03 010000 0806', ethernet.ETH_P_802_2],
    ["of another organisation's SNAP", '0026 aaaa03 00000c 2000', ethernet.ETH_P_802_2],
    ['of LLC', '0026 424203', ethernet.ETH_P_802_2],
    ["of Novell's raw frames", '0026 ffff', ethernet.ETH_P_802_3],
  ])('%s', (_, bytes, expected) => {
    const skb = wrap(hex`${ADDRESSES} ${bytes} ${'00'.repeat(64)}`);
    expect(ethernet.protocol(skb.view, skb.data)).toBe(expected);
    ethernet.pull(skb);
    expect(skb.protocol).toBe(expected);
  });
});

describe('tags', () => {
  const two = ethernet.encode({
    dest: 1,
    source: 2,
    tags: [
      { tpid: 0x88a8, tci: ethernet.tci(5, 6, 1) },
      { tpid: 0x8100, tci: ethernet.tci(4095) },
    ],
    proto: 0x0800,
    llc: null,
  });

  it('are counted, and the outermost is read without a header object', () => {
    const { view } = wrap(two);
    expect(ethernet.tagCount(view, 0)).toBe(2);
    expect(ethernet.vlanTci(view, 0)).toBe(0xd005);
    expect(ethernet.headerLength(view, 0)).toBe(22);
    const later = wrap(hex`00000000 ${two}`);
    expect([ethernet.tagCount(later.view, 4), ethernet.headerLength(later.view, 4)]).toEqual([2, 22]);
    const untagged = wrap(hex`${ADDRESSES} 0800`);
    expect(ethernet.tagCount(untagged.view, 0)).toBe(0);
    expect(ethernet.vlanTci(untagged.view, 0)).toBe(-1);
  });

  it('have a priority, a drop bit and an id', () => {
    expect([ethernet.pcp(0xd005), ethernet.dei(0xd005), ethernet.vid(0xd005)]).toEqual([6, 1, 5]);
    expect([ethernet.pcp(0x0fff), ethernet.dei(0x0fff), ethernet.vid(0x0fff)]).toEqual([0, 0, 4095]);
  });

  it.each([
    [4096, 0, 0],
    [0, 8, 0],
    [0, 0, 2],
    [-1, 0, 0],
  ])('of tci(%i, %i, %i) do not fit', (vlan, priority, dropEligible) => {
    expect(() => ethernet.tci(vlan, priority, dropEligible)).toThrow(RangeError);
  });
});

describe('push', () => {
  it('marks the header, and pull marks what follows', () => {
    const skb = alloc(10, 64);
    skb.putData(hex`0102030405`);
    ethernet.push(skb, { dest: 1, source: 2, tags: [{ tpid: 0x8100, tci: 1 }], proto: 0x0800 });
    expect(skb.macHeader).toBe(skb.data);
    skb.macHeader = -1;
    const at = skb.data;
    ethernet.pull(skb);
    expect([skb.macHeader, skb.networkHeader, skb.data, skb.protocol]).toEqual([
      at,
      at + 18,
      at + 18,
      0x0800,
    ]);
    skb.free();
  });

  it('derives the length of an 802.3 frame unless it is given', () => {
    const llc = { dsap: 0x42, ssap: 0x42, control: 3, snap: null };
    const skb = alloc(10, 64);
    skb.putData(hex`0102`);
    ethernet.push(skb, { dest: 1, source: 2, llc });
    expect(ethernet.proto(skb.view, skb.data)).toBe(5);
    ethernet.pull(skb);
    ethernet.push(skb, { dest: 1, source: 2, llc, proto: 1000 });
    expect(ethernet.proto(skb.view, skb.data)).toBe(1000);
    skb.free();
  });

  it.each<[string, Partial<ethernet.PushHeader>]>([
    ['neither proto nor llc', {}],
    ['an 802.3 payload above 1,500 bytes', { llc: { dsap: 0x42, ssap: 0x42, control: 3, snap: null } }],
    ['nine tags', { proto: 0x0800, tags: Array.from({ length: 9 }, () => ({ tpid: 0x8100, tci: 1 })) }],
    ['a dest of 49 bits', { proto: 0x0800, dest: 2 ** 48 }],
  ])('refuses %s and changes nothing', (_, header) => {
    const skb = alloc(1498, 64);
    skb.put(1498);
    const { data } = skb;
    expect(() => ethernet.push(skb, { dest: 1, source: 2, ...header })).toThrow(RangeError);
    expect([skb.data, skb.len, skb.macHeader]).toEqual([data, 1498, -1]);
    skb.free();
  });
});

describe('pull', () => {
  it('moves no byte of payload out of a frag', () => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(0, 64);
    const page = pool.page(100);
    if (!skb || !page) throw new Error('no limit was set');
    skb.addFrag(page, page.start, 100);
    ethernet.push(skb, { dest: 1, source: 2, proto: 0x0800 });
    ethernet.pull(skb);
    expect([skb.headlen, skb.dataLen, skb.nrFrags]).toEqual([0, 100, 1]);
    skb.free();
    expect(pool.stats.inUse).toBe(0);
  });
});

describe('encode', () => {
  const header = ethernet.decode(hex`${ADDRESSES} 0026 aaaa03 000000 0800`);

  it.each<[string, Partial<ethernet.Header>]>([
    ['dest', { dest: 2 ** 48 }],
    ['source', { source: -1 }],
    ['proto', { proto: 0x1_0000 }],
    ['tpid', { tags: [{ tpid: 0x1_0000, tci: 0 }] }],
    ['tci', { tags: [{ tpid: 0x8100, tci: 0.5 }] }],
    ['dsap', { llc: { dsap: 256, ssap: 0, control: 3, snap: null } }],
    ['ssap', { llc: { dsap: 0, ssap: 256, control: 3, snap: null } }],
    ['control', { llc: { dsap: 0, ssap: 0, control: 0x103, snap: null } }],
    ['control', { llc: { dsap: 0xff, ssap: 0xff, control: 3, snap: null } }],
    ['oui', { llc: { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 2 ** 24, pid: 0 } } }],
    ['pid', { llc: { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0, pid: 2 ** 16 } } }],
  ])('refuses a %s that does not fit', (name, change) => {
    const into = new Uint8Array(64).fill(0xa5);
    expect(() => ethernet.encode({ ...header, ...change }, into)).toThrow(`ethernet: ${name} `);
    expect(into.every((byte) => byte === 0xa5)).toBe(true);
  });

  it('writes what no frame should hold', () => {
    const broken = { ...header, proto: 0x05dd };
    expect(ethernet.encode(broken).slice(12, 14)).toEqual(hex`05dd`);
  });
});

describe('format', () => {
  it.each([
    ['0800', '02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype IP (0x0800)'],
    ['1234', '02:00:00:00:00:02 > 02:00:00:00:00:01, ethertype Unknown (0x1234)'],
    [
      '88a8 d005 8100 0001 0806',
      '02:00:00:00:00:02 > 02:00:00:00:00:01, svlan 5, p 6, DEI, vlan 1, p 0, ethertype ARP (0x0806)',
    ],
    [
      '0026 424203',
      '02:00:00:00:00:02 > 02:00:00:00:00:01, 802.3, length 38: LLC, dsap 0x42, ssap 0x42, control 0x03',
    ],
    [
      '0026 aaaa03 00000c 2000',
      '02:00:00:00:00:02 > 02:00:00:00:00:01, 802.3, length 38: SNAP, oui 0x00000c, pid 0x2000',
    ],
    ['0026 ffff', '02:00:00:00:00:02 > 02:00:00:00:00:01, 802.3, length 38: raw'],
  ])('%s', (bytes, line) => {
    expect(ethernet.format(ethernet.decode(hex`${ADDRESSES} ${bytes}`))).toBe(line);
  });
});

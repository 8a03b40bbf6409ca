import { PACKET_BROADCAST, PACKET_HOST, PACKET_OTHERHOST, type SkBuff } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ARPOP_REPLY, ARPOP_REQUEST } from '../codes.ts';
import { ethernetIpv4, probe, reply, request } from '../ethernet-ipv4.ts';
import { encode } from '../header.ts';
import { ip, OURS, own, THEIRS, World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.expectAtRest());

const ASKER = ip('10.0.0.7');
const ask = (tip: string, sip: number = ASKER) => request(THEIRS, sip, ip(tip));
const answer = (spa: string) => `eth0 > 200000000aa: Reply ${spa} is-at 02:00:00:00:00:01`;

describe('what is not understood', () => {
  it.each([
    ['too short', hex`0001 0800 06 04 0001 0200000000aa 0a000007 000000000000 0a0000`, 'PKT_TOO_SMALL'],
    ['nothing', hex``, 'PKT_TOO_SMALL'],
    ['long hardware addresses', hex`0001 0800 08 04 0001 ${'00'.repeat(24)}`, 'NOT_SPECIFIED'],
    ['long protocol addresses', hex`0001 0800 06 10 0001 ${'00'.repeat(44)}`, 'NOT_SPECIFIED'],
    ['Token Ring', encode({ ...ask('10.0.0.1'), htype: 4 }), 'NOT_SPECIFIED'],
    ['IPv6', encode({ ...ask('10.0.0.1'), ptype: 0x86dd }), 'NOT_SPECIFIED'],
    ['RARP', encode({ ...ask('10.0.0.1'), op: 3 }), 'NOT_SPECIFIED'],
    ['opcode 0', encode({ ...ask('10.0.0.1'), op: 0 }), 'NOT_SPECIFIED'],
    ['a request for a group', encode(ask('224.0.0.1')), 'NOT_SPECIFIED'],
    ['a request for 127.0.0.1', encode(ask('127.0.0.1')), 'NOT_SPECIFIED'],
  ])('%s is dropped', (_, bytes, reason) => {
    expect(world.receive(bytes)).toEqual([`drop ${reason}`]);
  });

  it('without memory to pull it up is dropped', () => {
    const skb = world.pool.alloc(28) as SkBuff;
    skb.putData(encode(ask('10.0.0.1')));
    skb.mayPull = () => false;
    world.arp.receive(0, skb, world.eth0);
    expect(world.take()).toEqual(['drop NOMEM']);
  });

  it.each([
    ['is for another host', PACKET_OTHERHOST, {}],
    ['comes over a device without ARP', PACKET_HOST, { noarp: true }],
  ])('what %s is none of our business', (_, pktType, change) => {
    Object.assign(world.eth0, change);
    expect(world.hear(ask('10.0.0.1'), pktType)).toEqual([]);
  });

  it('does not include IEEE 802 hardware, nor padding, nor what lies in frags', () => {
    const header = { ...ask('10.0.0.1'), htype: 6 };
    expect(world.hear(header)).toEqual(['asked by 10.0.0.7 200000000aa', answer('10.0.0.1')]);
    expect(world.receive(hex`${encode(ask('10.0.0.1'))} ${'00'.repeat(18)}`)).toHaveLength(2);
    const skb = world.pool.alloc(10) as SkBuff;
    skb.putData(encode(header).subarray(0, 10));
    const page = world.pool.page(28);
    page?.arena.bytes.set(encode(header).subarray(10), page.start);
    if (page !== undefined) skb.addFrag(page, page.start, 18);
    world.arp.receive(0, skb, world.eth0);
    expect(world.take()).toHaveLength(2);
  });
});

describe('a request for an address of ours', () => {
  it('is answered, and its sender remembered', () => {
    expect(world.hear(ask('10.0.0.1'))).toEqual(['asked by 10.0.0.7 200000000aa', answer('10.0.0.1')]);
    expect(world.frames).toEqual([
      {
        header: reply(OURS, ip('10.0.0.1'), THEIRS, ASKER),
        dest: THEIRS,
        headroom: 14,
        protocol: 0x0806,
      },
    ]);
  });

  it('is answered whichever device has it', () => {
    expect(world.hear(ask('10.1.0.1'))[1]).toBe(answer('10.1.0.1'));
  });

  it('is answered whoever the sender says he is', () => {
    expect(world.hear(ask('10.0.0.1', ip('192.0.2.1')))).toEqual([
      'asked by 192.0.2.1 200000000aa',
      answer('10.0.0.1'),
    ]);
  });

  it('is not answered where the route lookup refuses its sender', () => {
    world = new World({ routeInput: () => undefined });
    expect(world.hear(ask('10.0.0.1'))).toEqual([]);
  });

  it('is not answered where its sender cannot be remembered', () => {
    world.table.full = true;
    expect(world.hear(ask('10.0.0.1'))).toEqual([]);
  });

  it('is answered for 127.0.0.0/8 with route_localnet', () => {
    world.conf.route_localnet = 1;
    expect(world.hear(ask('127.0.0.1'))[1]).toBe(answer('127.0.0.1'));
  });
});

describe('arp_ignore', () => {
  const FAR = ip('10.9.0.7');
  beforeEach(() => {
    world.addresses.get(world.eth0)?.push(own('172.16.0.1/24', { flags: 1 }));
    world.addresses.get(world.lo)?.push(own('192.168.7.1/32'), own('192.168.8.1/32', { scope: 254 }));
  });

  // Observed on Linux 6.18, all but the secondary address.
  it.each([
    [0, ASKER, '10.0.0.1 10.1.0.1 192.168.7.1 192.168.8.1 172.16.0.1'],
    [1, ASKER, '10.0.0.1 172.16.0.1'],
    [1, FAR, '10.0.0.1 172.16.0.1'],
    [2, ASKER, '10.0.0.1'],
    [2, FAR, ''],
    [2, ip('172.16.0.7'), '172.16.0.1'],
    [3, ASKER, '10.0.0.1 10.1.0.1 192.168.7.1 172.16.0.1'],
    [4, ASKER, '10.0.0.1 10.1.0.1 192.168.7.1 192.168.8.1 172.16.0.1'],
    [8, ASKER, ''],
  ])('%i, asked by %i', (mode, sip, answered) => {
    world.conf.arp_ignore = mode;
    const ours = ['10.0.0.1', '10.1.0.1', '192.168.7.1', '192.168.8.1', '172.16.0.1'];
    expect(ours.filter((tip) => world.hear(ask(tip, sip)).length > 0).join(' ')).toBe(answered);
  });

  it.each([
    [0, '10.0.0.1 10.1.0.1 192.168.7.1 192.168.8.1'],
    [1, '10.0.0.1'],
    [2, '10.0.0.1'],
    [3, '10.0.0.1 10.1.0.1 192.168.7.1'],
    [8, ''],
  ])('%i, asked by a probe', (mode, answered) => {
    world.conf.arp_ignore = mode;
    const ours = ['10.0.0.1', '10.1.0.1', '192.168.7.1', '192.168.8.1'];
    const heard = ours.filter((tip) => world.hear(probe(THEIRS, ip(tip))).length > 0);
    expect(heard.join(' ')).toBe(answered);
  });
});

describe('a probe (RFC 5227)', () => {
  it('is answered to nobody in particular, and nothing is learned', () => {
    expect(world.hear(probe(THEIRS, ip('10.0.0.1')))).toEqual([answer('10.0.0.1')]);
    expect(world.frames[0]?.header).toEqual(reply(OURS, ip('10.0.0.1'), THEIRS, 0));
    expect(world.table.entries.size).toBe(0);
  });

  it.each([
    ['for an address of somebody else', probe(THEIRS, ip('10.0.0.8'))],
    ['that is a reply', ethernetIpv4(ARPOP_REPLY, THEIRS, 0, 0, ip('10.0.0.1'))],
  ])('%s is not answered', (_, header) => {
    world.conf.arp_accept = 1;
    expect(world.hear(header)).toEqual([]);
  });
});

describe('arp_filter', () => {
  beforeEach(() => {
    world.conf.arp_filter = 1;
  });

  it.each([
    ['over the same device', ASKER, 2, 0],
    ['over another device', ip('10.1.0.7'), 0, 1],
    ['over none', ip('192.0.2.1'), 0, 0],
  ])('an asker who is reached %s', (_, sip, lines, counted) => {
    expect(world.hear(ask('10.0.0.1', sip))).toHaveLength(lines);
    expect(world.arp.mib.TcpExt.ArpFilter).toBe(counted);
  });
});

describe('standing in for others', () => {
  beforeEach(() => {
    Object.assign(world.conf, { forwarding: 1, proxy_arp: 1 });
  });

  it('answers at once what was sent to us', () => {
    expect(world.hearUnicast(ask('10.1.0.9'))).toEqual(['asked by 10.0.0.7 200000000aa', answer('10.1.0.9')]);
  });

  it('answers a broadcast later, so that the owner is first', () => {
    expect(world.hear(ask('10.1.0.9'))).toEqual(['asked by 10.0.0.7 200000000aa', 'delay']);
    const [{ skb, device } = { skb: undefined, device: undefined }] = world.table.delayed.splice(0);
    if (skb !== undefined) world.arp.proxyRedo(0, skb, device as never);
    expect(world.take()).toEqual(['asked by 10.0.0.7 200000000aa', answer('10.1.0.9')]);
  });

  it('answers a broadcast at once without proxy_delay', () => {
    world.table.values.proxy_delay = 0;
    expect(world.hear(ask('10.1.0.9'))[1]).toBe(answer('10.1.0.9'));
  });

  it('answers for single addresses without proxy_arp', () => {
    world.conf.proxy_arp = 0;
    world.table.proxies.add(ip('10.1.0.9')).add(ip('10.0.0.9'));
    expect(world.hearUnicast(ask('10.1.0.9'))[1]).toBe(answer('10.1.0.9'));
    world.table.entries.clear();
    expect(world.hearUnicast(ask('10.1.0.8'))).toEqual([]);
    expect(world.hearUnicast(ask('10.0.0.9'))).toEqual([]);
  });

  it.each([
    ['who is on the same device', '10.0.0.9', {}],
    ['who is nowhere', '192.0.2.9', {}],
    ['who is everybody', '10.1.0.255', {}],
    ['without forwarding', '10.1.0.9', { forwarding: 0 }],
    ['without proxy_arp', '10.1.0.9', { proxy_arp: 0 }],
  ])('does not answer for one %s', (_, tip, change) => {
    Object.assign(world.conf, change);
    expect(world.hearUnicast(ask(tip))).toEqual([]);
  });

  it('learns from what it does not answer', () => {
    world.table.ensure(0, world.eth0, ASKER);
    world.timers.advance(2_000_000);
    expect(world.hear(ask('10.0.0.9'))).toEqual(['2000 learn 10.0.0.7 200000000aa STALE override']);
  });
});

describe('an announcement', () => {
  it('is dropped with drop_gratuitous_arp', () => {
    world.conf.drop_gratuitous_arp = 1;
    const garp = ethernetIpv4(ARPOP_REQUEST, THEIRS, ASKER, 0, ASKER);
    expect(world.hear(garp)).toEqual(['drop NOT_SPECIFIED']);
    expect(world.hear({ ...garp, op: ARPOP_REPLY })).toEqual(['drop NOT_SPECIFIED']);
    expect(world.hear(ask('10.0.0.1'), PACKET_BROADCAST)).toHaveLength(2);
  });
});

describe('probes of the kernel', () => {
  it('see arp_rcv and arp_process', () => {
    const seen: string[] = [];
    world.arp.probe = (fn, skb) => seen.push(`${fn} ${skb.len}`);
    world.hear(ask('10.0.0.1'));
    expect(seen).toEqual(['arp_rcv 28', 'arp_process 28']);
  });
});

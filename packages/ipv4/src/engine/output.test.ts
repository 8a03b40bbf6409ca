import { CHECKSUM_PARTIAL, SKB_GSO_TCPV4, SKB_GSO_UDP_L4, type SkBuff, segment } from '@stack/skbuff';
import { Sock } from '@stack/skbuff/sock';
import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gsoFixup } from '../gso.ts';
import { decode, type Header } from '../header.ts';
import type { Dst } from './dst.ts';
import { ip4, Toy, type ToyDevice, World } from './fixture.ts';
import { MCAST_EXCLUDE } from './igmp-group.ts';
import { joinGroup } from './igmp-membership.ts';
import { InetSock } from './inet-sock.ts';

const MS = 1000;
let world: World;
let host: Toy;
let eth: ToyDevice;
beforeEach(() => {
  world = new World();
  host = new Toy(world, 'a', {
    gsoSegment: (skb) => {
      const at = skb.networkHeader;
      const headers = skb.transportHeader - at + (skb.gsoType === SKB_GSO_UDP_L4 ? 8 : 20);
      return segment(skb, headers, (part, index) => gsoFixup(part.view, part.data, index, part.len));
    },
  });
  world.hosts.push(host);
  eth = host.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
});
afterEach(() => world.finish());

const big = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);
const headers = (): Header[] => host.output.map(({ bytes }) => decode(bytes));

/** Sends as TCP does. */
function queueXmit(
  payload: Uint8Array,
  inet: InetSock,
  daddr = '10.0.0.2',
  part: Partial<SkBuff> = {},
): number | string {
  const dst = host.route(ip4(daddr)) as Dst;
  const skb = Object.assign(host.skb(payload), part);
  const sk = { saddr: dst.src, daddr: dst.daddr, protocol: 6, mark: 3, priority: 5, inet };
  return host.ip.queueXmit(world.now, skb, dst, sk);
}

describe('the header', () => {
  it('is the socket’s and the route’s', () => {
    const inet = new InetSock();
    inet.tos = 0xb8;
    inet.connect(0xffff);
    expect(queueXmit(hex`0102`, inet)).toBe(0);
    expect(headers()).toMatchObject([
      {
        tos: 0xb8,
        totLen: 22,
        id: 0xffff,
        flags: 2,
        ttl: 64,
        protocol: 6,
        saddr: ip4('10.0.0.1'),
        daddr: ip4('10.0.0.2'),
      },
    ]);
    expect(inet.id).toBe(0);
    expect(host.ip.mib.Ip).toMatchObject({ OutRequests: 1, OutTransmits: 1 });
    expect(host.ip.mib.IpExt.OutOctets).toBe(22);
  });

  it('has the TTL of the socket, of the route, of the host', () => {
    const inet = new InetSock();
    host.fib.route(ip4('9.0.0.0'), 8, eth.ifindex, {
      metrics: { ...(host.route(ip4('10.0.0.2')) as Dst).metrics, hoplimit: 33 },
    });
    queueXmit(hex`01`, inet);
    queueXmit(hex`01`, inet, '9.1.1.1');
    inet.ttl = 5;
    queueXmit(hex`01`, inet, '9.1.1.1');
    host.sysctl.ip_default_ttl = 77;
    queueXmit(hex`01`, new InetSock());
    expect(headers().map(({ ttl }) => ttl)).toEqual([64, 33, 5, 77]);
  });

  it.each([
    // pmtudisc, TCP, a datagram that fits, one that does not
    [0, 0, 0, 0],
    [1, 2, 2, 0],
    [2, 2, 2, 'EMSGSIZE'],
    [3, 0, 2, 'EMSGSIZE'],
    [4, 0, 0, 'EMSGSIZE'],
    [5, 0, 0, 0],
  ])('has DF by IP_MTU_DISCOVER %i: %s, %s, %s', (pmtudisc, tcp, small, large) => {
    const inet = new InetSock(pmtudisc);
    queueXmit(hex`01`, inet);
    host.send(ip4('10.0.0.2'), hex`01`, inet);
    const result = host.send(ip4('10.0.0.2'), big(1481), inet);
    expect(
      headers()
        .slice(0, 2)
        .map(({ flags }) => flags),
    ).toEqual([tcp, small]);
    if (typeof large === 'string') expect(result).toBe(large);
    else
      expect(
        headers()
          .slice(2)
          .map(({ flags, fragOff }) => [flags, fragOff]),
      ).toEqual([
        [1, 0],
        [0, 185],
      ]);
  });

  it('has no DF where the path MTU is locked, unless the socket insists', () => {
    host.ip.updatePmtu(world.now, host.route(ip4('10.0.0.2')) as Dst, 100);
    for (const pmtudisc of [1, 2]) queueXmit(hex`01`, new InetSock(pmtudisc));
    expect(headers().map(({ flags }) => flags)).toEqual([0, 2]);
  });

  it.each([
    [1, 800],
    [2, 800],
    [3, 1500],
    [4, 1500],
    [5, 1500],
  ])('is for the path MTU, or by IP_MTU_DISCOVER %i for the device’s: %i', (pmtudisc, mtu) => {
    host.ip.updatePmtu(world.now, host.route(ip4('10.0.0.2')) as Dst, 800);
    host.send(ip4('10.0.0.2'), big(mtu - 20), new InetSock(pmtudisc));
    expect(host.output).toHaveLength(1);
    host.output.length = 0;
    host.send(ip4('10.0.0.2'), big(mtu - 19), new InetSock(pmtudisc));
    expect(host.output.length).toBe(pmtudisc === 1 || pmtudisc === 5 ? 2 : 0);
  });

  it('of a segment that must not be fragmented and does not fit is answered to ourselves', () => {
    expect(queueXmit(big(1481), new InetSock())).toBe('EMSGSIZE');
    expect(host.icmp).toMatchObject([{ type: 3, code: 4, info: 1500 }]);
    expect(host.ip.mib.Ip.FragFails).toBe(1);
  });

  it('never promises more than 65535 bytes', () => {
    expect(queueXmit(big(65_516), new InetSock())).toBe('EMSGSIZE');
    expect(host.send(ip4('10.0.0.2'), big(65_516), new InetSock(0))).toBe('EMSGSIZE');
    expect(host.send(ip4('10.0.0.2'), big(65_515), new InetSock(0))).toBe(0);
  });

  it('fits whatever headroom there is, and a shared head is left alone', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const skb = host.skb(hex`010203`, 0);
    const twin = skb.clone();
    const sk = { saddr: dst.src, daddr: dst.daddr, protocol: 6, mark: 0, priority: 0, inet: new InetSock() };
    expect(host.ip.queueXmit(world.now, skb, dst, sk)).toBe(0);
    expect(twin.toBytes()).toEqual(hex`010203`);
    twin.free();
    expect(decode(host.output[0]!.bytes).totLen).toBe(23);
  });

  it('carries the socket’s options', () => {
    const inet = new InetSock();
    const options = host.ip.compileOptions(hex`070b04 00000000 00000000 44080500 00000000`);
    if (typeof options === 'string') throw new Error(options);
    inet.options = options;
    expect(host.send(ip4('10.0.0.2'), hex`01`, inet)).toBe(0);
    expect(host.output[0]?.bytes.slice(20, 40)).toEqual(hex`070b08 0a000001 00000000 44080900 800003e8 00`);
    expect(queueXmit(big(1461), inet)).toBe('EMSGSIZE');
    expect(host.send(ip4('10.0.0.2'), big(1461), inet)).toBe(0);
    expect(host.output).toHaveLength(3);
  });
});

describe('a timestamp option of ours', () => {
  it.each([
    ['alone', hex`44080500 00000000`, hex`44080900 800003e8`],
    ['with our address', hex`440c0501 00000000 00000000`, hex`440c0d01 0a000001 800003e8`],
    ['named, and it is us', hex`440c0503 0a000001 00000000`, hex`440c0d03 0a000001 800003e8`],
    ['named, and it is not us', hex`440c0503 0a000002 00000000`, hex`440c0503 0a000002 00000000`],
    ['full', hex`44080900 01010101`, hex`44080900 01010101`],
  ])('%s', (_, given, expected) => {
    const inet = new InetSock();
    const options = host.ip.compileOptions(given);
    if (typeof options === 'string') throw new Error(options);
    inet.options = options;
    host.send(ip4('10.0.0.2'), hex`01`, inet);
    expect(host.output[0]?.bytes.slice(20, 20 + expected.length)).toEqual(expected);
  });

  it('has the time of day where there is one', () => {
    const told = new Toy(world, 'b', { timeOfDay: () => 86_399_999 });
    world.hosts.push(told);
    told.device('eth0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
    const inet = new InetSock();
    const options = told.ip.compileOptions(hex`44080500 00000000`);
    if (typeof options === 'string') throw new Error(options);
    inet.options = options;
    told.send(ip4('10.0.0.2'), hex`01`, inet);
    expect(told.output[0]?.bytes.slice(24, 28)).toEqual(hex`05265bff`);
  });
});

describe('identification (RFC 6864 §4)', () => {
  const ids = (): number[] => headers().map(({ id }) => id);

  it('counts up on a connected socket, a super-packet by its segments', () => {
    const inet = new InetSock();
    inet.connect(10);
    queueXmit(hex`01`, inet);
    const tcp = big(3020);
    tcp[12] = 0x50;
    queueXmit(tcp, inet, '10.0.0.2', { gsoSize: 1000, gsoSegs: 3, gsoType: SKB_GSO_TCPV4 });
    queueXmit(hex`01`, inet);
    expect(ids()).toEqual([10, 11, 14]);
  });

  it('is 0 for what has DF and nobody may fragment', () => {
    queueXmit(hex`01`, new InetSock());
    host.send(ip4('10.0.0.2'), hex`01`, new InetSock(2));
    expect(ids()).toEqual([0, 0]);
  });

  it('is unique for a while, and tells nobody how much is sent elsewhere', () => {
    for (let i = 0; i < 100; i++) host.send(ip4('10.0.0.2'), hex`01`, new InetSock(0));
    const first = ids();
    expect(new Set(first).size).toBe(100);
    expect(first.at(-1)! - first[0]!).toBe(99);
    host.send(ip4('10.0.0.3'), hex`01`, new InetSock(0));
    expect(Math.abs(ids().at(-1)! - first.at(-1)!)).toBeGreaterThan(1);
    host.randoms.push(50);
    world.run(world.now + 60 * MS);
    host.send(ip4('10.0.0.2'), hex`01`, new InetSock(0));
    expect(ids().at(-1)).toBe((first.at(-1)! + 51) & 0xffff);
  });
});

describe('a super-packet', () => {
  const send = (
    length: number,
    gsoSize: number,
    pmtudisc: number,
    gsoType: number = SKB_GSO_TCPV4,
  ): number | string => {
    const tcp = big(length);
    tcp[12] = 0x50;
    return queueXmit(tcp, new InetSock(pmtudisc), '10.0.0.2', {
      gsoSize,
      gsoSegs: Math.ceil((length - 20) / gsoSize),
      gsoType,
    });
  };

  it('whose segments fit goes out whole', () => {
    expect(send(20 + 5000, 1460, 1)).toBe(0);
    expect(host.output).toMatchObject([{ gsoSize: 1460 }]);
    expect(headers()[0]?.totLen).toBe(5040);
  });

  it('whose segments do not fit is cut here, and they are fragmented', () => {
    expect(send(20 + 3000, 1461, 0)).toBe(0);
    expect(headers().map(({ totLen, fragOff, flags }) => [totLen, fragOff, flags])).toEqual([
      [1500, 0, 1],
      [21, 185, 0],
      [1500, 0, 1],
      [21, 185, 0],
      [118, 0, 0],
    ]);
    const [first, , second, , third] = headers().map(({ id }) => id);
    expect([second, third]).toEqual([first! + 1, first! + 2]);
  });

  it.each([
    [8, SKB_GSO_UDP_L4],
    [20, SKB_GSO_TCPV4],
  ])('goes out whole with nothing but its %i bytes of header in the head', (hlen, gsoType) => {
    const skb = host.skb(Object.assign(big(hlen), { 12: 0x50 }).slice(0, hlen));
    const page = host.pool.page(3000)!;
    skb.addFrag(page, page.start, 3000);
    Object.assign(skb, { gsoSize: 1000, gsoSegs: 3, gsoType });
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const sk = { saddr: dst.src, daddr: dst.daddr, protocol: 17, mark: 0, priority: 0, inet: new InetSock() };
    expect(host.ip.queueXmit(world.now, skb, dst, sk)).toBe(0);
    expect(host.output).toMatchObject([{ gsoSize: 1000 }]);
  });

  it('of UDP counts eight bytes of header', () => {
    const udp = (gsoSize: number): void => {
      host.output.length = 0;
      queueXmit(big(8 + 3000), new InetSock(0), '10.0.0.2', { gsoSize, gsoSegs: 3, gsoType: SKB_GSO_UDP_L4 });
    };
    udp(1472);
    expect(host.output).toHaveLength(1);
    udp(1473);
    expect(host.output.length).toBeGreaterThan(3);
  });
});

describe('groups and broadcast', () => {
  const group = ip4('239.1.1.1');
  const join = (): void =>
    joinGroup(host.ip, world.now, host.ip.devices.get(eth.ifindex)!, group, MCAST_EXCLUDE);
  beforeEach(() => host.fib.route(ip4('224.0.0.0'), 4, eth.ifindex));

  it('are heard here too where we are in, once, and not the sender who does not want to', () => {
    join();
    const inet = new InetSock();
    expect(host.send(group, hex`0102`, inet)).toBe(0);
    inet.mcLoop = false;
    expect(host.send(group, hex`0304`, inet)).toBe(0);
    world.run();
    expect(host.delivered.map(({ payload, pktType }) => [payload, pktType])).toEqual([[hex`0102`, 2]]);
    expect(headers().map(({ ttl }) => ttl)).toEqual([1, 1]);
    expect(host.ip.mib.IpExt).toMatchObject({ OutMcastPkts: 2, OutMcastOctets: 44, InMcastPkts: 1 });
  });

  it('are not heard where we are not', () => {
    host.send(group, hex`0102`);
    world.run();
    expect([host.delivered.length, host.output.length]).toEqual([0, 1]);
  });

  it('of TTL 0 stay here (RFC 1112 §6.1)', () => {
    join();
    expect(host.send(group, hex`0102`, new InetSock(), { ttl: 0 })).toBe(0);
    world.run();
    expect([host.delivered.length, host.output.length]).toEqual([1, 0]);
  });

  it('broadcast is heard by everybody, and by us', () => {
    expect(host.send(ip4('10.0.0.255'), hex`0102`)).toBe(0);
    world.run();
    expect(host.delivered).toMatchObject([{ pktType: 1 }]);
    expect(host.output[0]).toMatchObject({ nexthop: ip4('10.0.0.255') });
    expect(headers()[0]?.ttl).toBe(64);
    expect(host.ip.mib.IpExt).toMatchObject({ OutBcastPkts: 1, InBcastPkts: 1 });
  });

  it('larger than the MTU are heard whole and sent in fragments', () => {
    join();
    expect(host.send(group, big(4000), new InetSock(0))).toBe(0);
    world.run();
    expect([host.delivered[0]?.payload.length, host.output.length]).toEqual([4000, 3]);
  });
});

describe('what the queue says', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1],
    [2, 2, 0],
  ])('%i is passed on: %i, and counted for datagrams: %i', (verdict, result, OutDiscards) => {
    host.verdict = verdict;
    expect(host.send(ip4('10.0.0.2'), hex`01`)).toBe(result);
    expect(host.ip.mib.Ip.OutDiscards).toBe(OutDiscards);
    expect(queueXmit(hex`01`, new InetSock())).toBe(result);
    expect(host.ip.mib.Ip.OutDiscards).toBe(OutDiscards);
  });
});

describe('fragments', () => {
  it('of more runs than a packet holds are copied', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const data = big(100 + 44 * 20 + 2000);
    const skb = host.skb(data.subarray(0, 100));
    const add = (from: number, to: number): void => {
      const page = host.pool.page(to - from)!;
      page.arena.bytes.set(data.subarray(from, to), page.start);
      skb.addFrag(page, page.start, to - from);
    };
    for (let i = 0; i < 44; i++) add(100 + i * 20, 120 + i * 20);
    add(980, 2980);
    const sk = {
      saddr: dst.src,
      daddr: dst.daddr,
      protocol: 17,
      tos: 0,
      ttl: -1,
      mark: 0,
      priority: 0,
      inet: new InetSock(0),
    };
    expect(host.ip.sendSkb(world.now, skb, dst, sk)).toBe(0);
    expect(Uint8Array.from(host.output.flatMap(({ bytes }) => [...bytes.slice(20)]))).toEqual(data);
  });

  it('are charged to the socket, and have the transport checksum of the whole', () => {
    const dst = host.route(ip4('10.0.0.2')) as Dst;
    const sock = new Sock();
    const skb = host.skb(big(3000));
    skb.ipSummed = CHECKSUM_PARTIAL;
    skb.csumStart = skb.data;
    skb.csumOffset = 6;
    sock.setOwnerW(skb);
    const charged: number[] = [];
    host.ip.probe = () => charged.push(sock.wmemAlloc);
    const sk = {
      saddr: dst.src,
      daddr: dst.daddr,
      protocol: 17,
      tos: 0,
      ttl: -1,
      mark: 0,
      priority: 0,
      inet: new InetSock(0),
    };
    expect(host.ip.sendSkb(world.now, skb, dst, sk)).toBe(0);
    expect(sock.wmemAlloc).toBe(0);
    expect(charged[0]).toBeGreaterThan(3000);
    const whole = host.output.flatMap(({ bytes }) => [...bytes.slice(20)]);
    const sum = whole.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
    expect((sum + 0x0607) % 0xffff).toBe(0); // what stood there was the pseudo-header's sum
  });
});

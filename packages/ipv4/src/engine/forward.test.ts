import { CHECKSUM_PARTIAL, viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decode, sendCheck, verify } from '../header.ts';
import { NO_METRICS } from './dst.ts';
import { ip4, packet, type Toy, type ToyDevice, World } from './fixture.ts';

const MS = 1000;
let world: World;
let router: Toy;
let inside: ToyDevice;
let outside: ToyDevice;
beforeEach(() => {
  world = new World();
  router = world.host('r');
  inside = router.device('in', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  outside = router.device('out', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
  router.conf('in').forwarding = 1;
  router.conf('out').forwarding = 1;
});
afterEach(() => world.finish());

const DATA = hex`0102030405`;
const big = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 0xff);

function through(part: Partial<Parameters<typeof packet>[0]>, payload = DATA): Uint8Array {
  const bytes = packet({ saddr: '10.0.0.2', daddr: '10.1.0.2', ...part }, payload);
  router.inject(bytes, inside.ifindex);
  return bytes;
}

describe('a packet for somebody else', () => {
  it('goes one hop on, its TTL one less', () => {
    through({ ttl: 9, tos: 0x10 });
    expect(router.output).toHaveLength(1);
    const [{ bytes, dev, nexthop }] = router.output as [(typeof router.output)[0]];
    expect([dev, nexthop]).toEqual(['out', ip4('10.1.0.2')]);
    expect(decode(bytes)).toMatchObject({ ttl: 8, tos: 0x10, totLen: 25 });
    expect(verify(viewOf(bytes), 0)).toBe(true);
    expect(router.ip.mib.Ip).toMatchObject({
      ForwDatagrams: 1,
      OutRequests: 0,
      OutTransmits: 1,
      InDelivers: 0,
    });
  });

  it('goes to the gateway of its route', () => {
    router.fib.route(ip4('99.0.0.0'), 8, outside.ifindex, { via: ip4('10.1.0.9') });
    through({ daddr: '99.1.1.1' });
    expect(router.output[0]?.nexthop).toBe(ip4('10.1.0.9'));
  });

  it.each([0, 1])('with a TTL of %i is over (RFC 1812 §5.3.1)', (ttl) => {
    const bytes = through({ ttl });
    expect(router.icmp).toEqual([{ type: 11, code: 0, info: 0, packet: bytes }]);
    expect(router.drops).toEqual(['IP_INHDR']);
    expect(router.ip.mib.Ip).toMatchObject({ InHdrErrors: 1, ForwDatagrams: 0 });
  });

  it.each([1, 2])('in a broadcast frame (pktType %i) is not forwarded', (pktType) => {
    router.inject(packet({ saddr: '10.0.0.2', daddr: '10.1.0.2' }, DATA), inside.ifindex, pktType);
    expect([router.output.length, ...router.drops, ...router.icmp]).toEqual([0, 'NOT_SPECIFIED']);
  });

  it('to the broadcast address of another network stays here', () => {
    through({ daddr: '10.1.0.255' });
    expect([router.output.length, router.delivered.length]).toEqual([0, 1]);
  });

  it.each([
    [{ type: 'unreachable' }, 1, 'NOT_SPECIFIED', 0],
    [{ type: 'prohibit' }, 13, 'NOT_SPECIFIED', 0],
    [{ type: 'blackhole' }, undefined, 'NOT_SPECIFIED', 0],
    [undefined, 0, 'IP_INNOROUTES', 1],
  ])('by a route %o is answered with code %s', (route, code, reason, InNoRoutes) => {
    if (route !== undefined) router.fib.route(ip4('99.0.0.0'), 8, 0, { ...route, nexthops: [] });
    const bytes = through({ daddr: '99.1.1.1' });
    expect(router.icmp).toEqual(code === undefined ? [] : [{ type: 3, code, info: 0, packet: bytes }]);
    expect(router.drops).toEqual([reason]);
    expect(router.ip.mib.IpExt.InNoRoutes).toBe(InNoRoutes);
  });

  it('to nowhere is answered five times at once, and then once a second', () => {
    const answers = (): number => router.icmp.length;
    for (let i = 0; i < 20; i++) through({ daddr: '99.1.1.1' });
    expect(answers()).toBe(5);
    through({ daddr: '99.1.1.1', saddr: '10.0.0.3' });
    expect(answers()).toBe(6);
    world.run(world.now + 999 * MS);
    through({ daddr: '99.1.1.1' });
    expect(answers()).toBe(6);
    world.run(world.now + MS);
    through({ daddr: '99.1.1.1' });
    expect(answers()).toBe(7);
  });

  it('gets the priority of its TOS where the sysctl says so', () => {
    const skbs: number[] = [];
    router.ip.probe = (fn, skb) => {
      if (fn === 'ip_output') skbs.push(skb.priority);
    };
    for (const tos of [0, 0x08, 0x10, 0x1e]) through({ tos });
    router.sysctl.ip_forward_update_priority = 0;
    through({ tos: 0x10 });
    expect(skbs).toEqual([0, 2, 6, 4, 0]);
  });

  it('is refused where the pool is at its end, and counted', () => {
    // A head that somebody else sees must be copied to change the TTL.
    const skb = router.pool.alloc(64, 64)!;
    skb.putData(packet({ saddr: '10.0.0.2', daddr: '10.1.0.2' }, DATA));
    skb.ifindex = inside.ifindex;
    const twin = skb.clone();
    router.ip.receive(world.now, skb);
    expect(decode(router.output[0]!.bytes).ttl).toBe(63);
    expect(decode(twin.toBytes()).ttl).toBe(64);
    twin.free();
  });
});

describe('a packet too big for the next link', () => {
  beforeEach(() => {
    outside.mtu = 600;
  });

  it('with DF is answered with the MTU (RFC 1191 §4)', () => {
    const bytes = through({ flags: 2 }, big(581));
    expect(router.icmp).toEqual([{ type: 3, code: 4, info: 600, packet: bytes }]);
    expect(router.drops).toEqual(['PKT_TOO_BIG']);
    expect(router.ip.mib.Ip.FragFails).toBe(1);
    through({ flags: 2 }, big(580));
    expect(router.output).toHaveLength(1);
  });

  it('without DF is fragmented, as Linux 6.18 did', () => {
    through({ id: 1 }, big(913));
    expect(router.output.map(({ bytes }) => bytes.length)).toEqual([596, 357]);
    expect(router.output.map(({ bytes }) => decode(bytes))).toMatchObject([
      { id: 1, flags: 1, fragOff: 0, ttl: 63 },
      { id: 1, flags: 0, fragOff: 0x48, ttl: 63 },
    ]);
    expect(router.ip.mib.Ip).toMatchObject({ FragOKs: 1, FragCreates: 2, ForwDatagrams: 1 });
  });

  it('has its options in the first fragment alone, but those that are to be copied', () => {
    const options = [
      { kind: 7 as const, pointer: 4, route: [0] },
      { kind: 148 as const, value: 0 },
      { kind: 0 as const, padding: hex`` },
    ];
    through({ id: 1, options }, big(913));
    const [first, second] = router.output.map(({ bytes }) => bytes.slice(20, 32));
    expect(first).toEqual(hex`0707080a010001 94040000 00`);
    expect(second).toEqual(hex`01010101010101 94040000 00`);
    expect(router.output.map(({ bytes }) => bytes.length)).toEqual([600, 377]);
  });

  it('is held to a route’s MTU, and to a path MTU only with the sysctl', () => {
    outside.mtu = 1500;
    router.fib.route(ip4('99.0.0.0'), 8, outside.ifindex, { metrics: { ...NO_METRICS, mtu: 700 } });
    through({ daddr: '99.1.1.1', flags: 2 }, big(900));
    expect(router.icmp[0]?.info).toBe(700);
    const dst = router.route(ip4('10.1.0.2'));
    if (typeof dst === 'string') throw new Error(dst);
    router.ip.updatePmtu(world.now, dst, 800);
    through({ flags: 2 }, big(900));
    expect(router.icmp).toHaveLength(1);
    router.sysctl.ip_forward_use_pmtu = 1;
    through({ flags: 2 }, big(900));
    expect(router.icmp[1]?.info).toBe(800);
  });

  it('by fewer than eight bytes of payload goes nowhere', () => {
    outside.mtu = 27;
    through({}, big(100));
    expect([router.output.length, ...router.drops]).toEqual([0, 'PKT_TOO_BIG']);
    expect(router.ip.mib.Ip.FragFails).toBe(1);
  });

  it.each([
    [-14, 6],
    [20, -1],
    [20, 2000],
    [0, 6],
  ])('whose checksum a device says to be at %i + %i', (start, csumOffset) => {
    const skb = router.skb(packet({ saddr: '10.0.0.2', daddr: '10.1.0.2' }, big(913)));
    Object.assign(skb, {
      ifindex: inside.ifindex,
      ipSummed: CHECKSUM_PARTIAL,
      csumStart: skb.data + start,
      csumOffset,
    });
    router.ip.receive(world.now, skb);
    expect(router.drops).toEqual(start === 0 ? [] : ['NOMEM']);
  });

  it.each([1, 0x2_0000])(
    'that a device says to be a super-packet of type %i, without its header',
    (gsoType) => {
      const bytes = packet({ saddr: '10.0.0.2', daddr: '10.1.0.2', protocol: 6 }, big(4));
      for (const flags of [0, 2]) {
        bytes[6] = flags << 5;
        sendCheck(viewOf(bytes), 0);
        const skb = router.pool.wrap(bytes.slice());
        Object.assign(skb, { ifindex: inside.ifindex, gsoSize: 100, gsoSegs: 2, gsoType });
        router.ip.receive(world.now, skb);
      }
      // A UDP header is not looked at; the fixture cuts nothing.
      expect(router.drops).toEqual(gsoType === 1 ? ['NOMEM', 'NOMEM'] : []);
    },
  );

  it('whose second fragment the device drops is lost, and counted', () => {
    router.verdict = 1;
    through({ id: 1 }, big(913));
    expect(router.output).toHaveLength(1);
    expect(router.ip.mib.Ip).toMatchObject({ FragOKs: 0, FragFails: 1, FragCreates: 0 });
  });
});

describe('a redirect', () => {
  const again = (after: number, saddr = '10.0.0.2'): number => {
    world.run(world.now + after);
    const before = router.icmp.length;
    through({ daddr: '10.0.0.9', saddr });
    return router.icmp.length - before;
  };

  it('is sent where the packet leaves as it came (RFC 1812 §5.2.7.2)', () => {
    const bytes = through({ daddr: '10.0.0.9' });
    expect(router.icmp).toMatchObject([{ type: 5, code: 1, info: ip4('10.0.0.9') }]);
    expect(router.icmp[0]?.packet.slice(12)).toEqual(bytes.slice(12));
    expect(router.output[0]).toMatchObject({ dev: 'in', nexthop: ip4('10.0.0.9') });
  });

  it('names the gateway', () => {
    router.fib.route(ip4('77.0.0.0'), 8, inside.ifindex, { via: ip4('10.0.0.77') });
    through({ daddr: '77.1.1.1' });
    expect(router.icmp).toMatchObject([{ type: 5, info: ip4('10.0.0.77') }]);
  });

  it.each([
    ['off', { send_redirects: 0 }, '10.0.0.2', 0],
    ['to a sender behind another router', {}, '44.0.0.2', 0],
    ['without shared media, in one subnet', { shared_media: 0 }, '10.0.0.2', 1],
  ])('%s', (_, conf, saddr, count) => {
    Object.assign(router.conf('in'), conf);
    router.fib.route(ip4('44.0.0.0'), 8, inside.ifindex, { via: ip4('10.0.0.44') });
    expect(again(0, saddr)).toBe(count);
    expect(router.output).toHaveLength(1);
  });

  it('without shared media is for neighbours in one subnet', () => {
    Object.assign(router.conf('in'), { shared_media: 0 });
    router.fib.route(ip4('11.0.0.0'), 8, inside.ifindex);
    router.fib.route(ip4('12.0.0.0'), 8, inside.ifindex, { via: ip4('11.0.0.1') });
    through({ daddr: '12.0.0.1' });
    expect(router.icmp).toEqual([]);
  });

  it('is sent to who was just told that there is no way', () => {
    through({ daddr: '99.1.1.1' });
    expect(again(0)).toBe(1);
  });

  it('is repeated ever more rarely, and after nine not at all until the host is silent', () => {
    expect(again(0)).toBe(1);
    let wait = 40;
    for (let sent = 1; sent < 9; sent++) {
      expect(again(wait * MS)).toBe(0);
      expect(again(1)).toBe(1);
      wait *= 2;
    }
    expect(again(20_000 * MS)).toBe(0);
    expect(again(20_480 * MS)).toBe(0);
    expect(again(20_480 * MS + 1)).toBe(1);
    expect(router.output.length).toBe(20);
  });
});

describe('three hosts', () => {
  it('talk over a router with a small link, both ways', () => {
    const [left, right] = [world.lan(), world.lan()];
    const a = world.host('a');
    const b = world.host('b');
    const m = world.host('m');
    const at = (text: string) => ({ local: ip4(text), prefixLength: 24 });
    a.device('eth0', { lan: left }, at('192.168.1.2'));
    m.device('eth0', { lan: left }, at('192.168.1.1'));
    m.device('eth1', { lan: right, mtu: 576 }, at('192.168.2.1'));
    b.device('eth0', { lan: right, mtu: 576 }, at('192.168.2.2'));
    m.conf('eth0').forwarding = 1;
    m.conf('eth1').forwarding = 1;
    a.fib.route(0, 0, 2, { via: ip4('192.168.1.1') });
    b.fib.route(0, 0, 2, { via: ip4('192.168.2.1') });
    const inet = a.ip.inet();
    inet.pmtudisc = 0;
    expect(a.send(ip4('192.168.2.2'), big(5000), inet)).toBe(0);
    expect(b.send(ip4('192.168.1.2'), big(300))).toBe(0);
    world.settle();
    expect(b.delivered.map(({ payload }) => payload)).toEqual([big(5000)]);
    expect(a.delivered.map(({ payload, header }) => [payload, header.ttl])).toEqual([[big(300), 63]]);
    // Four packets of 1500 at most, of which three are cut again.
    expect(left.sent.filter(({ from }) => from === 'a')).toHaveLength(4);
    expect(right.sent.filter(({ from }) => from === 'm').length).toBeGreaterThan(9);
    expect(Math.max(...right.sent.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(576);
  });
});

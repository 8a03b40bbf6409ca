import { beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { RTCF_BROADCAST, RTCF_LOCAL, RTCF_MULTICAST } from './constants.ts';
import type { Dst } from './dst.ts';
import { NO_METRICS } from './dst.ts';
import { ip4, type Toy, World } from './fixture.ts';
import { MCAST_EXCLUDE } from './igmp-group.ts';
import { joinGroup } from './igmp-membership.ts';
import { FLOWI_FLAG_ANYSRC, FLOWI_FLAG_ONLINK } from './route-output.ts';

let world: World;
let host: Toy;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  host.device('tun0', {}, { local: ip4('10.0.0.1'), prefixLength: 24 });
  host.device('tun1', {}, { local: ip4('10.1.0.1'), prefixLength: 24 });
  host.fib.route(ip4('50.0.0.0'), 8, 0, { type: 'unreachable', nexthops: [] });
  host.fib.route(ip4('51.0.0.0'), 8, 0, { type: 'blackhole', nexthops: [] });
  host.fib.route(ip4('52.0.0.0'), 8, 0, { type: 'prohibit', nexthops: [] });
  host.fib.route(ip4('78.0.0.0'), 8, 3, { via: ip4('10.1.0.77') });
});

/** As `ip route get` says it. */
function get(query: string): string {
  const words = query.split(' ');
  const after = (word: string): string | undefined => words[words.indexOf(word) + 1];
  const oif = words.includes('oif')
    ? (host.devices.find(({ name }) => name === after('oif'))?.ifindex ?? 99)
    : 0;
  const from = words.includes('from') ? after('from') : undefined;
  const flow = {
    daddr: ip4(words[0] as string),
    saddr: from === undefined ? 0 : ip4(from),
    oif,
    tos: 0,
    mark: 0,
    protocol: 0,
    sport: 0,
    dport: 0,
    flags: 0,
  };
  const dst = host.ip.routeOutput(world.now, flow);
  if (typeof dst === 'string') return dst;
  const type = dst.type === 'unicast' ? '' : `${dst.type} `;
  const via = dst.gateway === 0 ? '' : ` via ${formatAddress(dst.gateway)}`;
  return `${type}${formatAddress(flow.daddr)}${via} dev ${dst.dev.name} src ${formatAddress(flow.saddr)}`;
}

describe('where a packet goes, as `ip route get` of Linux 6.18 said with these devices and routes', () => {
  it.each([
    ['8.8.8.8', 'ENETUNREACH'],
    ['8.8.8.8 from 10.0.0.1', 'ENETUNREACH'],
    ['10.0.0.2', '10.0.0.2 dev tun0 src 10.0.0.1'],
    ['10.0.0.2 from 1.2.3.4', 'ENETUNREACH'],
    ['10.0.0.2 from 224.0.0.1', 'EINVAL'],
    ['10.0.0.2 from 0.1.2.3', 'ENETUNREACH'],
    ['10.0.0.2 from 255.255.255.255', 'EINVAL'],
    ['10.0.0.2 from 127.0.0.1', 'EINVAL'],
    ['10.0.0.2 from 10.1.0.1', '10.0.0.2 dev tun0 src 10.1.0.1'],
    ['10.0.0.2 oif tun1', '10.0.0.2 dev tun1 src 10.1.0.1'],
    ['224.0.0.5', 'ENETUNREACH'],
    ['224.0.0.5 from 10.0.0.1', 'multicast 224.0.0.5 dev tun0 src 10.0.0.1'],
    ['224.0.0.9 oif tun1', 'multicast 224.0.0.9 dev tun1 src 10.1.0.1'],
    ['239.1.1.1 oif tun1', 'multicast 239.1.1.1 dev tun1 src 10.1.0.1'],
    ['255.255.255.255', 'ENETUNREACH'],
    ['255.255.255.255 from 10.0.0.1', 'broadcast 255.255.255.255 dev tun0 src 10.0.0.1'],
    ['255.255.255.255 oif tun0', 'broadcast 255.255.255.255 dev tun0 src 10.0.0.1'],
    ['10.0.0.255', 'broadcast 10.0.0.255 dev tun0 src 10.0.0.1'],
    ['8.8.8.8 oif tun0', '8.8.8.8 dev tun0 src 10.0.0.1'],
    ['8.8.8.8 oif nodev', 'ENODEV'],
    ['0.0.0.0', 'local 127.0.0.1 dev lo src 127.0.0.1'],
    ['0.0.0.0 oif tun0', 'local 10.0.0.1 dev lo src 10.0.0.1'],
    ['0.0.0.5', 'ENETUNREACH'],
    ['0.0.0.5 oif tun0', '0.0.0.5 dev tun0 src 10.0.0.1'],
    ['127.0.0.5', 'local 127.0.0.5 dev lo src 127.0.0.1'],
    ['127.0.0.5 from 10.0.0.1', 'local 127.0.0.5 dev lo src 10.0.0.1'],
    ['127.0.0.1 oif tun0', '127.0.0.1 dev tun0 src 10.0.0.1'],
    ['10.0.0.1', 'local 10.0.0.1 dev lo src 10.0.0.1'],
    ['10.0.0.1 from 10.1.0.1', 'local 10.0.0.1 dev lo src 10.1.0.1'],
    ['10.0.0.1 oif tun1', '10.0.0.1 dev tun1 src 10.1.0.1'],
    ['240.0.0.1', 'ENETUNREACH'],
    ['50.1.1.1', 'EHOSTUNREACH'],
    ['51.1.1.1', 'EINVAL'],
    ['52.1.1.1', 'EACCES'],
    ['78.1.1.1', '78.1.1.1 via 10.1.0.77 dev tun1 src 10.1.0.1'],
    ['78.1.1.1 from 10.0.0.1', '78.1.1.1 via 10.1.0.77 dev tun1 src 10.0.0.1'],
  ])('%s: %s', (query, answer) => {
    expect(get(query)).toBe(answer);
    expect(get(query)).toBe(answer); // and once more, out of the cache
  });

  it('a device that is down, or none at all', () => {
    host.devices[2]!.up = false;
    host.ip.linkDown(world.now, 3);
    expect(get('10.1.0.2 oif tun1')).toBe('ENETUNREACH');
    expect(get('78.1.1.1')).toBe('ENETUNREACH');
    host.ip.removeDevice(world.now, 1);
    expect([get('0.0.0.0'), get('127.0.0.1')]).toEqual(['ENETUNREACH', 'ENETUNREACH']);
  });
});

describe('a lookup', () => {
  const route = (daddr: string, part = {}): Dst => host.route(ip4(daddr), part) as Dst;

  it('may have any source where the socket is transparent', () => {
    const flags = FLOWI_FLAG_ANYSRC;
    expect(route('10.0.0.2', { saddr: ip4('1.2.3.4'), flags }).src).toBe(ip4('1.2.3.4'));
  });

  it('wants a neighbour where the socket does not route', () => {
    expect(host.route(ip4('78.1.1.1'), { flags: FLOWI_FLAG_ONLINK })).toBe('ENETUNREACH');
    expect(route('10.0.0.2', { flags: FLOWI_FLAG_ONLINK }).gateway).toBe(0);
  });

  it('counts what has no route', () => {
    host.route(ip4('8.8.8.8'));
    host.route(ip4('50.1.1.1'));
    expect(host.ip.mib.Ip.OutNoRoutes).toBe(1);
  });

  it('prefers the source of the route', () => {
    host.ip.addAddress(world.now, 2, { local: ip4('10.9.0.1'), prefixLength: 24 });
    host.fib.route(ip4('99.0.0.0'), 8, 2, { via: ip4('10.0.0.9'), prefsrc: ip4('10.9.0.1') });
    expect(get('99.1.1.1')).toBe('99.1.1.1 via 10.0.0.9 dev tun0 src 10.9.0.1');
  });

  it('takes the address in the subnet of the gateway, else the first of the device, else another device’s', () => {
    host.ip.addAddress(world.now, 2, { local: ip4('10.9.0.1'), prefixLength: 24 });
    host.device('bare');
    host.fib.route(ip4('98.0.0.0'), 8, 2, { via: ip4('10.9.0.9') });
    host.fib.route(ip4('97.0.0.0'), 8, 2, { via: ip4('44.0.0.9') });
    host.fib.route(ip4('96.0.0.0'), 8, 4, { via: ip4('44.0.0.9') });
    expect(['98.1.1.1', '97.1.1.1', '96.1.1.1'].map((to) => formatAddress(route(to).src))).toEqual([
      '10.9.0.1',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });

  it('keeps a narrow scope at home', () => {
    host.device('eth2', {}, { local: ip4('169.254.1.1'), prefixLength: 16, scope: 253 });
    host.fib.route(ip4('95.0.0.0'), 8, 4, { via: ip4('169.254.1.2') });
    expect(formatAddress(route('95.1.1.1').src)).toBe('10.0.0.1');
    expect(formatAddress(route('169.254.1.9').src)).toBe('169.254.1.1');
  });

  it('names no gateway for a group, and tells who is in it', () => {
    host.fib.route(0, 0, 2, { via: ip4('10.0.0.9') });
    const group = ip4('239.1.1.1');
    expect(route('239.1.1.1')).toMatchObject({ type: 'multicast', gateway: 0, flags: RTCF_MULTICAST });
    joinGroup(host.ip, world.now, host.ip.devices.get(2)!, group, MCAST_EXCLUDE);
    expect(route('239.1.1.1').flags).toBe(RTCF_MULTICAST | RTCF_LOCAL);
    expect(route('10.0.0.255').flags).toBe(RTCF_BROADCAST | RTCF_LOCAL);
    expect(route('127.0.0.1').flags).toBe(RTCF_LOCAL);
  });

  it('keeps the gateway of a route that is about the group', () => {
    host.fib.route(ip4('224.0.0.0'), 3, 2, { via: ip4('10.0.0.8') });
    expect(route('239.1.1.1').gateway).toBe(0);
    host.fib.route(ip4('224.0.0.0'), 4, 2, { via: ip4('10.0.0.9') });
    expect(route('239.1.1.1').gateway).toBe(ip4('10.0.0.9'));
  });

  it('asks the FIB with all of the flow, ECN apart', () => {
    host.ip.routeOutput(world.now, {
      daddr: ip4('78.1.1.1'),
      saddr: ip4('10.0.0.1'),
      oif: 3,
      tos: 0xff,
      mark: 7,
      protocol: 6,
      sport: 1,
      dport: 2,
      flags: 0,
    });
    expect(host.fib.asked).toMatchObject({
      daddr: ip4('78.1.1.1'),
      saddr: ip4('10.0.0.1'),
      iif: 1,
      oif: 3,
      tos: 0xfc,
      mark: 7,
      scope: 0,
    });
    host.route(ip4('78.1.1.1'), { tos: 3 });
    expect(host.fib.asked).toMatchObject({ saddr: undefined, oif: 0, tos: 0 });
  });

  it('takes a preferred source of 0 for none', () => {
    host.fib.route(ip4('90.0.0.0'), 8, 2, { via: ip4('10.0.0.9'), prefsrc: 0 });
    expect(formatAddress(route('90.1.1.1').src)).toBe('10.0.0.1');
  });

  it('without route says nothing of the path', () => {
    expect(Object.values(NO_METRICS).filter(Boolean)).toEqual([]);
    expect(route('255.255.255.255', { oif: 2 }).metrics).toBe(NO_METRICS);
  });

  it('spreads flows over equal paths, each flow over one', () => {
    const nexthops = [2, 3].map((ifindex) => ({ ifindex, via: ip4(`10.${ifindex - 2}.0.9`), onlink: false }));
    host.fib.route(ip4('94.0.0.0'), 8, 2, { nexthops });
    const devices = Array.from({ length: 64 }, (_, i) => route(`94.1.1.${i}`).dev.ifindex);
    expect(new Set(devices).size).toBe(2);
    expect(devices).toEqual(Array.from({ length: 64 }, (_, i) => route(`94.1.1.${i}`).dev.ifindex));
    const byPort = (sport: number): number => route('94.1.1.1', { sport }).dev.ifindex;
    const ports = Array.from({ length: 64 }, (_, i) => i);
    expect(new Set(ports.map(byPort)).size).toBe(1);
    host.sysctl.fib_multipath_hash_policy = 1;
    expect(new Set(ports.map(byPort)).size).toBe(2);
  });
});

describe('a Dst', () => {
  const route = (daddr: string): Dst => host.route(ip4(daddr)) as Dst;

  it('is the same for the same question, until something changes', () => {
    const first = route('78.1.1.1');
    const { lookups } = host.fib;
    expect(route('78.1.1.1')).toBe(first);
    expect(host.fib.lookups).toBe(lookups);
    expect(first.obsolete()).toBe(false);
    host.fib.route(ip4('93.0.0.0'), 8, 2);
    expect(first.obsolete()).toBe(true);
    const second = route('78.1.1.1');
    expect(second).not.toBe(first);
    host.ip.flushCache();
    expect(second.obsolete()).toBe(true);
  });

  it.each([
    ['the device', {}, 1500, 1460],
    ['the route', { mtu: 1400 }, 1400, 1360],
    ['the route, with its own MSS', { mtu: 1400, advmss: 1000 }, 1400, 1000],
    ['a route without sense', { mtu: 100 }, 100, 256],
    ['a locked route over a gateway', { mtuLock: true }, 576, 536],
    ['more than IP has', { mtu: 70_000 }, 65_535, 65_495],
  ])('has the MTU of %s', (_, metrics, mtu, advmss) => {
    host.fib.route(ip4('92.0.0.0'), 8, 2, {
      via: ip4('10.0.0.9'),
      metrics: { ...NO_METRICS, ...metrics },
    });
    const dst = route('92.1.1.1');
    expect([dst.mtu(world.now), dst.advmss]).toEqual([mtu, advmss]);
  });

  it('of a locked route on the link has the MTU of the device', () => {
    host.fib.route(ip4('91.0.0.0'), 8, 2, { metrics: { ...NO_METRICS, mtuLock: true } });
    expect(route('91.1.1.1').mtu(world.now)).toBe(1500);
  });

  it('follows the device’s MTU, and says what fits IP at most', () => {
    const dst = route('10.0.0.2');
    host.devices[1]!.mtu = 9000;
    expect(dst.mtu(world.now)).toBe(9000);
    expect(route('127.0.0.1').mtu(world.now)).toBe(65_535);
  });
});

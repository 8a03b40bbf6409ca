/** Routes as `ip route` of Linux 6.18 takes them in and lists them; the sequences were tried there. */
import { beforeEach, describe, expect, it } from 'vitest';
import { IPV4, ip } from './fixture.ts';
import { Fib, type Flow, PROTOCOL, type Route, type RouteSpec, SCOPE, TABLE } from './index.ts';

const [E0, E1, DOWN] = [2, 3, 4];
const STATES = new Map([
  [1, 'up' as const],
  [E0, 'up' as const],
  [E1, 'up' as const],
  [DOWN, 'down' as const],
]);

let fib: Fib<number>;
beforeEach(() => {
  fib = new Fib(IPV4, { device: (ifindex) => STATES.get(ifindex) });
  for (const [ifindex, net] of [
    [E0, '10.0.0'],
    [E1, '10.0.1'],
  ] as const) {
    const own = { prefsrc: ip(`${net}.1`), protocol: PROTOCOL.KERNEL, nexthops: [{ ifindex }] };
    expect(fib.add({ ...to(`${net}.1/32`), type: 'local', ...own })).toBeUndefined();
    expect(fib.add({ ...to(`${net}.255/32`), type: 'broadcast', ...own })).toBeUndefined();
    expect(fib.add({ ...to(`${net}.0/24`), ...own })).toBeUndefined();
  }
});

function to(prefix: string): { dst: number; length: number } {
  const [address = '', length] = prefix.split('/');
  return { dst: ip(address), length: Number(length) };
}

const via = (gateway: string, ifindex = 0) => ({ nexthops: [{ via: ip(gateway), ifindex }] });
const dev = (ifindex: number) => ({ nexthops: [{ ifindex }] });
const flow = (daddr: string, rest: Partial<Flow<number>> = {}): Flow<number> => ({
  daddr: ip(daddr),
  saddr: undefined,
  iif: 1,
  oif: 0,
  mark: 0,
  tos: 0,
  scope: 0,
  hash: 0,
  ...rest,
});

/** `via 10.0.0.2 dev 2 metric 3` for each route to a prefix. */
const show = (prefix: string, table: number = TABLE.MAIN) => {
  const { dst, length } = to(prefix);
  return fib
    .routes(table)
    .filter((route) => route.dst === dst && route.length === length)
    .map(describeRoute);
};
const describeRoute = ({ nexthops, tos, metric }: Route<number>) =>
  [
    ...(tos === 0 ? [] : [`tos ${tos}`]),
    ...nexthops.map(
      (hop) => `${hop.via === undefined ? '' : `via ${IPV4.format(hop.via)} `}dev ${hop.ifindex}`,
    ),
    ...(metric === 0 ? [] : [`metric ${metric}`]),
  ].join(' ');

const NET = '172.16.0.0/12';

describe('routes to one prefix', () => {
  const four = () => {
    fib.add({ ...to(NET), ...via('10.0.0.2') });
    fib.append({ ...to(NET), ...via('10.0.0.3') });
    fib.prepend({ ...to(NET), ...via('10.0.0.4') });
  };

  it('are added once', () => {
    expect(fib.add({ ...to(NET), ...via('10.0.0.2') })).toBeUndefined();
    expect(fib.add({ ...to(NET), ...via('10.0.0.2') })).toBe('EEXIST');
    expect(fib.add({ ...to(NET), ...via('10.0.0.3') })).toBe('EEXIST');
    expect(fib.append({ ...to(NET), ...via('10.0.0.2') })).toBe('EEXIST');
    expect(fib.prepend({ ...to(NET), ...via('10.0.0.2') })).toBe('EEXIST');
    expect(fib.extack).toBe('Route exists');
  });

  it('are appended and prepended', () => {
    four();
    expect(show(NET)).toEqual(['via 10.0.0.4 dev 2', 'via 10.0.0.2 dev 2', 'via 10.0.0.3 dev 2']);
  });

  it('are replaced: the first of them', () => {
    four();
    expect(fib.replace({ ...to(NET), ...via('10.0.0.9') })).toBeUndefined();
    expect(show(NET)).toEqual(['via 10.0.0.9 dev 2', 'via 10.0.0.2 dev 2', 'via 10.0.0.3 dev 2']);
    expect(fib.replace({ ...to(NET), ...via('10.0.0.2') })).toBe('EEXIST');
    const { genid } = fib;
    expect(fib.replace({ ...to(NET), ...via('10.0.0.9') })).toBeUndefined();
    expect(fib.genid).toBe(genid);
    expect(fib.change({ ...to('172.99.0.0/16'), ...via('10.0.0.2') })).toBe('ENOENT');
  });

  it('are in order of TOS and metric', () => {
    four();
    fib.add({ ...to(NET), ...via('10.0.0.3'), metric: 5 });
    fib.add({ ...to(NET), ...via('10.0.0.3'), metric: 3 });
    fib.add({ ...to(NET), ...via('10.0.0.5'), tos: 0x10 });
    expect(show(NET)).toEqual([
      'tos 16 via 10.0.0.5 dev 2',
      'via 10.0.0.4 dev 2',
      'via 10.0.0.2 dev 2',
      'via 10.0.0.3 dev 2',
      'via 10.0.0.3 dev 2 metric 3',
      'via 10.0.0.3 dev 2 metric 5',
    ]);
    expect(fib.lookup(flow('172.16.1.1'))).toMatchObject({ nexthop: { via: ip('10.0.0.4') } });
    expect(fib.lookup(flow('172.16.1.1', { tos: 0x10 }))).toMatchObject({ nexthop: { via: ip('10.0.0.5') } });
    expect(fib.lookup(flow('172.16.1.1', { tos: 0x08 }))).toMatchObject({ nexthop: { via: ip('10.0.0.4') } });
  });

  const deletions: [Omit<RouteSpec<number>, 'dst' | 'length'>, string | undefined, string[]?][] = [
    [via('10.0.0.77'), 'ESRCH'],
    [dev(E1), 'ESRCH'],
    [{ metric: 9 }, 'ESRCH'],
    [{ tos: 8 }, 'ESRCH'],
    [{ type: 'blackhole' }, 'ESRCH'],
    [{ scope: SCOPE.LINK }, 'ESRCH'],
    [{ protocol: PROTOCOL.STATIC }, 'ESRCH'],
    [{ prefsrc: ip('10.0.0.1') }, 'ESRCH'],
    [{ metrics: { mtu: 1400 } }, 'ESRCH'],
    [{ table: 100 }, 'ESRCH'],
    [{ nexthops: [...via('10.0.0.2').nexthops, ...dev(E1).nexthops] }, 'ESRCH'],
    [
      { protocol: PROTOCOL.UNSPEC, metric: 0 },
      undefined,
      ['via 10.0.0.3 dev 2', 'via 10.0.0.2 dev 2 metric 3'],
    ],
    [{}, undefined, ['via 10.0.0.3 dev 2', 'via 10.0.0.2 dev 2 metric 3']],
    [{ metric: 3 }, undefined, ['via 10.0.0.2 dev 2', 'via 10.0.0.3 dev 2']],
    [via('10.0.0.3'), undefined, ['via 10.0.0.2 dev 2', 'via 10.0.0.2 dev 2 metric 3']],
    [
      { ...dev(E0), scope: SCOPE.UNIVERSE, type: 'unicast' },
      undefined,
      ['via 10.0.0.3 dev 2', 'via 10.0.0.2 dev 2 metric 3'],
    ],
    [
      { protocol: PROTOCOL.BOOT, metrics: { mtu: undefined } as never },
      undefined,
      ['via 10.0.0.3 dev 2', 'via 10.0.0.2 dev 2 metric 3'],
    ],
  ];
  it.each(deletions)('are deleted by what is said: %j: %s', (said, answer, left) => {
    fib.add({ ...to(NET), ...via('10.0.0.2') });
    fib.append({ ...to(NET), ...via('10.0.0.3') });
    fib.add({ ...to(NET), ...via('10.0.0.2'), metric: 3 });
    const before = show(NET);
    expect(fib.delete({ ...to(NET), ...said })).toBe(answer);
    expect(show(NET)).toEqual(left ?? before);
  });

  it('of several next hops are deleted by all of them, or by the first', () => {
    const nexthops = [{ ifindex: E0 }, { ifindex: E1 }, { ifindex: E0, via: ip('10.0.0.2') }];
    fib.add({ ...to(NET), nexthops });
    expect(fib.delete({ ...to(NET), nexthops: nexthops.slice(0, 2) })).toBe('ESRCH');
    expect(fib.delete({ ...to(NET), nexthops: nexthops.slice(1, 2) })).toBe('ESRCH');
    expect(fib.delete({ ...to(NET), nexthops: [...nexthops].reverse() })).toBe('ESRCH');
    expect(fib.delete({ ...to(NET), nexthops })).toBeUndefined();
    fib.add({ ...to(NET), nexthops });
    expect(fib.delete({ ...to(NET), nexthops: nexthops.slice(0, 1) })).toBeUndefined();
  });

  it('are deleted whatever their metric where 0 or nothing is said', () => {
    for (const metric of [0, undefined]) {
      fib.add({ ...to(NET), ...via('10.0.0.2'), metric: 3 });
      expect(fib.delete({ ...to(NET), metric })).toBeUndefined();
    }
  });

  it('are the same only if table and next hops are', () => {
    fib.add({ ...to(NET), ...via('10.0.0.2', E0) });
    const onlink = [{ via: ip('10.0.0.2'), ifindex: E0, onlink: true }];
    expect(fib.append({ ...to(NET), nexthops: onlink })).toBeUndefined();
    expect(fib.add({ ...to(NET), ...via('10.0.0.2', E0), table: 100 })).toBeUndefined();
    expect(fib.routes(100)).toMatchObject([{ table: 100 }]);
  });

  it('leave nothing behind', () => {
    const before = fib.stats();
    expect(before).toMatchObject({ routes: 6, prefixes: 6, infos: 6 });
    four();
    fib.add({ ...to(NET), ...via('10.0.0.2') });
    fib.replace({ ...to(NET), ...via('10.0.0.9') });
    fib.replace({ ...to(NET), ...via('10.0.0.9') });
    expect(fib.stats()).toMatchObject({ routes: 9, prefixes: 7, infos: 9 });
    while (fib.delete(to(NET)) === undefined);
    expect(fib.stats()).toEqual({ ...before, bytes: expect.any(Number) });
    fib.linkDown(E0);
    expect(fib.stats()).toMatchObject({ routes: 4, infos: 4 });
  });

  it('are deleted by all that is said of them', () => {
    const whole: RouteSpec<number> = {
      ...to(NET),
      ...via('10.0.0.2', E0),
      tos: 8,
      metric: 7,
      protocol: PROTOCOL.STATIC,
      prefsrc: ip('10.0.1.1'),
      metrics: { mtu: 1400, advmss: 1300 },
    };
    expect(fib.add(whole)).toBeUndefined();
    expect(fib.delete({ ...whole, metrics: { mtu: 1400, advmss: 1301 } })).toBe('ESRCH');
    expect(fib.delete(whole)).toBeUndefined();
    expect(fib.delete(whole)).toBe('ESRCH');
  });
});

describe('a route is refused', () => {
  const refusals: [string, RouteSpec<number>, string, string][] = [
    [
      'bits behind the length',
      { dst: ip('1.2.3.4'), length: 8, ...dev(E0) },
      'EINVAL',
      'Invalid prefix for given prefix length',
    ],
    ['length 33', { dst: 0, length: 33, ...dev(E0) }, 'EINVAL', 'Invalid prefix length'],
    ['length -1', { dst: 0, length: -1, ...dev(E0) }, 'EINVAL', 'Invalid prefix length'],
    ['half a length', { dst: 0, length: 0.5, ...dev(E0) }, 'EINVAL', 'Invalid prefix length'],
    ['TOS 256', { ...to(NET), ...dev(E0), tos: 256 }, 'EINVAL', 'Invalid TOS'],
    ['table 0', { ...to(NET), ...dev(E0), table: 0 }, 'EINVAL', 'Invalid table'],
    ['metric 2^32', { ...to(NET), ...dev(E0), metric: 2 ** 32 }, 'EINVAL', 'Invalid metric'],
    ['protocol 256', { ...to(NET), ...dev(E0), protocol: 256 }, 'EINVAL', 'Invalid protocol'],
    ['scope nowhere', { ...to(NET), ...dev(E0), scope: 255 }, 'EINVAL', 'Invalid scope'],
    ['no such type', { ...to(NET), ...dev(E0), type: 'nat' as never }, 'EINVAL', 'Invalid route type'],
    [
      'a gateway nobody reaches',
      { ...to(NET), ...via('99.9.9.9') },
      'ENETUNREACH',
      'Nexthop has invalid gateway',
    ],
    [
      'a gateway not there',
      { ...to(NET), ...via('99.9.9.9', E0) },
      'ENETUNREACH',
      'Nexthop has invalid gateway',
    ],
    [
      'a gateway behind another device',
      { ...to(NET), ...via('10.0.1.5', E0) },
      'ENETUNREACH',
      'Nexthop has invalid gateway',
    ],
    ['a broadcast gateway', { ...to(NET), ...via('10.0.0.255') }, 'EINVAL', 'Nexthop has invalid gateway'],
    [
      'scope link by a gateway',
      { ...to(NET), ...via('10.0.0.2'), scope: SCOPE.LINK },
      'ENETUNREACH',
      'Nexthop has invalid gateway',
    ],
    [
      'scope host by a gateway',
      { ...to(NET), ...via('10.0.0.2', E0), scope: SCOPE.HOST },
      'EINVAL',
      'Route with host scope can not have a gateway',
    ],
    [
      'scope host by two',
      { ...to(NET), nexthops: [{ ifindex: E0 }, { ifindex: E1 }], scope: SCOPE.HOST },
      'EINVAL',
      'Route with host scope can not have multiple nexthops',
    ],
    [
      'an own address on link as gateway',
      { ...to(NET), nexthops: [{ via: ip('10.0.0.1'), ifindex: E0, onlink: true }] },
      'EINVAL',
      'Nexthop has invalid gateway',
    ],
    [
      'onlink of scope link',
      { ...to(NET), nexthops: [{ via: ip('9.9.9.9'), ifindex: E0, onlink: true }], scope: SCOPE.LINK },
      'EINVAL',
      'Nexthop has invalid scope',
    ],
    [
      'onlink and no device',
      { ...to(NET), nexthops: [{ via: ip('9.9.9.9'), onlink: true }] },
      'ENODEV',
      'Device for nexthop does not exist',
    ],
    [
      'onlink and no gateway',
      { ...to(NET), nexthops: [{ ifindex: E0, onlink: true }] },
      'EINVAL',
      'Nexthop is onlink and has no gateway',
    ],
    [
      'onlink, device down',
      { ...to(NET), nexthops: [{ via: ip('9.9.9.9'), ifindex: DOWN, onlink: true }] },
      'ENETDOWN',
      'Nexthop device is not up',
    ],
    ['no next hop', { ...to(NET) }, 'ENODEV', 'No nexthop'],
    ['no such device', { ...to(NET), ...dev(77) }, 'ENODEV', 'Device for nexthop does not exist'],
    ['device down', { ...to(NET), ...dev(DOWN) }, 'ENETDOWN', 'Device for nexthop is not up'],
    [
      'local, no such device',
      { ...to('8.8.8.8/32'), ...dev(77), type: 'local' },
      'ENODEV',
      'Device for nexthop does not exist',
    ],
    [
      'a source that is not ours',
      { ...to(NET), ...dev(E0), prefsrc: ip('1.1.1.1') },
      'EINVAL',
      'Invalid prefsrc address',
    ],
    [
      'a local route that prefers another',
      { ...to('8.8.8.8/32'), ...dev(E0), type: 'local', prefsrc: ip('8.8.8.9') },
      'EINVAL',
      'Invalid prefsrc address',
    ],
    [
      'a blackhole with a device',
      { ...to(NET), ...dev(E0), type: 'blackhole' },
      'EINVAL',
      'Gateway, device and multipath can not be specified for this route type',
    ],
    ['weight 0', { ...to(NET), nexthops: [{ ifindex: E0, weight: 0 }] }, 'EINVAL', 'Invalid weight'],
    ['weight 257', { ...to(NET), nexthops: [{ ifindex: E0, weight: 257 }] }, 'EINVAL', 'Invalid weight'],
    [
      'the second next hop',
      { ...to(NET), nexthops: [{ ifindex: E0 }, { ifindex: DOWN }] },
      'ENETDOWN',
      'Device for nexthop is not up',
    ],
  ];
  it.each(refusals)('%s', (_, route, errno, why) => {
    const before = fib.routes();
    const { genid } = fib;
    expect([fib.add(route), fib.extack]).toEqual([errno, why]);
    expect([fib.replace(route), fib.append(route), fib.prepend(route), fib.change(route)]).toEqual(
      Array(4).fill(errno),
    );
    expect(fib.routes()).toEqual(before);
    expect(fib.genid).toBe(genid);
  });

  it('on deletion, for the same numbers', () => {
    expect(fib.delete({ dst: ip('1.2.3.4'), length: 8 })).toBe('EINVAL');
    expect(fib.delete({ dst: 0, length: 40 })).toBe('EINVAL');
  });
});

describe('a gateway', () => {
  it('may be an own address, gives the device, and gets the scope of its route', () => {
    expect(fib.add({ ...to('192.169.0.0/16'), ...via('10.0.0.1') })).toBeUndefined();
    expect(fib.add({ ...to('192.170.0.0/16'), ...via('10.0.1.7') })).toBeUndefined();
    expect(fib.lookup(flow('192.169.1.1'))).toMatchObject({ nexthop: { ifindex: E0, scope: SCOPE.HOST } });
    expect(fib.lookup(flow('192.170.1.1'))).toMatchObject({ nexthop: { ifindex: E1, scope: SCOPE.LINK } });
  });

  it('must not be behind another gateway', () => {
    fib.add({ ...to(NET), ...via('10.0.0.2') });
    expect(fib.add({ ...to('192.169.0.0/16'), ...via('172.16.0.1') })).toBe('ENETUNREACH');
  });

  it('must not be behind a route of scope site either: link is the least', () => {
    fib.add({ ...to(NET), ...via('10.0.0.2'), scope: SCOPE.SITE });
    expect(fib.add({ ...to('192.169.0.0/16'), ...via('172.16.0.1') })).toBe('ENETUNREACH');
  });

  it('is on the link if it is said to be', () => {
    const route = { ...to('192.168.0.0/16'), nexthops: [{ via: ip('99.9.9.9'), ifindex: E0, onlink: true }] };
    expect(fib.add(route)).toBeUndefined();
    expect(fib.lookup(flow('192.168.7.7'))).toMatchObject({
      nexthop: { via: ip('99.9.9.9'), ifindex: E0, onlink: true, scope: SCOPE.LINK },
    });
  });

  it('is looked for in the own table first', () => {
    fib.add({ ...to('99.9.9.0/24'), ...dev(E1), table: 100 });
    expect(fib.add({ ...to('0.0.0.0/0'), ...via('99.9.9.9'), table: 100 })).toBeUndefined();
    expect(fib.add({ ...to('0.0.0.0/0'), ...via('99.9.9.9') })).toBe('ENETUNREACH');
    expect(fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.2'), table: 101 })).toBeUndefined();
  });
});

describe('a lookup', () => {
  it.each([
    ['10.0.0.1', 'local', TABLE.LOCAL, 32, SCOPE.HOST],
    ['10.0.0.255', 'broadcast', TABLE.LOCAL, 32, SCOPE.LINK],
    ['10.0.0.77', 'unicast', TABLE.MAIN, 24, SCOPE.LINK],
  ])('of %s: %s', (address, type, table, prefixLength, scope) => {
    expect(fib.lookup(flow(address))).toMatchObject({ type, table, prefixLength, scope });
  });

  it.each([
    ['blackhole', 'EINVAL'],
    ['unreachable', 'EHOSTUNREACH'],
    ['prohibit', 'EACCES'],
    ['throw', 'ENETUNREACH'],
  ] as const)('of a %s route: %s', (type, errno) => {
    fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.2') });
    if (type === 'throw') fib.delete(to('0.0.0.0/0'));
    fib.add({ ...to('1.0.0.0/8'), type });
    expect(fib.lookup(flow('1.1.1.1'))).toBe(errno);
  });

  it('goes on with the next rule at a throw, not with a shorter prefix', () => {
    fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.2') });
    fib.add({ ...to('1.0.0.0/8'), type: 'throw' });
    expect(fib.lookup(flow('1.1.1.1'))).toBe('ENETUNREACH');
    fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.3'), table: TABLE.DEFAULT });
    expect(fib.lookup(flow('1.1.1.1'))).toMatchObject({ table: TABLE.DEFAULT });
  });

  it('without a route: ENETUNREACH', () => {
    expect(fib.lookup(flow('5.1.1.1'))).toBe('ENETUNREACH');
  });

  it('falls back to shorter prefixes', () => {
    fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.2') });
    fib.add({ ...to('20.0.0.0/8'), ...dev(E1) });
    fib.add({ ...to('20.1.0.0/16'), ...via('10.0.0.3'), tos: 8 });
    const length = (rest: Partial<Flow<number>>) => {
      const found = fib.lookup(flow('20.1.1.1', rest));
      return typeof found === 'string' ? found : found.prefixLength;
    };
    expect(length({ tos: 8 })).toBe(16);
    expect(length({})).toBe(8);
    expect(length({ tos: 8, scope: SCOPE.LINK })).toBe(8);
    expect(length({ oif: E0 })).toBe(0);
    expect(length({ oif: E0, tos: 8 })).toBe(16);
    expect(length({ oif: 9 })).toBe('ENETUNREACH');
    expect(length({ scope: SCOPE.HOST })).toBe('ENETUNREACH');
  });

  it('gives the same object as long as the route is there', () => {
    const found = fib.lookup(flow('10.0.0.77'));
    expect(fib.lookup(flow('10.0.0.78'))).toBe(found);
    fib.replace({ ...to('10.0.0.0/24'), ...dev(E1), protocol: PROTOCOL.KERNEL });
    expect(fib.lookup(flow('10.0.0.77'))).not.toBe(found);
  });
});

describe('addressType', () => {
  it.each([
    ['10.0.0.1', 'local'],
    ['10.0.0.255', 'broadcast'],
    ['10.0.0.2', 'unicast'],
    ['99.9.9.9', 'unicast'],
  ])('%s: %s', (address, type) => {
    expect(fib.addressType(ip(address))).toBe(type);
  });

  it('asks the table it is told', () => {
    expect(fib.addressType(ip('10.0.0.1'), 100)).toBe('unicast');
    fib.add({ ...to('7.7.7.7/32'), type: 'local', table: 100, ...dev(E0) });
    expect(fib.addressType(ip('7.7.7.7'), 100)).toBe('local');
    expect(fib.addressType(ip('7.7.7.7'))).toBe('unicast');
    fib.add({ ...to('6.0.0.0/8'), type: 'blackhole', table: TABLE.LOCAL });
    expect(fib.addressType(ip('6.7.7.7'))).toBe('unicast');
  });
});

describe('metrics', () => {
  it('are those given, clamped', () => {
    const metrics = { mtu: 70_000, mtuLock: true, advmss: 70_000, hoplimit: 300, rto_min: 50, initcwnd: 20 };
    fib.add({ ...to('20.0.0.0/8'), ...dev(E0), metrics });
    expect(fib.routes(TABLE.MAIN).find(({ length }) => length === 8)?.metrics).toEqual({
      mtu: 65_520,
      mtuLock: true,
      advmss: 65_495,
      initcwnd: 20,
      initrwnd: 0,
      window: 0,
      hoplimit: 255,
      rto_min: 50,
      quickack: 0,
      rtt: 0,
      rttvar: 0,
      ssthresh: 0,
      cwnd: 0,
      reordering: 0,
      features: 0,
      congctl: '',
      fastopen_no_cookie: 0,
      locks: 0,
    });
  });

  it('tell routes apart', () => {
    fib.add({ ...to(NET), ...via('10.0.0.2') });
    expect(fib.append({ ...to(NET), ...via('10.0.0.2'), metrics: { mtu: 1400 } })).toBeUndefined();
    expect(fib.append({ ...to(NET), ...via('10.0.0.2'), metrics: { mtu: 1400 } })).toBe('EEXIST');
  });
});

describe('what is not said', () => {
  it.each([
    [
      { ...to(NET), ...via('10.0.0.2') },
      { table: 254, scope: SCOPE.UNIVERSE, protocol: PROTOCOL.BOOT, metric: 0 },
    ],
    [
      { ...to(NET), ...dev(E0) },
      { table: 254, scope: SCOPE.LINK },
    ],
    [
      { ...to(NET), nexthops: [{ ifindex: E0 }, { ifindex: E1 }] },
      { table: 254, scope: SCOPE.UNIVERSE },
    ],
    [
      { ...to('8.8.8.8/32'), ...dev(E0), type: 'local' },
      { table: 255, scope: SCOPE.HOST },
    ],
    [
      { ...to('8.8.8.8/32'), ...dev(E0), type: 'broadcast' },
      { table: 255, scope: SCOPE.LINK },
    ],
    [
      { ...to('8.8.8.8/32'), ...dev(E0), type: 'anycast' },
      { table: 255, scope: SCOPE.LINK },
    ],
    [
      { ...to('224.0.0.0/4'), ...dev(E0), type: 'multicast' },
      { table: 254, scope: SCOPE.LINK },
    ],
    [
      { ...to(NET), type: 'prohibit' },
      { table: 254, scope: SCOPE.UNIVERSE },
    ],
  ] as [RouteSpec<number>, Partial<Route<number>>][])('of %j is what ip route takes', (spec, expected) => {
    fib.add(spec);
    const found = fib.routes().find(({ dst, length }) => dst === spec.dst && length === spec.length);
    expect(found).toMatchObject(expected);
  });
});

describe('routes', () => {
  it('are in order of table and prefix', () => {
    fib.add({ ...to('0.0.0.0/0'), ...via('10.0.0.2') });
    fib.add({ ...to('10.0.0.0/8'), ...via('10.0.0.2') });
    fib.add({ ...to('9.0.0.0/8'), ...dev(E0), table: 100 });
    const prefixes = fib.routes().map(({ table, dst, length }) => `${table} ${IPV4.format(dst)}/${length}`);
    expect(prefixes).toEqual([
      '100 9.0.0.0/8',
      '254 0.0.0.0/0',
      '254 10.0.0.0/24',
      '254 10.0.0.0/8',
      '254 10.0.1.0/24',
      '255 10.0.0.1/32',
      '255 10.0.0.255/32',
      '255 10.0.1.1/32',
      '255 10.0.1.255/32',
    ]);
    expect(fib.routes(100)).toHaveLength(1);
    expect(fib.routes(7)).toEqual([]);
  });

  it.each([
    [{ table: TABLE.LOCAL }, 4],
    [{ type: 'local' }, 2],
    [{ scope: SCOPE.LINK }, 4],
    [{ protocol: PROTOCOL.STATIC }, 0],
    [{ ifindex: E1 }, 3],
    [{ table: TABLE.LOCAL, ifindex: E1, type: 'broadcast' }, 1],
    [{}, 6],
  ] as const)('are flushed where %j', (filter, count) => {
    const { genid } = fib;
    expect(fib.flush(filter)).toBe(count);
    expect(fib.routes()).toHaveLength(6 - count);
    expect(fib.genid !== genid).toBe(count > 0);
  });
});

/** Next hops as devices and addresses come and go, and how a flow's hash chooses among them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { generator, IPV4, ip } from './fixture.ts';
import { type DeviceState, Fib, type Flow, TABLE } from './index.ts';

const [E0, E1, E2] = [2, 3, 4];
const states = new Map<number, DeviceState>();
const ignoring = new Set<number>();
let fib: Fib<number>;

beforeEach(() => {
  states.clear();
  ignoring.clear();
  for (const ifindex of [E0, E1, E2]) states.set(ifindex, 'up');
  fib = new Fib(IPV4, {
    device: (ifindex) => states.get(ifindex),
    ignoreLinkdown: (ifindex) => ignoring.has(ifindex),
  });
});

const flow = (rest: Partial<Flow<number>>): Flow<number> => ({
  daddr: ip('6.1.1.1'),
  saddr: undefined,
  iif: 1,
  oif: 0,
  mark: 0,
  tos: 0,
  scope: 0,
  hash: 0,
  ...rest,
});
const out = (rest: Partial<Flow<number>> = {}) => {
  const found = fib.lookup(flow(rest));
  return typeof found === 'string' ? found : found.nexthop.ifindex;
};
const multipath = (...weights: number[]) =>
  fib.add({
    dst: ip('6.0.0.0'),
    length: 8,
    nexthops: weights.map((weight, index) => ({ ifindex: E0 + index, weight })),
  });
const bounds = () =>
  fib.routes(TABLE.MAIN).flatMap(({ nexthops }) => nexthops.map(({ upperBound }) => upperBound));

describe('a hash', () => {
  it.each([
    [
      [1, 1],
      [2 ** 30 - 1, 2 ** 31 - 1],
    ],
    [
      [3, 1],
      [1_610_612_735, 2 ** 31 - 1],
    ],
    [
      [1, 1, 1],
      [715_827_882, 1_431_655_764, 2 ** 31 - 1],
    ],
    [
      [256, 1],
      [2_139_127_680 - 1, 2 ** 31 - 1],
    ],
  ])('of 31 bits is shared out by weights %j', (weights, expected) => {
    multipath(...weights);
    expect(bounds()).toEqual(expected);
  });

  it.each([
    [0, E0],
    [2 ** 31 - 1, E0],
    [2 ** 31, E1],
    [0xffff_ffff, E1],
  ])('%d leaves by device %d', (hash, ifindex) => {
    multipath(1, 1);
    expect(out({ hash })).toBe(ifindex);
  });

  it('keeps to the weights over many flows', () => {
    multipath(1, 3, 4);
    const random = generator(1);
    const counts = new Map([E0, E1, E2].map((ifindex) => [ifindex, 0]));
    for (let index = 0; index < 8000; index++) {
      const ifindex = out({ hash: random() }) as number;
      counts.set(ifindex, (counts.get(ifindex) ?? 0) + 1);
    }
    expect(counts.get(E0)).toBeGreaterThan(900);
    expect(counts.get(E0)).toBeLessThan(1100);
    expect(counts.get(E1)).toBeGreaterThan(2850);
    expect(counts.get(E1)).toBeLessThan(3150);
  });

  it('does not count where the device is given, not even with two gateways there', () => {
    fib.add({ dst: ip('10.0.0.0'), length: 8, nexthops: [{ ifindex: E0 }] });
    const nexthops = [{ via: ip('10.0.0.1') }, { via: ip('10.0.0.2') }];
    fib.add({ dst: ip('6.0.0.0'), length: 8, nexthops });
    const found = fib.lookup(flow({ oif: E0, hash: 0xffff_ffff }));
    expect(found).toMatchObject({ nexthop: { via: ip('10.0.0.1') } });
    expect(fib.lookup(flow({ hash: 0xffff_ffff }))).toMatchObject({ nexthop: { via: ip('10.0.0.2') } });
  });

  it('does not count where the device is given', () => {
    multipath(1, 1, 1);
    expect([out({ oif: E0 }), out({ oif: E1 }), out({ oif: E2, hash: 0 })]).toEqual([E0, E1, E2]);
  });
});

describe('a device that goes down', () => {
  beforeEach(() => {
    multipath(1, 1);
    fib.add({ dst: ip('7.0.0.0'), length: 8, nexthops: [{ ifindex: E1 }] });
    fib.add({ dst: ip('10.0.1.1'), length: 32, type: 'local', nexthops: [{ ifindex: E1 }] });
    fib.add({ dst: ip('10.0.1.255'), length: 32, type: 'broadcast', nexthops: [{ ifindex: E1 }] });
    states.set(E1, 'down');
  });

  it('takes routes with it that have no other way, not those to the host', () => {
    const { genid } = fib;
    expect(fib.linkDown(E1)).toBe(2);
    expect(fib.routes().map(({ dst }) => IPV4.format(dst))).toEqual(['6.0.0.0', '10.0.1.1']);
    expect(fib.routes(TABLE.MAIN)[0]?.nexthops).toMatchObject([
      { dead: false, linkdown: false, upperBound: 2 ** 31 - 1 },
      { dead: true, linkdown: true, upperBound: -1 },
    ]);
    expect(fib.genid).not.toBe(genid);
    expect(fib.addressType(ip('10.0.1.1'))).toBe('local');
  });

  it('is not chosen any more, and is again when it is back', () => {
    fib.linkDown(E1);
    expect([out({ hash: 0xffff_ffff }), out({ oif: E1 })]).toEqual([E0, 'ENETUNREACH']);
    states.set(E1, 'up');
    const { genid } = fib;
    fib.linkUp(E1);
    expect(fib.genid).not.toBe(genid);
    expect([out({ hash: 0xffff_ffff }), out({ oif: E1 })]).toEqual([E1, E1]);
    expect(bounds()).toEqual([2 ** 30 - 1, 2 ** 31 - 1]);
  });

  it('takes a multipath route with it when the last way goes', () => {
    fib.linkDown(E1);
    expect(fib.linkDown(E0)).toBe(1);
    expect(out()).toBe('ENETUNREACH');
    for (const ifindex of [E0, E1]) {
      states.set(ifindex, 'up');
      fib.linkUp(ifindex);
    }
    expect(out()).toBe('ENETUNREACH');
    expect(multipath(1, 1)).toBeUndefined();
    expect(out({ hash: 0xffff_ffff })).toBe(E1);
  });

  it('may come back without a carrier', () => {
    fib.linkDown(E1);
    states.set(E1, 'linkdown');
    fib.linkUp(E1);
    expect(fib.routes(TABLE.MAIN)[0]?.nexthops[1]).toMatchObject({ dead: false, linkdown: true });
  });
});

describe('a device without carrier', () => {
  beforeEach(() => {
    multipath(1, 1);
    states.set(E1, 'linkdown');
  });

  it('is still used', () => {
    fib.carrierDown(E1);
    expect(fib.routes()[0]?.nexthops[1]).toMatchObject({ dead: false, linkdown: true });
    expect(out({ hash: 0xffff_ffff })).toBe(E1);
  });

  it('is not used where such next hops are ignored', () => {
    ignoring.add(E1);
    fib.carrierDown(E1);
    expect(bounds()).toEqual([2 ** 31 - 1, -1]);
    expect([out({ hash: 0xffff_ffff }), out({ oif: E1 })]).toEqual([E0, 'ENETUNREACH']);
    states.set(E1, 'up');
    fib.carrierUp(E1);
    expect(out({ hash: 0xffff_ffff })).toBe(E1);
    expect(bounds()).toEqual([2 ** 30 - 1, 2 ** 31 - 1]);
  });

  it('is the only way where all others are ignored', () => {
    fib.carrierDown(E1);
    ignoring.add(E1);
    expect(out({ hash: 0xffff_ffff })).toBe(E0);
    ignoring.add(E0);
    fib.carrierDown(E0);
    expect(out()).toBe('ENETUNREACH');
    ignoring.clear();
    expect(out({ hash: 0xffff_ffff })).toBe(E0);
  });

  it('is seen when the route is added', () => {
    fib.add({ dst: ip('7.0.0.0'), length: 8, nexthops: [{ ifindex: E1 }] });
    expect(fib.routes().at(-1)?.nexthops[0]).toMatchObject({ linkdown: true });
  });

  it('reaches gateways, even where it is ignored', () => {
    fib.add({ dst: ip('10.0.0.0'), length: 8, nexthops: [{ ifindex: E1 }] });
    ignoring.add(E1);
    fib.carrierDown(E1);
    expect(fib.add({ dst: ip('9.0.0.0'), length: 8, nexthops: [{ via: ip('10.0.0.1') }] })).toBeUndefined();
    const found = fib.routes().find(({ dst }) => dst === ip('9.0.0.0'));
    expect(found?.nexthops[0]).toMatchObject({ ifindex: E1, linkdown: true });
  });

  it('leaves routes to the host alone', () => {
    fib.add({ dst: ip('10.0.1.1'), length: 32, type: 'local', nexthops: [{ ifindex: E1 }] });
    fib.carrierDown(E1);
    expect(fib.routes(TABLE.LOCAL)[0]?.nexthops[0]).toMatchObject({ linkdown: false });
  });
});

describe('a device or an address that is gone', () => {
  it('takes every route with it that has a way there', () => {
    multipath(1, 1);
    fib.add({ dst: ip('10.0.1.1'), length: 32, type: 'local', nexthops: [{ ifindex: E1 }] });
    fib.add({ dst: ip('8.0.0.0'), length: 8, nexthops: [{ ifindex: E2 }] });
    expect(fib.linkGone(E1)).toBe(2);
    expect(fib.routes().map(({ dst }) => IPV4.format(dst))).toEqual(['8.0.0.0']);
  });

  it('takes every route with it that prefers it', () => {
    const address = ip('10.0.1.1');
    fib.add({ dst: address, length: 32, type: 'local', nexthops: [{ ifindex: E1 }] });
    fib.add({ dst: ip('8.0.0.0'), length: 8, nexthops: [{ ifindex: E2 }], prefsrc: address });
    fib.add({ dst: ip('9.0.0.0'), length: 8, nexthops: [{ ifindex: E2 }] });
    expect(fib.addressGone(ip('10.0.1.2'))).toBe(0);
    expect(fib.addressGone(address)).toBe(1);
    expect(fib.routes(TABLE.MAIN).map(({ dst }) => IPV4.format(dst))).toEqual(['9.0.0.0']);
  });
});

it('every index above 0 is a device that is up where nobody says otherwise', () => {
  const alone = new Fib(IPV4);
  expect(alone.add({ dst: 0, length: 0, nexthops: [{ ifindex: 9 }] })).toBeUndefined();
  expect(alone.append({ dst: 0, length: 0, nexthops: [{ ifindex: -1 }] })).toBe('ENODEV');
  alone.carrierDown(9);
  expect(alone.lookup(flow({}))).toMatchObject({ nexthop: { ifindex: 9, linkdown: true } });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { formatPrefix, parsePrefix } from '../prefix.ts';
import type { NewAddress } from './devinet.ts';
import { ip4, type Toy, type ToyDevice, World } from './fixture.ts';

let world: World;
let host: Toy;
let eth: ToyDevice;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  eth = host.device('eth0');
});

function add(prefix: string, part: Partial<NewAddress> = {}, dev = eth): string | undefined {
  const { address, length } = parsePrefix(prefix);
  return host.ip.addAddress(world.now, dev.ifindex, { local: address, prefixLength: length, ...part });
}

function del(prefix: string, dev = eth): string | undefined {
  const { address, length } = parsePrefix(prefix);
  return host.ip.deleteAddress(world.now, dev.ifindex, address, length);
}

/** As `ip address` lists them. */
function addresses(): string[] {
  return host.ip.addresses(eth.ifindex).map(({ local, prefixLength, flags }) => {
    return `${formatPrefix({ address: local, length: prefixLength })}${flags & 1 ? ' secondary' : ''}`;
  });
}

/** As `ip route show table local; ip route` list them, of one device. */
function routes(dev = eth): string[] {
  return host.fib.routes
    .filter((one) => one.nexthops[0]?.ifindex === dev.ifindex)
    .map((one) => {
      const type = one.type === 'unicast' ? '' : `${one.type} `;
      const dst =
        one.length === 32 ? formatAddress(one.dst) : formatPrefix({ address: one.dst, length: one.length });
      const scope = one.scope === 254 ? 'host' : 'link';
      return `${one.table} ${type}${dst} scope ${scope} src ${formatAddress(one.prefsrc ?? 0)}`;
    })
    .sort();
}

describe('an address', () => {
  it('brings itself, its subnet and that one’s broadcast address', () => {
    expect(add('10.0.0.1/24')).toBeUndefined();
    expect(routes()).toEqual([
      '254 10.0.0.0/24 scope link src 10.0.0.1',
      '255 broadcast 10.0.0.255 scope link src 10.0.0.1',
      '255 local 10.0.0.1 scope host src 10.0.0.1',
    ]);
    expect(host.events).toContain(`NETDEV_UP ${ip4('10.0.0.1')}`);
    expect(del('10.0.0.1/24')).toBeUndefined();
    expect([addresses(), routes()]).toEqual([[], []]);
    expect(host.events.at(-1)).toBe(`NETDEV_DOWN ${ip4('10.0.0.1')}`);
  });

  it.each<[string, Partial<NewAddress>, string[]]>([
    [
      '10.7.0.1/31',
      {},
      ['254 10.7.0.0/31 scope link src 10.7.0.1', '255 local 10.7.0.1 scope host src 10.7.0.1'],
    ],
    ['10.6.0.1/32', {}, ['255 local 10.6.0.1 scope host src 10.6.0.1']],
    [
      '10.8.0.1/32',
      { peer: ip4('10.8.0.2') },
      ['254 10.8.0.2 scope link src 10.8.0.1', '255 local 10.8.0.1 scope host src 10.8.0.1'],
    ],
    [
      '10.4.0.1/24',
      { broadcast: ip4('10.4.0.77') },
      [
        '254 10.4.0.0/24 scope link src 10.4.0.1',
        '255 broadcast 10.4.0.255 scope link src 10.4.0.1',
        '255 broadcast 10.4.0.77 scope link src 10.4.0.1',
        '255 local 10.4.0.1 scope host src 10.4.0.1',
      ],
    ],
    [
      '10.3.0.1/24',
      { flags: 0x200, broadcast: 0xffff_ffff },
      ['255 broadcast 10.3.0.255 scope link src 10.3.0.1', '255 local 10.3.0.1 scope host src 10.3.0.1'],
    ],
  ])('%s %o', (prefix, part, expected) => {
    add(prefix, part);
    expect(routes()).toEqual(expected);
    del(prefix);
    expect(routes()).toEqual([]);
  });

  it('of a device that is down has its own route alone', () => {
    eth.up = false;
    host.ip.linkDown(world.now, eth.ifindex);
    add('10.0.0.1/24');
    const own = '255 local 10.0.0.1 scope host src 10.0.0.1';
    expect(routes()).toEqual([own]);
    eth.up = true;
    host.ip.linkUp(world.now, eth.ifindex);
    expect(routes()).toHaveLength(3);
    host.ip.linkUp(world.now, eth.ifindex);
    expect(routes()).toHaveLength(3);
    eth.up = false;
    host.ip.linkDown(world.now, eth.ifindex);
    expect(routes()).toEqual([own]);
    expect(host.ip.isLocal(ip4('10.0.0.1'))).toBe(true);
  });

  it.each([
    ['10.5.0.1/24', {}, 'EEXIST'],
    ['10.5.0.9/24', { scope: 253 }, 'EINVAL'],
    ['10.5.0.9/24', { prefixLength: 33 }, 'EINVAL'],
    ['10.5.0.9/24', { prefixLength: 1.5 }, 'EINVAL'],
    ['10.5.0.1/16', {}, undefined],
  ])('%s %o beside 10.5.0.1/24: %s', (prefix, part, errno) => {
    add('10.5.0.1/24');
    expect(add(prefix, part)).toBe(errno);
  });

  it('that is not there cannot be deleted, nor one of no device', () => {
    add('10.5.0.1/24');
    expect([del('1.2.3.4/24'), del('10.5.0.1/25')]).toEqual(['EADDRNOTAVAIL', 'EADDRNOTAVAIL']);
    expect(host.ip.deleteAddress(world.now, 99, 1)).toBe('ENODEV');
    expect(host.ip.addAddress(world.now, 99, { local: 1, prefixLength: 8 })).toBe('ENODEV');
    expect(host.ip.deleteAddress(world.now, eth.ifindex, ip4('10.5.0.1'))).toBeUndefined();
  });
});

describe('the route to its subnet', () => {
  it('has the metric it is given', () => {
    const metrics = (): number[] =>
      host.fib.routes
        .filter(({ nexthops }) => nexthops[0]?.ifindex === eth.ifindex)
        .map(({ metric }) => metric);
    add('10.0.0.1/24', { metric: 100 });
    expect(metrics()).toEqual([0, 100, 0]);
    add('10.1.0.1/24');
    expect(metrics().slice(3)).toEqual([0, 0, 0]);
  });

  it('stays where it is somebody else’s', () => {
    host.fib.route(ip4('10.0.0.0'), 24, eth.ifindex);
    add('10.0.0.1/24', { flags: 0x200 });
    del('10.0.0.1/24');
    expect(host.fib.routes.some(({ dst }) => dst === ip4('10.0.0.0'))).toBe(true);
  });
});

describe('addresses of a device', () => {
  it('stand in order of scope, secondaries last', () => {
    add('10.0.0.1/24');
    add('10.2.0.1/24', { scope: 253 });
    add('10.0.0.5/24');
    add('10.0.0.6/25');
    add('10.3.0.1/24', { scope: 200 });
    add('10.0.0.7/24');
    // As `ip address` of Linux 6.18 lists them: the narrowest first.
    expect(addresses()).toEqual([
      '10.2.0.1/24',
      '10.3.0.1/24',
      '10.0.0.1/24',
      '10.0.0.6/25',
      '10.0.0.5/24 secondary',
      '10.0.0.7/24 secondary',
    ]);
  });

  it('of one subnet have routes with the primary as source, and share them', () => {
    add('10.0.0.1/24');
    add('10.0.0.5/24');
    expect(routes()).toEqual([
      '254 10.0.0.0/24 scope link src 10.0.0.1',
      '255 broadcast 10.0.0.255 scope link src 10.0.0.1',
      '255 local 10.0.0.1 scope host src 10.0.0.1',
      '255 local 10.0.0.5 scope host src 10.0.0.1',
    ]);
    del('10.0.0.5/24');
    expect(routes()).toHaveLength(3);
  });

  it('go with their primary', () => {
    add('10.0.0.1/24');
    add('10.0.0.5/24');
    add('10.0.0.6/25');
    del('10.0.0.1/24');
    expect(addresses()).toEqual(['10.0.0.6/25']);
    expect(routes()).toEqual([
      '254 10.0.0.0/25 scope link src 10.0.0.6',
      '255 broadcast 10.0.0.127 scope link src 10.0.0.6',
      '255 local 10.0.0.6 scope host src 10.0.0.6',
    ]);
    expect(host.ip.isLocal(ip4('10.0.0.5'))).toBe(false);
  });

  it('take its place where promote_secondaries says so', () => {
    host.conf('eth0').promote_secondaries = 1;
    for (const prefix of ['10.1.0.1/24', '10.9.0.1/24', '10.9.0.2/24', '10.9.0.3/24']) add(prefix);
    del('10.9.0.1/24');
    expect(addresses()).toEqual(['10.1.0.1/24', '10.9.0.2/24', '10.9.0.3/24 secondary']);
    expect(routes().filter((line) => line.includes('10.9.'))).toEqual([
      '254 10.9.0.0/24 scope link src 10.9.0.2',
      '255 broadcast 10.9.0.255 scope link src 10.9.0.2',
      '255 local 10.9.0.2 scope host src 10.9.0.2',
      '255 local 10.9.0.3 scope host src 10.9.0.2',
    ]);
  });

  it('keep a broadcast address that another one has', () => {
    add('10.0.0.1/24');
    add('10.0.0.130/25');
    del('10.0.0.130/25');
    expect(routes()).toContain('255 broadcast 10.0.0.255 scope link src 10.0.0.1');
  });

  it('go with the device', () => {
    add('10.0.0.1/24');
    add('10.0.0.5/24');
    host.fib.route(0, 0, eth.ifindex, { via: ip4('10.0.0.9') });
    host.ip.removeDevice(world.now, eth.ifindex);
    expect([addresses(), routes(), host.ip.isLocal(ip4('10.0.0.1'))]).toEqual([[], [], false]);
    host.ip.removeDevice(world.now, eth.ifindex);
    host.ip.linkUp(world.now, eth.ifindex);
    host.ip.linkDown(world.now, eth.ifindex);
  });

  it('flushed take routes with them that prefer them', () => {
    add('10.0.0.1/24');
    host.fib.route(ip4('9.0.0.0'), 8, 3, { prefsrc: ip4('10.0.0.1') });
    host.ip.flushAddresses(world.now, eth.ifindex);
    expect(host.fib.routes.some(({ prefsrc }) => prefsrc === ip4('10.0.0.1'))).toBe(false);
  });
});

describe('the loopback device', () => {
  it('gets 127.0.0.1/8 when it comes up without address', () => {
    expect(routes(host.lo)).toEqual([
      '255 broadcast 127.255.255.255 scope link src 127.0.0.1',
      '255 local 127.0.0.0/8 scope host src 127.0.0.1',
      '255 local 127.0.0.1 scope host src 127.0.0.1',
    ]);
    expect(host.ip.addresses(host.lo.ifindex)[0]).toMatchObject({ scope: 254, label: 'lo' });
  });
});

describe('what an address is', () => {
  it.each([
    ['0.0.0.0', 'broadcast'],
    ['0.0.0.5', 'unicast'],
    ['255.255.255.255', 'broadcast'],
    ['10.0.0.255', 'broadcast'],
    ['10.0.0.1', 'local'],
    ['127.9.9.9', 'local'],
    ['10.0.0.2', 'unicast'],
    ['8.8.8.8', 'unicast'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'unicast'],
  ])('%s: %s', (address, type) => {
    add('10.0.0.1/24');
    expect(host.ip.addressType(ip4(address))).toBe(type);
  });

  it('to one device: what others have is unicast', () => {
    add('10.0.0.1/24');
    const types = [eth.ifindex, host.lo.ifindex].map((ifindex) =>
      host.ip.addressType(ip4('10.0.0.1'), ifindex),
    );
    expect(types).toEqual(['local', 'unicast']);
  });
});

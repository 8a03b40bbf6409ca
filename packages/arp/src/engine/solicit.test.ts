import type { SkBuff } from '@stack/skbuff';
import { beforeEach, describe, expect, it } from 'vitest';
import { probe, request } from '../ethernet-ipv4.ts';
import { device, ip, OURS, own, THEIRS, World } from './fixture.ts';

const TARGET = ip('10.0.0.9');

let world: World;
beforeEach(() => {
  world = new World();
  world.addresses.get(world.eth0)?.push(own('10.0.2.1/24'), own('10.0.0.5/24', { flags: 1 }));
});

function entry(change: { probes?: number; state?: number; lladdr?: number } = {}) {
  const made = world.table.ensure(0, world.eth0, TARGET);
  if (typeof made === 'string') throw new Error(made);
  return Object.assign(made, { probes: 3, state: 1, ...change });
}

/** An IPv4 packet from `saddr`, as far as it matters. */
function packet(
  saddr: string,
  change: { version?: number; length?: number; protocol?: number } = {},
): SkBuff {
  const { version = 4, length = 20, protocol = 0x0800 } = change;
  const skb = world.pool.alloc(40) as SkBuff;
  const at = skb.put(length);
  skb.bytes.fill(0, at, at + length);
  skb.view.setUint8(at, version * 16 + 5);
  skb.view.setUint32(at + 12, ip(saddr));
  skb.networkHeader = at;
  skb.protocol = protocol;
  return skb;
}

const all = 'eth0 > ffffffffffff: Request who-has 10.0.0.9 tell';

describe('whom to ask', () => {
  // state, probes sent, app_solicit: to whom
  it.each([
    ['everybody, of one that is not known', 0x01, 3, 0, 'ffffffffffff'],
    ['itself, of one in doubt', 0x10, 0, 0, '200000000aa'],
    ['itself, the third time', 0x10, 2, 0, '200000000aa'],
    ['everybody, after that', 0x10, 3, 0, 'ffffffffffff'],
    ['everybody, of one that was known once', 0x01, 0, 0, 'ffffffffffff'],
    ['a daemon, first', 0x01, 3, 2, undefined],
    ['a daemon, second', 0x10, 4, 2, undefined],
    ['everybody, after the daemon', 0x01, 5, 2, 'ffffffffffff'],
  ])('%s', (_, state, probes, app, dest) => {
    world.table.values.app_solicit = app;
    world.arp.solicit(0, entry({ state, probes, lladdr: THEIRS }), undefined);
    expect(world.frames.map((frame) => frame.dest.toString(16))).toEqual(dest === undefined ? [] : [dest]);
    // Linux leaves the target's hardware address out even where it knows it.
    if (dest !== undefined) expect(world.frames[0]?.header).toEqual(request(OURS, ip('10.0.0.1'), TARGET));
  });

  it('a daemon that listens', () => {
    const asked: number[] = [];
    world = new World({ appSolicit: (_, { address }) => asked.push(address) });
    world.table.values.app_solicit = 1;
    world.arp.solicit(0, entry(), undefined);
    expect(asked).toEqual([TARGET]);
  });

  it('nobody, on a device without ARP', () => {
    world.eth0.noarp = true;
    world.arp.solicit(0, entry(), undefined);
    expect(world.take()).toEqual([]);
  });

  it('nobody, without memory', () => {
    world = new World({ pool: { alloc: () => undefined } as never });
    world.arp.solicit(0, entry(), undefined);
    expect(world.take()).toEqual([]);
  });
});

describe('arp_announce', () => {
  // Observed on Linux 6.18.
  it.each([
    [0, '10.0.0.1', '10.0.0.1'],
    [0, '10.0.0.5', '10.0.0.5'],
    [0, '10.0.2.1', '10.0.2.1'],
    [0, '10.1.0.1', '10.1.0.1'], // another device's
    [0, '192.0.2.1', '10.0.0.1'], // forwarded
    [1, '10.0.0.5', '10.0.0.5'],
    [1, '10.0.2.1', '10.0.0.1'],
    [1, '10.1.0.1', '10.0.0.1'],
    [2, '10.0.0.5', '10.0.0.1'],
    [2, '10.0.2.1', '10.0.0.1'],
  ])('%i, packet from %s: tell %s', (mode, saddr, tell) => {
    world.conf.arp_announce = mode;
    const skb = packet(saddr);
    world.arp.solicit(0, entry(), skb);
    expect(world.take()).toEqual([`${all} ${tell}`]);
    expect(skb.users).toBe(1); // lent
  });

  it('1 asks for a primary address with both in its subnet', () => {
    world.conf.arp_announce = 1;
    world.addresses.set(world.eth0, [
      own('10.0.0.1/32'),
      own('10.0.0.5/24', { flags: 1 }),
      own('10.1.0.1/24'),
    ]);
    world.arp.solicit(0, entry(), packet('10.0.0.5'));
    expect(world.take()).toEqual([`${all} 10.0.0.1`]);
  });

  it.each([
    ['is IPv6', { version: 6 }],
    ['is cut short', { length: 19 }],
    ['is something else', { protocol: 0x8847 }],
  ])('does not read a packet that %s', (_, change) => {
    world.arp.solicit(0, entry(), packet('10.0.2.1', change));
    expect(world.take()).toEqual([`${all} 10.0.0.1`]);
  });

  it('does not read a packet without network header', () => {
    const skb = packet('10.0.2.1');
    skb.networkHeader = -1;
    world.arp.solicit(0, entry(), skb);
    expect(world.take()).toEqual([`${all} 10.0.0.1`]);
  });

  it('without any address is a probe', () => {
    world.addresses.set(world.eth0, []);
    world.arp.solicit(0, entry(), undefined);
    expect(world.frames[0]?.header).toEqual(probe(OURS, TARGET));
  });
});

describe('what needs no asking', () => {
  it.each([
    ['a neighbour', '10.0.0.9', {}, -1, '10.0.0.9'],
    ['a group (RFC 1112 §6.4)', '239.255.1.2', {}, 0x0100_5e7f_0102, '239.255.1.2'],
    ['a group, its high bit', '224.128.0.1', {}, 0x0100_5e00_0001, '224.128.0.1'],
    ['broadcast', '255.255.255.255', {}, 0xffff_ffff_ffff, '255.255.255.255'],
    ['broadcast of the subnet', '10.0.0.255', {}, 0xffff_ffff_ffff, '10.0.0.255'],
    ['on loopback', '127.0.0.1', { loopback: true, address: 0 }, 0, '0.0.0.0'],
    ['without ARP', '10.0.0.9', { noarp: true }, OURS, '10.0.0.9'],
    ['at the other end', '10.0.0.9', { pointToPoint: true }, 0xffff_ffff_ffff, '0.0.0.0'],
    [
      'at the other end, without ARP',
      '10.0.0.9',
      { pointToPoint: true, noarp: true, address: 0 },
      0,
      '0.0.0.0',
    ],
  ])('%s', (_, address, change, lladdr, key) => {
    const dev = device('x', 9, OURS, change);
    expect(world.arp.mapped(dev, ip(address))).toBe(lladdr);
    expect(world.arp.key(dev, ip(address))).toBe(ip(key));
  });
});

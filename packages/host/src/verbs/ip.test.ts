/** `ip` and its verbs: what is printed, and how what is refused is refused. Compared with iproute2 6.1 on Linux 6.18. */
import { AF_INET, SOCK_DGRAM } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { lan } from '../fixture.ts';
import { createHost, type Host, VirtualClock, vethPair } from '../index.ts';

/** A host with two devices that are up: ab 10.0.0.1/24 and ar 10.1.0.1/24. */
function twoLinks(): { clock: VirtualClock; host: Host } {
  const clock = new VirtualClock();
  const host = createHost({ clock });
  const peer = createHost({ clock, name: 'peer' });
  for (const [index, name] of ['ab', 'ar'].entries()) {
    const mac = 0x02_00_00_00_00_00 + index * 2;
    const [near, far] = vethPair({ names: [name, `${name}x`], addresses: [mac + 1, mac + 2] });
    host.link.add(near, { up: true });
    peer.link.add(far, { up: true });
    host.addr.add(`10.${index}.0.1/24`, { dev: name });
  }
  return { clock, host };
}

/** Code and message of what a verb throws; `ok` where it throws nothing. */
function refusal(verb: () => unknown): string {
  try {
    verb();
    return 'ok';
  } catch (error) {
    const { name, code, message } = error as Error & { code: string };
    expect(name).toBe('NetlinkError');
    return `${code}: ${message.replace(/ \(.*/, '')}`;
  }
}

describe('route', () => {
  it.each<[string, string, Parameters<Host['route']['add']>[1], string]>([
    [
      'no way to the gateway',
      '10.6.0.0/16',
      { via: '10.77.0.2' },
      'ENETUNREACH: Error: Nexthop has invalid gateway.',
    ],
    [
      'a broadcast address',
      '10.6.0.0/16',
      { via: '10.0.0.255' },
      'EINVAL: Error: Nexthop has invalid gateway.',
    ],
    [
      'bits behind the length',
      '10.6.3.1/24',
      { dev: 'ab' },
      'EINVAL: Error: Invalid prefix for given prefix length.',
    ],
    ['neither device nor gateway', '10.6.4.0/24', {}, 'ENODEV: RTNETLINK answers: No such device'],
    ['no such device', '10.6.4.0/24', { dev: 'nodev' }, 'ENODEV: Error: Cannot find device "nodev".'],
    [
      'the source of somebody else',
      '10.6.6.0/24',
      { dev: 'ab', src: '10.9.9.9' },
      'EINVAL: Error: Invalid prefsrc address.',
    ],
    ['the same again', '10.5.0.0/16', { via: '10.0.0.2' }, 'EEXIST: RTNETLINK answers: File exists'],
  ])('add: %s', (_, prefix, options, expected) => {
    const { host } = twoLinks();
    host.route.add('10.5.0.0/16', { via: '10.0.0.2' });
    expect(refusal(() => host.route.add(prefix, options))).toBe(expected);
  });

  it('of a device that is down', () => {
    const { host } = twoLinks();
    host.link.set('ab', { up: false });
    expect(refusal(() => host.route.add('10.9.0.0/24', { dev: 'ab' }))).toBe(
      'ENETDOWN: Error: Device for nexthop is not up.',
    );
  });

  it('prints longer prefixes first, attributes in the order of their numbers, and ways that are dead', () => {
    const { host } = twoLinks();
    host.addr.add('10.0.0.7/16', { dev: 'ab' });
    host.route.add('default', { via: '10.0.0.2' });
    host.route.add('0.0.0.0/8', { dev: 'ab' });
    host.route.add('10.8.0.0/24', {
      nexthops: [
        { via: '10.0.0.2', weight: 2 },
        { via: '10.1.0.254', weight: 3 },
      ],
    });
    const metrics = { mtu: 1400, advmss: 1000, initcwnd: 5, window: 4000, hoplimit: 9 };
    host.route.add('10.8.3.0/24', { via: '10.1.0.2', ...metrics, rtoMin: 40, initrwnd: 6, quickack: true });
    host.route.add('10.8.4.0/24', { via: '10.1.0.2', mtu: 1300, mtuLock: true, protocol: 'static' });
    host.route.add('10.8.5.0/24', {
      via: '10.1.0.2',
      ...{
        rtt: 1500,
        rttvar: 20,
        ssthresh: 9,
        cwnd: 3,
        reordering: 4,
        initcwnd: 3,
        features: 'ecn',
        rtoMin: 300,
      },
      ...{ congctl: 'bbr', fastopenNoCookie: true, lock: ['rtt', 'ssthresh', 'cwnd', 'congctl'] },
    });
    const lines = host.route.format();
    expect(lines).toEqual([
      '0.0.0.0/8 dev ab scope link',
      'default via 10.0.0.2 dev ab',
      '10.0.0.0/24 dev ab proto kernel scope link src 10.0.0.1',
      '10.0.0.0/16 dev ab proto kernel scope link src 10.0.0.7',
      '10.1.0.0/24 dev ar proto kernel scope link src 10.1.0.1',
      '10.8.0.0/24\n\tnexthop via 10.0.0.2 dev ab weight 2\n\tnexthop via 10.1.0.254 dev ar weight 3',
      '10.8.3.0/24 via 10.1.0.2 dev ar mtu 1400 window 4000 advmss 1000 hoplimit 9 initcwnd 5 rto_min lock 40ms initrwnd 6 quickack 1',
      '10.8.4.0/24 via 10.1.0.2 dev ar proto static mtu lock 1300',
      '10.8.5.0/24 via 10.1.0.2 dev ar rtt lock 1.5s rttvar 20ms ssthresh lock 9 cwnd lock 3 reordering 4 initcwnd 3 features ecn rto_min lock 300ms congctl lock bbr fastopen_no_cookie 1',
    ]);
    host.link.set('ab', { up: false });
    expect(host.route.format()[1]).toBe(
      '10.8.0.0/24\n\tnexthop via 10.0.0.2 dev ab weight 2 dead linkdown\n\tnexthop via 10.1.0.254 dev ar weight 3',
    );
  });

  it('refuses a congestion control and a feature that are none', () => {
    const { host } = twoLinks();
    const to = { via: '10.0.0.2' };
    expect(() => host.route.add('10.9.0.0/24', { ...to, congctl: 'vegas' })).toThrow(
      'Error: Unknown tcp congestion algorithm.',
    );
    expect(() => host.route.add('10.9.0.0/24', { ...to, features: 'sack' as 'ecn' })).toThrow('"features"');
    expect(() => host.route.add('10.9.0.0/24', { ...to, lock: ['nothing' as 'cwnd'] })).toThrow('nothing');
  });

  it('prints all tables, and which each route is in', () => {
    const { host } = twoLinks();
    host.route.add('10.7.0.0/24', { dev: 'ab', table: 55 });
    for (const table of ['all', 0, '0']) {
      expect(host.route.format({ table }).slice(0, 4)).toEqual([
        '10.7.0.0/24 dev ab table 55 scope link',
        '10.0.0.0/24 dev ab proto kernel scope link src 10.0.0.1',
        '10.1.0.0/24 dev ar proto kernel scope link src 10.1.0.1',
        'local 10.0.0.1 dev ab table local proto kernel scope host src 10.0.0.1',
      ]);
    }
    expect(host.route.format({ table: 55 })).toEqual(['10.7.0.0/24 dev ab scope link']);
  });

  it.each<[string, Parameters<Host['route']['get']>[1], string]>([
    ['10.0.0.2', {}, '10.0.0.2 dev ab src 10.0.0.1 uid 0'],
    ['0.0.0.0', {}, 'local 0.0.0.0 dev lo src 127.0.0.1 uid 0'],
    ['10.0.0.1', {}, 'local 10.0.0.1 dev lo src 10.0.0.1 uid 0'],
    ['10.0.0.2', { mark: 5 }, '10.0.0.2 dev ab src 10.0.0.1 mark 5 uid 0'],
    ['10.0.0.2', { mark: 16 }, '10.0.0.2 dev ab src 10.0.0.1 mark 0x10 uid 0'],
    ['10.8.0.1', { from: '10.0.0.1' }, '10.8.0.1 from 10.0.0.1 via 10.0.0.2 dev ab table 100 uid 0'],
    ['10.9.0.1', {}, '10.9.0.1 via 10.0.0.2 dev ab table 100 src 10.0.0.1 uid 0'],
  ])('get %s %o', (destination, options, text) => {
    const { host } = twoLinks();
    for (const prefix of ['10.8.0.0/24', '10.9.0.0/24'])
      host.route.add(prefix, { via: '10.0.0.2', table: 100 });
    host.rule.add({ from: '10.0.0.1', table: 100 });
    host.rule.add({ to: '10.9.0.0/24', table: 100 });
    expect(host.route.get(destination, options).text).toBe(text);
  });

  it('get of what is prohibited', () => {
    const { host } = twoLinks();
    host.route.add('10.9.3.0/24', { type: 'prohibit' });
    expect(refusal(() => host.route.get('10.9.3.1'))).toBe('EACCES: RTNETLINK answers: Permission denied');
  });
});

describe('address', () => {
  it('two devices of one subnet have a route each, and the second takes over', () => {
    const { host } = twoLinks();
    host.addr.add('10.0.0.1/24', { dev: 'ar' });
    expect(host.route.format().slice(0, 2)).toEqual([
      '10.0.0.0/24 dev ab proto kernel scope link src 10.0.0.1',
      '10.0.0.0/24 dev ar proto kernel scope link src 10.0.0.1',
    ]);
    host.link.set('ab', { up: false });
    expect(host.route.get('10.0.0.9').text).toBe('10.0.0.9 dev ar src 10.0.0.1 uid 0');
    host.addr.del('10.0.0.1/24', { dev: 'ar' });
    expect(host.route.format()).toEqual(['10.1.0.0/24 dev ar proto kernel scope link src 10.1.0.1']);
  });

  it('with a peer has a route to the peer', () => {
    const { host } = twoLinks();
    host.addr.add('10.4.2.1', { dev: 'ab', peer: '10.4.3.1/32' });
    expect(host.route.format()).toContain('10.4.3.1 dev ab proto kernel scope link src 10.4.2.1');
    expect(host.route.get('10.4.3.1').text).toBe('10.4.3.1 dev ab src 10.4.2.1 uid 0');
    host.addr.del('10.4.2.1', { dev: 'ab' });
    expect(host.route.format()).toHaveLength(2);
  });

  it('0.0.0.0 is taken, and comes to nothing', () => {
    const { host } = twoLinks();
    host.addr.add('0.0.0.0/0', { dev: 'ab' });
    expect(host.addr.show({ dev: 'ab' })).toHaveLength(1);
    expect(host.route.format({ table: 'local' }).join()).not.toContain('0.0.0.0 ');
  });

  it('is refused in the kernel’s words', () => {
    const { host } = twoLinks();
    expect(refusal(() => host.addr.add('10.0.0.1/24', { dev: 'ab' }))).toBe(
      'EEXIST: Error: ipv4: Address already assigned.',
    );
    expect(refusal(() => host.addr.del('10.0.0.5/25', { dev: 'ab' }))).toBe(
      'EADDRNOTAVAIL: Error: ipv4: Address not found.',
    );
    expect(refusal(() => host.addr.add('10.0.0.5/25', { dev: 'ax' }))).toBe(
      'ENODEV: Error: Cannot find device "ax".',
    );
  });
});

describe('link', () => {
  it('prints what there is, with the broadcast address', () => {
    const { host } = twoLinks();
    expect(host.link.format('lo')).toEqual([
      '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000',
      '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
    ]);
    expect(host.link.format('ab')[1]).toBe('    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff');
  });

  it.each([
    [{ mtu: 67 }, 'EINVAL: Error: mtu less than device minimum.'],
    [{ mtu: 68 }, 'ok'],
    [{ mtu: 65_535 }, 'ok'],
    [{ mtu: 65_536 }, 'EINVAL: RTNETLINK answers: Invalid argument'],
    [{ mtu: Number.NaN }, 'EINVAL: Error: mtu less than device minimum.'],
    [{ mtu: 1000.5 }, 'EINVAL: RTNETLINK answers: Invalid argument'],
    [{ address: '01:00:5e:00:00:01' }, 'EADDRNOTAVAIL: RTNETLINK answers: Cannot assign requested address'],
    [{ address: '00:00:00:00:00:00' }, 'EADDRNOTAVAIL: RTNETLINK answers: Cannot assign requested address'],
    [{ address: '02:00:00:00:00:77' }, 'ok'],
    [{ gso_ipv4_max_size: 320 }, 'ERANGE: Error: integer out of range.'],
    [{ gso_ipv4_max_size: 321 }, 'ok'],
    [{ gso_ipv4_max_size: 524_280 }, 'ok'],
    [{ gso_ipv4_max_size: 524_281 }, 'EINVAL: Error: too big gso_ipv4_max_size.'],
    [{ name: 'ar' }, 'EEXIST: RTNETLINK answers: File exists'],
    [{ name: 'toolongdevicename' }, 'EINVAL: RTNETLINK answers: Invalid argument'],
    [{ name: 'a b' }, 'EINVAL: RTNETLINK answers: Invalid argument'],
    [{ name: 'a/b' }, 'EINVAL: RTNETLINK answers: Invalid argument'],
    [{ name: '' }, 'EINVAL: RTNETLINK answers: Invalid argument'],
  ])('set %o: %s', (options, expected) => {
    const { host } = twoLinks();
    const before = { ...host.link.show('ab')[0] };
    expect(refusal(() => host.link.set('ab', options))).toBe(expected);
    if (expected !== 'ok') expect(host.link.show('ab')[0]).toEqual(before);
  });

  it('takes a new name while it is up, with its routes and its sysctls', () => {
    const { host } = twoLinks();
    host.sysctl.set('net.ipv4.conf.ab.arp_ignore', 1);
    host.link.set('ab', { name: 'xx' });
    expect(host.route.get('10.0.0.2').text).toBe('10.0.0.2 dev xx src 10.0.0.1 uid 0');
    expect(host.sysctl.get('net.ipv4.conf.xx.arp_ignore')).toBe(1);
    expect(refusal(() => host.link.show('ab'))).toBe('ENODEV: Error: Cannot find device "ab".');
  });
});

describe('neighbour', () => {
  it('does not repeat the device that was asked for', async () => {
    const { clock, a } = lan();
    await a.socket(AF_INET, SOCK_DGRAM).sendto('x', { address: '192.168.1.100', port: 9 });
    await clock.runFor(10_000);
    const entry = 'lladdr 02:00:00:00:00:64 REACHABLE';
    expect(a.neigh.format()).toEqual([`192.168.1.100 dev eth0 ${entry}`]);
    expect(a.neigh.format({ dev: 'eth0' })).toEqual([`192.168.1.100 ${entry}`]);
  });

  it('with a link address that is none', () => {
    const { host } = twoLinks();
    expect(refusal(() => host.neigh.add('10.0.0.9', { dev: 'ab', lladdr: '02:00:00:07' }))).toBe(
      'EINVAL: Error: Invalid link address.',
    );
  });
});

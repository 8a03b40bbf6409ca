import { Sock } from '@stack/skbuff/sock';
import { hex } from '@stack/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dst } from './dst.ts';
import { ip4, type Toy, World } from './fixture.ts';
import type { OptionSock, OptionValue } from './sockopt.ts';

let world: World;
let host: Toy;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  host.device('eth0', {}, { local: ip4('10.5.0.1'), prefixLength: 24 });
});

type Type = OptionSock['type'];
const TYPES = { udp: 'SOCK_DGRAM', tcp: 'SOCK_STREAM', raw: 'SOCK_RAW' } as const;

function socket(type: Type): OptionSock {
  return { sk: new Sock(), inet: host.ip.inet(), type, dst: undefined };
}

function set(one: OptionSock, name: string, value: OptionValue): string {
  return host.ip.setsockopt(world.now, one, name, value) ?? 'ok';
}

describe('numbers, as Linux 6.18 took them: UDP, TCP, raw', () => {
  it.each<[string, number, string, string, string]>([
    ['IP_TTL', 0, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_TTL', -1, 'ok', 'ok', 'ok'],
    ['IP_TTL', -2, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_TTL', 1, 'ok', 'ok', 'ok'],
    ['IP_TTL', 255, 'ok', 'ok', 'ok'],
    ['IP_TTL', 256, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_TOS', 255, 'ok', 'ok', 'ok'],
    ['IP_TOS', 256, 'ok', 'ok', 'ok'],
    ['IP_MTU_DISCOVER', -1, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MTU_DISCOVER', 5, 'ok', 'ok', 'ok'],
    ['IP_MTU_DISCOVER', 6, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MINTTL', -1, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MINTTL', 0, 'ok', 'ok', 'ok'],
    ['IP_MINTTL', 255, 'ok', 'ok', 'ok'],
    ['IP_MINTTL', 256, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MULTICAST_TTL', -2, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MULTICAST_TTL', -1, 'ok', 'EINVAL', 'ok'],
    ['IP_MULTICAST_TTL', 0, 'ok', 'EINVAL', 'ok'],
    ['IP_MULTICAST_TTL', 255, 'ok', 'EINVAL', 'ok'],
    ['IP_MULTICAST_TTL', 256, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_MULTICAST_LOOP', 2, 'ok', 'ok', 'ok'],
    ['IP_MULTICAST_ALL', 1, 'ok', 'ok', 'ok'],
    ['IP_MULTICAST_ALL', 2, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_RECVERR', 5, 'ok', 'ok', 'ok'],
    ['IP_HDRINCL', 1, 'ENOPROTOOPT', 'ENOPROTOOPT', 'ok'],
    ['IP_NODEFRAG', 1, 'ENOPROTOOPT', 'ENOPROTOOPT', 'ok'],
    ['IP_FREEBIND', 2, 'ok', 'ok', 'ok'],
    ['IP_TRANSPARENT', 1, 'ok', 'ok', 'ok'],
    ['IP_LOCAL_PORT_RANGE', 0, 'ok', 'ok', 'ok'],
    ['IP_LOCAL_PORT_RANGE', (100 << 16) | 200, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_LOCAL_PORT_RANGE', (200 << 16) | 100, 'ok', 'ok', 'ok'],
    ['IP_LOCAL_PORT_RANGE', (100 << 16) | 100, 'ok', 'ok', 'ok'],
    ['IP_LOCAL_PORT_RANGE', 5 << 16, 'ok', 'ok', 'ok'],
    ['IP_LOCAL_PORT_RANGE', 5, 'ok', 'ok', 'ok'],
    ['IP_UNICAST_IF', 99, 'EADDRNOTAVAIL', 'EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    ['IP_UNICAST_IF', 1, 'ok', 'ok', 'ok'],
    ['IP_UNICAST_IF', 0, 'ok', 'ok', 'ok'],
    ['IP_MULTICAST_IF', 0x0500_0000, 'EADDRNOTAVAIL', 'EINVAL', 'EADDRNOTAVAIL'],
    ['IP_MULTICAST_IF', 0, 'ok', 'EINVAL', 'ok'],
    ['IP_ADD_MEMBERSHIP', 1, 'EINVAL', 'EPROTO', 'EINVAL'],
    ['IP_MSFILTER', 1, 'EINVAL', 'EINVAL', 'EINVAL'],
    ['IP_PKTINFO', 1, 'ok', 'ok', 'ok'],
    ['IP_BIND_ADDRESS_NO_PORT', 1, 'ok', 'ok', 'ok'],
    ['IP_RECVFRAGSIZE', 2, 'ok', 'EINVAL', 'ok'],
    ['IP_MTU', 1, 'ENOPROTOOPT', 'ENOPROTOOPT', 'ENOPROTOOPT'],
    ['IP_NO_SUCH', 1, 'ENOPROTOOPT', 'ENOPROTOOPT', 'ENOPROTOOPT'],
  ])('%s = %i: %s, %s, %s', (name, value, udp, tcp, raw) => {
    const verdicts = Object.values(TYPES).map((type) => set(socket(type), name, value));
    expect(verdicts).toEqual([udp, tcp, raw]);
  });

  it.each<[string, number, OptionValue]>([
    ['IP_TTL', 7, 7],
    ['IP_TTL', -1, 64],
    ['IP_TOS', 0x1ff, 0xff],
    ['IP_MTU_DISCOVER', 3, 3],
    ['IP_MINTTL', 255, 255],
    ['IP_MULTICAST_TTL', -1, 1],
    ['IP_MULTICAST_TTL', 9, 9],
    ['IP_MULTICAST_LOOP', 0, 0],
    ['IP_MULTICAST_ALL', 0, 0],
    ['IP_MULTICAST_IF', 0x0a05_0001, 0x0a05_0001],
    ['IP_UNICAST_IF', 2, 2],
    ['IP_RECVERR', 5, 1],
    ['IP_HDRINCL', 3, 1],
    ['IP_NODEFRAG', 3, 1],
    ['IP_NODEFRAG', 0, 0],
    ['IP_HDRINCL', 0, 0],
    ['IP_FREEBIND', 2, 1],
    ['IP_TRANSPARENT', 1, 1],
    ['IP_PKTINFO', 1, 1],
    ['IP_RECVTTL', 1, 1],
    ['IP_RECVTOS', 1, 1],
    ['IP_RECVOPTS', 1, 1],
    ['IP_RETOPTS', 1, 1],
    ['IP_RECVORIGDSTADDR', 1, 1],
    ['IP_RECVFRAGSIZE', 1, 1],
    ['IP_BIND_ADDRESS_NO_PORT', 1, 1],
    ['IP_LOCAL_PORT_RANGE', 0x9000_8000, 0x9000_8000],
  ])('%s set to %i reads %i', (name, value, expected) => {
    const one = socket('SOCK_RAW');
    set(one, name, value);
    expect(host.ip.getsockopt(world.now, one, name)).toBe(expected);
  });
});

describe('IP_TOS', () => {
  it('sets the priority, and leaves ECN to TCP', () => {
    const udp = socket('SOCK_DGRAM');
    set(udp, 'IP_TOS', 0x13);
    expect([udp.inet.tos, udp.sk.priority]).toEqual([0x13, 6]);
    const tcp = socket('SOCK_STREAM');
    tcp.inet.tos = 2;
    set(tcp, 'IP_TOS', 0x11);
    expect(tcp.inet.tos).toBe(0x12);
  });
});

describe('IP_RECVERR', () => {
  it('off throws away what is queued', () => {
    const udp = socket('SOCK_DGRAM');
    const error = {
      errno: 'EPERM',
      origin: 1,
      type: 0,
      code: 0,
      info: 0,
      data: 0,
      offender: 1,
      address: 1,
      port: 0,
    };
    udp.sk.queueError({ ...error, payload: hex`` });
    set(udp, 'IP_RECVERR', 1);
    expect(udp.sk.errorQueue).toHaveLength(1);
    set(udp, 'IP_RECVERR', 0);
    expect([udp.sk.errorQueue?.length, udp.sk.rmemAlloc]).toEqual([0, 0]);
  });
});

describe('IP_MTU', () => {
  it('is that of the connection', () => {
    const udp = socket('SOCK_DGRAM');
    expect(host.ip.getsockopt(world.now, udp, 'IP_MTU')).toBe('ENOTCONN');
    const dst = host.route(ip4('10.5.0.2')) as Dst;
    expect(host.ip.getsockopt(world.now, { ...udp, dst }, 'IP_MTU')).toBe(1500);
  });
});

describe('IP_OPTIONS, as Linux 6.18 took them', () => {
  it.each([
    ['record route', hex`070704 00000000`, 'ok'],
    ['41 bytes', new Uint8Array(41).fill(1), 'EINVAL'],
    ['40 bytes', new Uint8Array(40).fill(1), 'ok'],
    ['no length', hex`0700`, 'EINVAL'],
    ['a source route', hex`830704 0a000009`, 'ok'],
    ['a source route that was used', hex`830b08 0a000009 0a000009`, 'EINVAL'],
    ['a source route of another length', hex`830804 0a000009 00`, 'EINVAL'],
    ['a source route to nowhere', hex`830304`, 'EINVAL'],
    ['none', hex``, 'ok'],
  ])('%s', (_, bytes, expected) => {
    expect(set(socket('SOCK_DGRAM'), 'IP_OPTIONS', bytes)).toBe(expected);
  });

  it('read as they were set, padded', () => {
    const udp = socket('SOCK_DGRAM');
    set(udp, 'IP_OPTIONS', hex`830704 0a000009`);
    expect(host.ip.getsockopt(world.now, udp, 'IP_OPTIONS')).toEqual(hex`830704 0a000009 00`);
    set(udp, 'IP_OPTIONS', hex``);
    expect(host.ip.getsockopt(world.now, udp, 'IP_OPTIONS')).toEqual(hex``);
    expect(set(udp, 'IP_TTL', hex`01`)).toBe('EINVAL');
  });
});

describe('groups, as Linux 6.18 took them', () => {
  const group = (text: string, address = '10.5.0.1') => ({ group: ip4(text), address: ip4(address) });
  const source = (text: string, from: string) => ({ ...group(text), source: ip4(from) });
  const filter = (text: string, mode: number, ...sources: string[]) => ({
    ...group(text),
    mode,
    sources: sources.map(ip4),
  });
  type Step = [name: string, value: OptionValue, udp: string, tcp: string];

  it('one after the other: UDP, TCP', () => {
    const steps: Step[] = [
      ['IP_ADD_MEMBERSHIP', group('239.1.1.1'), 'ok', 'EPROTO'],
      ['IP_ADD_MEMBERSHIP', group('239.1.1.1'), 'EADDRINUSE', 'EPROTO'],
      ['IP_ADD_MEMBERSHIP', group('10.1.1.1'), 'EINVAL', 'EPROTO'],
      ['IP_ADD_MEMBERSHIP', group('239.1.1.2', '1.2.3.4'), 'ENODEV', 'EPROTO'],
      ['IP_ADD_MEMBERSHIP', group('239.1.1.2', '0.0.0.0'), 'ENODEV', 'EPROTO'],
      ['IP_DROP_MEMBERSHIP', group('239.1.1.3'), 'EADDRNOTAVAIL', 'EPROTO'],
      ['IP_DROP_MEMBERSHIP', group('239.1.1.3', '0.0.0.0'), 'ENODEV', 'EPROTO'],
      ['IP_BLOCK_SOURCE', source('239.1.1.1', '9.9.9.9'), 'ok', 'EINVAL'],
      ['IP_BLOCK_SOURCE', source('239.1.1.1', '9.9.9.9'), 'EADDRNOTAVAIL', 'EINVAL'],
      ['IP_UNBLOCK_SOURCE', source('239.1.1.1', '9.9.9.9'), 'ok', 'EINVAL'],
      ['IP_UNBLOCK_SOURCE', source('239.1.1.1', '9.9.9.9'), 'EADDRNOTAVAIL', 'EINVAL'],
      ['IP_ADD_SOURCE_MEMBERSHIP', source('239.1.1.1', '9.9.9.9'), 'EINVAL', 'ok'],
      ['IP_ADD_SOURCE_MEMBERSHIP', source('239.1.1.1', '9.9.9.8'), 'EINVAL', 'ok'],
      ['IP_BLOCK_SOURCE', source('239.1.1.1', '9.9.9.7'), 'ok', 'EINVAL'],
      ['IP_DROP_SOURCE_MEMBERSHIP', source('239.1.1.1', '9.9.9.8'), 'EINVAL', 'ok'],
      ['IP_DROP_SOURCE_MEMBERSHIP', source('239.1.1.1', '9.9.9.9'), 'EINVAL', 'ok'],
      ['IP_DROP_SOURCE_MEMBERSHIP', source('239.1.1.1', '9.9.9.9'), 'EINVAL', 'EINVAL'],
      ['IP_ADD_SOURCE_MEMBERSHIP', source('239.1.1.9', '9.9.9.9'), 'ok', 'ok'],
      ['IP_BLOCK_SOURCE', source('239.1.1.77', '9.9.9.9'), 'EINVAL', 'EINVAL'],
      ['IP_MSFILTER', filter('239.1.1.9', 1), 'ok', 'ok'],
      ['IP_MSFILTER', filter('239.1.1.9', 0), 'EINVAL', 'EINVAL'],
      ['IP_MSFILTER', filter('239.1.1.9', 2), 'EINVAL', 'EINVAL'],
      ['IP_MULTICAST_IF', group('0.0.0.0', '1.2.3.4'), 'EADDRNOTAVAIL', 'EINVAL'],
      ['IP_MULTICAST_IF', group('0.0.0.0', '10.5.0.1'), 'ok', 'EINVAL'],
      ['IP_MULTICAST_IF', { group: 0, ifindex: 99 }, 'EADDRNOTAVAIL', 'EINVAL'],
      ['IP_MULTICAST_IF', group('0.0.0.0', '0.0.0.0'), 'ok', 'EINVAL'],
    ];
    for (const [i, type] of (['SOCK_DGRAM', 'SOCK_STREAM'] as const).entries()) {
      const one = socket(type);
      const verdicts = steps.map(([name, value]) => `${name} ${set(one, name, value)}`);
      expect(verdicts).toEqual(steps.map((step) => `${step[0]} ${step[2 + i]}`));
    }
  });

  it('are limited in number', () => {
    const udp = socket('SOCK_DGRAM');
    for (let i = 1; i <= 20; i++) expect(set(udp, 'IP_ADD_MEMBERSHIP', group(`239.1.2.${i}`))).toBe('ok');
    expect(set(udp, 'IP_ADD_MEMBERSHIP', group('239.1.2.21'))).toBe('ENOBUFS');
    for (let i = 1; i <= 10; i++)
      expect(set(udp, 'IP_BLOCK_SOURCE', source('239.1.2.1', `9.9.9.${i}`))).toBe('ok');
    expect(set(udp, 'IP_BLOCK_SOURCE', source('239.1.2.1', '9.9.9.11'))).toBe('ENOBUFS');
    const sources = Array.from({ length: 11 }, (_, i) => `9.9.8.${i}`);
    expect(set(udp, 'IP_MSFILTER', filter('239.1.2.1', 1, ...sources))).toBe('ENOBUFS');
    host.ip.dropMemberships(world.now, udp.inet);
    expect([udp.inet.memberships, host.devices[1]?.groups.length]).toEqual([[], 1]);
  });

  it('tell their filter', () => {
    const udp = socket('SOCK_DGRAM');
    const read = (text: string) => host.ip.getsockopt(world.now, udp, 'IP_MSFILTER', group(text));
    expect([read('239.1.1.1'), read('10.0.0.1'), host.ip.getsockopt(world.now, udp, 'IP_MSFILTER')]).toEqual([
      'EADDRNOTAVAIL',
      'EINVAL',
      'EFAULT',
    ]);
    set(udp, 'IP_ADD_MEMBERSHIP', group('239.1.1.1'));
    set(udp, 'IP_BLOCK_SOURCE', source('239.1.1.1', '9.9.9.9'));
    expect(read('239.1.1.1')).toEqual(filter('239.1.1.1', 0, '9.9.9.9'));
  });

  it('by index, and left by the group alone where a route leads there', () => {
    const udp = socket('SOCK_DGRAM');
    expect(set(udp, 'IP_ADD_MEMBERSHIP', { group: ip4('239.1.1.1'), ifindex: 99 })).toBe('ENODEV');
    expect(set(udp, 'IP_ADD_MEMBERSHIP', { group: ip4('239.1.1.1'), ifindex: 2 })).toBe('ok');
    expect(set(udp, 'IP_DROP_MEMBERSHIP', { group: ip4('239.1.1.1'), ifindex: 1 })).toBe('EADDRNOTAVAIL');
    expect(set(udp, 'IP_DROP_MEMBERSHIP', { group: ip4('239.1.1.1') })).toBe('ENODEV');
    host.fib.route(0, 0, 2, { via: ip4('10.5.0.9') });
    expect(set(udp, 'IP_DROP_MEMBERSHIP', { group: ip4('239.1.1.1') })).toBe('ok');
  });

  it('of a socket that is bound to a device stay there', () => {
    const udp = socket('SOCK_DGRAM');
    udp.sk.boundDevIf = 1;
    expect(set(udp, 'IP_MULTICAST_IF', { group: 0, ifindex: 2 })).toBe('EINVAL');
    expect(set(udp, 'IP_UNICAST_IF', 2)).toBe('EINVAL');
    expect(set(udp, 'IP_UNICAST_IF', 1)).toBe('ok');
  });

  it('with what is none of it', () => {
    const udp = socket('SOCK_DGRAM');
    for (const name of [
      'IP_BLOCK_SOURCE',
      'IP_UNBLOCK_SOURCE',
      'IP_ADD_SOURCE_MEMBERSHIP',
      'IP_DROP_SOURCE_MEMBERSHIP',
    ]) {
      expect(set(udp, name, group('239.1.1.1'))).toBe('EINVAL');
    }
    expect(set(udp, 'IP_MSFILTER', group('239.1.1.1'))).toBe('EINVAL');
    expect(set(udp, 'IP_TTL', group('239.1.1.1'))).toBe('EINVAL');
    expect(set(udp, 'SO_WHAT', group('239.1.1.1'))).toBe('ENOPROTOOPT');
    expect(host.ip.getsockopt(world.now, udp, 'IP_WHAT')).toBe('ENOPROTOOPT');
  });
});

describe('an address to bind to', () => {
  it.each([
    ['0.0.0.0', true],
    ['10.5.0.1', true],
    ['127.3.3.3', true],
    ['10.5.0.255', true],
    ['239.1.1.1', true],
    ['255.255.255.255', true],
    ['10.5.0.2', false],
    ['8.8.8.8', false],
  ])('%s: %s', (address, expected) => {
    const inet = host.ip.inet();
    expect(host.ip.mayBind(inet, ip4(address))).toBe(expected);
    inet.freebind = true;
    expect(host.ip.mayBind(inet, ip4(address))).toBe(true);
    inet.freebind = false;
    inet.transparent = true;
    expect(host.ip.mayBind(inet, ip4(address))).toBe(true);
    inet.transparent = false;
    host.sysctl.ip_nonlocal_bind = 1;
    expect(host.ip.mayBind(inet, ip4(address))).toBe(true);
  });

  it('sockets start with the path MTU discovery of the host', () => {
    expect(host.ip.inet().pmtudisc).toBe(1);
    host.sysctl.ip_no_pmtu_disc = 1;
    expect(host.ip.inet().pmtudisc).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { Host, NARROW, WIDE } from './fixture.ts';

describe.each([NARROW, WIDE])('$name: ports', (kind) => {
  it.each([
    ['an address that is not ours', 7, 80, 'EADDRNOTAVAIL'],
    ['ours', 1, 8080, undefined],
    ['any', 0, 8080, undefined],
    ['a group', 100, 8080, undefined],
    ['the broadcast address', 255, 8080, undefined],
    ['a privileged port', 1, 80, 'EACCES'],
    ['the first port that needs no privilege', 1, 1024, undefined],
  ])('bind to %s', (_name, address, port, expected) => {
    const host = new Host(kind);
    host.privileged = false;
    const sk = host.udp.socket(host.family);
    expect(host.udp.bind(0, sk, host.at(address), port)).toBe(expected);
    expect(sk.num).toBe(expected === undefined ? port : 0);
    host.end(sk);
  });

  it.each(['freebind', 'transparent'] as const)('%s binds an address that is not ours', (option) => {
    const host = new Host(kind);
    const sk = host.udp.socket(host.family);
    sk.inet[option] = true;
    expect(host.udp.bind(0, sk, host.at(7), 8080)).toBeUndefined();
    host.end(sk);
  });

  it('bound once, never again', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    expect(host.udp.bind(0, sk, host.at(1), 8081)).toBe('EINVAL');
    host.end(sk);
  });

  it.each([
    ['the same address', 1, 1, {}, {}, 'EADDRINUSE'],
    ['different addresses', 1, 2, {}, {}, undefined],
    ['any and an address', 0, 1, {}, {}, 'EADDRINUSE'],
    ['an address and any', 1, 0, {}, {}, 'EADDRINUSE'],
    ['SO_REUSEADDR on both', 1, 1, { reuse: true }, { reuse: true }, undefined],
    ['SO_REUSEADDR on one', 1, 1, { reuse: true }, {}, 'EADDRINUSE'],
    ['SO_REUSEPORT on both', 1, 1, { reusePort: true }, { reusePort: true }, undefined],
    ['SO_REUSEPORT on one', 1, 1, {}, { reusePort: true }, 'EADDRINUSE'],
    [
      'SO_REUSEPORT of two users',
      1,
      1,
      { reusePort: true, uid: 1 },
      { reusePort: true, uid: 2 },
      'EADDRINUSE',
    ],
    ['two devices', 0, 0, { boundDevIf: 1 }, { boundDevIf: 2 }, undefined],
    ['a device and none', 0, 0, { boundDevIf: 1 }, {}, 'EADDRINUSE'],
  ])('%s', (_name, first, second, one, other, expected) => {
    const host = new Host(kind);
    const [a, b] = [host.udp.socket(host.family), host.udp.socket(host.family)];
    Object.assign(a, one);
    Object.assign(b, other);
    expect(host.udp.bind(0, a, host.at(first), 8080)).toBeUndefined();
    expect(host.udp.bind(0, b, host.at(second), 8080)).toBe(expected);
    if (expected !== undefined)
      expect([b.num, host.family.same(b.rcvSaddr, host.family.any)]).toEqual([0, true]);
    host.end(a, b);
  });

  it('a port that was given up is free', () => {
    const host = new Host(kind);
    host.udp.close(0, host.socket(8080, 1));
    host.end(host.socket(8080, 1));
  });
});

describe('ports nobody asked for', () => {
  it('are taken from the range until none is left, reserved ones never', () => {
    const host = new Host();
    host.sysctl.ip_local_port_range = [40_000, 40_009];
    host.sysctl.ip_local_reserved_ports = new Set([40_003, 40_004]);
    const socks = Array.from({ length: 8 }, () => host.udp.socket(host.family));
    for (const sk of socks) expect(host.udp.bind(0, sk, host.at(1), 0)).toBeUndefined();
    const ports = socks.map((sk) => sk.num).sort();
    expect(ports).toEqual([40_000, 40_001, 40_002, 40_005, 40_006, 40_007, 40_008, 40_009]);
    const late = host.udp.socket(host.family);
    expect(host.udp.bind(0, late, host.at(1), 0)).toBe('EADDRINUSE');
    expect(host.send(late, 'x', [5, 53])).toBe('EAGAIN');
    expect(host.udp.connect(0, late, host.at(5), 53)).toBe('EAGAIN');
    // Another address has ports of its own, and whoever asks may have a reserved one.
    expect(host.udp.bind(0, late, host.at(2), 0)).toBeUndefined();
    const asking = host.socket(40_003, 1);
    host.end(late, asking, ...socks);
  });

  it('IP_LOCAL_PORT_RANGE: a socket’s own range, within the host’s', () => {
    const host = new Host();
    host.sysctl.ip_local_port_range = [40_000, 40_009];
    const ports = [(40_004 << 16) | 40_003, (40_001 << 16) | 39_000, (50_000 << 16) | 40_009, 40_008].map(
      (range) => {
        const sk = host.udp.socket(host.family);
        sk.inet.localPortRange = range >>> 0;
        const found = Array.from({ length: 20 }, () => {
          host.udp.bind(0, sk, host.at(1), 0);
          const { num } = sk;
          host.udp.disconnect(0, sk);
          return num;
        });
        host.end(sk);
        return [Math.min(...found), Math.max(...found)];
      },
    );
    expect(ports).toEqual([
      [40_003, 40_004],
      [40_000, 40_001],
      [40_009, 40_009],
      [40_008, 40_009],
    ]);
  });

  it('IP_BIND_ADDRESS_NO_PORT: none until it is needed', () => {
    const host = new Host();
    const sk = host.udp.socket(host.family);
    sk.inet.bindAddressNoPort = true;
    expect(host.udp.bind(0, sk, host.at(2), 0)).toBeUndefined();
    expect([sk.num, sk.rcvSaddr]).toEqual([0, host.at(2)]);
    host.send(sk, 'x', [5, 53]);
    expect([sk.num > 0, host.sent[0]?.saddr]).toEqual([true, 2]);
    host.end(sk);
  });

  it('differ from one socket to the next', () => {
    const host = new Host();
    const socks = Array.from({ length: 100 }, () => host.udp.socket(host.family));
    for (const sk of socks) host.udp.bind(0, sk, host.at(0), 0);
    const ports = new Set(socks.map((sk) => sk.num));
    expect(ports.size).toBe(100);
    // RFC 6056: not one after the other.
    const sorted = [...ports].sort((a, b) => a - b);
    expect((sorted.at(-1) as number) - (sorted[0] as number)).toBeGreaterThan(1000);
    host.end(...socks);
  });
});

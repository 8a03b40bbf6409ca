import { describe, expect, it } from 'vitest';
import { isSysctlError, Sysctl, SysctlError } from './index.ts';

describe('a name', () => {
  const sysctl = new Sysctl();
  sysctl.addDevice('eth0.5');
  sysctl.write('net.ipv4.conf.eth0/5.rp_filter', '2');

  it.each([
    ['net.ipv4.tcp_wmem', '4096\t16384\t4194304\n'],
    ['net/ipv4/tcp_wmem', '4096\t16384\t4194304\n'],
    ['/proc/sys/net/ipv4/tcp_wmem', '4096\t16384\t4194304\n'],
    ['net.ipv4.conf.eth0/5.rp_filter', '2\n'],
    ['net/ipv4/conf/eth0.5/rp_filter', '2\n'],
    ['/proc/sys/net/ipv4/conf/eth0.5/rp_filter', '2\n'],
    ['net.ipv4.route.min_pmtu', '552\n'],
  ])('%s', (name, text) => {
    expect(sysctl.read(name)).toBe(text);
  });

  it.each([
    '',
    'tcp_wmem',
    'net',
    'net.ipv4',
    'net.ipv4.',
    'net.ipv4.nosuch',
    'net.ipv4.constructor',
    'net.ipv4.__proto__',
    'net.ipv4.conf.eth0.5.rp_filter',
    'net.ipv4.conf.nosuch.rp_filter',
    'net.ipv4.conf',
    'net.ipv6.conf.all.forwarding',
    '/proc/net/ipv4/tcp_wmem',
    'net..ipv4.tcp_wmem',
  ])('%j is none: ENOENT', (name) => {
    for (const action of [
      () => sysctl.get(name),
      () => sysctl.read(name),
      () => sysctl.set(name, 1),
      () => sysctl.write(name, '1'),
      () => sysctl.write(name, ''),
      () => sysctl.describe(name),
      () => sysctl.watch(name as 'net.ipv4.ip_forward', () => {}),
    ]) {
      expect(action).toThrow(expect.objectContaining({ name: 'SysctlError', code: 'ENOENT', sysctl: name }));
    }
  });

  it('is listed with dots', () => {
    expect(sysctl.list()).toContain('net.ipv4.conf.eth0/5.rp_filter');
    for (const name of sysctl.list()) expect(sysctl.read(name)).toMatch(/\n$/);
  });
});

describe('a value', () => {
  it('is typed by its name', () => {
    const sysctl = new Sysctl();
    sysctl.get('net.core.rmem_max') satisfies number;
    sysctl.get('net.ipv4.tcp_wmem') satisfies readonly [number, number, number];
    sysctl.get('net.ipv4.ip_local_port_range') satisfies readonly [number, number];
    sysctl.get('net.ipv4.ip_local_reserved_ports') satisfies ReadonlySet<number>;
    sysctl.get('net.ipv4.tcp_congestion_control') satisfies string;
    sysctl.get('net.ipv4.tcp_available_congestion_control') satisfies readonly string[];
    sysctl.get('net.ipv4.conf.all.rp_filter') satisfies number;
    const device: string = 'default';
    sysctl.get(`net.ipv4.conf.${device}.rp_filter`) satisfies number;
    sysctl.get('net.ipv4.neigh.default.gc_thresh1') satisfies number;
    sysctl.get('net.ipv4.route.min_pmtu') satisfies number;
    // @ts-expect-error: three numbers, not one
    expect(() => sysctl.set('net.ipv4.tcp_wmem', 1)).toThrow('EINVAL');
  });

  it('is live in the family', () => {
    const sysctl = new Sysctl();
    const { core, ipv4, route } = sysctl;
    sysctl.set('net.core.somaxconn', 1);
    sysctl.set('net.ipv4.tcp_wmem', [1, 2, 3]);
    sysctl.set('net.ipv4.route.min_pmtu', 600);
    expect([core.somaxconn, ipv4.tcp_wmem, route.min_pmtu]).toEqual([1, [1, 2, 3], 600]);
  });

  it('is a copy of what was given', () => {
    const sysctl = new Sysctl();
    const wmem: [number, number, number] = [1, 2, 3];
    const ports = new Set([80]);
    sysctl.set('net.ipv4.tcp_wmem', wmem);
    sysctl.set('net.ipv4.ip_local_reserved_ports', ports);
    wmem[0] = 9;
    ports.add(81);
    expect(sysctl.get('net.ipv4.tcp_wmem')).toEqual([1, 2, 3]);
    expect(sysctl.get('net.ipv4.ip_local_reserved_ports')).toEqual(new Set([80]));
  });

  it.each([
    ['net.core.somaxconn', '1'],
    ['net.core.somaxconn', 1.5],
    ['net.core.somaxconn', Number.NaN],
    ['net.core.somaxconn', [1, 2, 3]],
    ['net.ipv4.tcp_wmem', [1, 2]],
    ['net.ipv4.tcp_wmem', [1, 2, 3, 4]],
    ['net.ipv4.tcp_wmem', [1, 2, '3']],
    ['net.ipv4.tcp_wmem', '1 2 3'],
    ['net.ipv4.ip_local_port_range', [1024, 2000, 3000]],
    ['net.ipv4.ip_local_reserved_ports', [80]],
    ['net.ipv4.ip_local_reserved_ports', new Set([-1])],
    ['net.ipv4.ip_local_reserved_ports', new Set([65_536])],
    ['net.ipv4.tcp_congestion_control', 1],
    ['net.ipv4.tcp_allowed_congestion_control', 'reno'],
    ['net.ipv4.tcp_allowed_congestion_control', [1]],
    ['net.core.default_qdisc', ['pfifo_fast']],
  ])('of %s is not %j: EINVAL', (name, value) => {
    const sysctl = new Sysctl();
    const before = sysctl.read(name);
    expect(() => sysctl.set(name, value as never)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(sysctl.read(name)).toBe(before);
  });
});

describe('names of a registry', () => {
  it('may be registered later', () => {
    const registered = ['reno'];
    const sysctl = new Sysctl({ congestionControl: () => registered });
    expect(() => sysctl.set('net.ipv4.tcp_congestion_control', 'vegas')).toThrow('ENOENT');
    registered.push('vegas');
    sysctl.set('net.ipv4.tcp_congestion_control', 'vegas');
    expect(sysctl.read('net.ipv4.tcp_available_congestion_control')).toBe('reno vegas\n');
    expect(sysctl.get('net.ipv4.tcp_allowed_congestion_control')).toEqual(['reno', 'vegas']);
    registered.pop();
    expect(sysctl.get('net.ipv4.tcp_allowed_congestion_control')).toEqual(['reno']);
  });
});

describe('watch', () => {
  const watched = (pattern: Parameters<Sysctl['watch']>[0], action: (sysctl: Sysctl) => void) => {
    const sysctl = new Sysctl();
    sysctl.addDevice('eth0');
    const calls: unknown[] = [];
    sysctl.watch(pattern, (name, value) => calls.push([name, value]));
    action(sysctl);
    return calls;
  };

  it('tells of a change, and only of a change', () => {
    const calls = watched('net.core.somaxconn', (sysctl) => {
      sysctl.set('net.core.somaxconn', 4096);
      sysctl.set('net.core.somaxconn', 5);
      sysctl.write('net.core.somaxconn', '5');
      sysctl.write('net.core.somaxconn', '');
      expect(() => sysctl.set('net.core.somaxconn', -1)).toThrow();
    });
    expect(calls).toEqual([['net.core.somaxconn', 5]]);
  });

  it('tells of what another write brought about', () => {
    expect(
      watched('net.ipv4.conf.eth0.forwarding', (sysctl) => sysctl.set('net.ipv4.ip_forward', 1)),
    ).toEqual([['net.ipv4.conf.eth0.forwarding', 1]]);
    expect(watched('net.ipv4.ip_forward', (sysctl) => sysctl.set('net.ipv4.conf.all.forwarding', 1))).toEqual(
      [['net.ipv4.ip_forward', 1]],
    );
  });

  it('takes * for every device', () => {
    const calls = watched('net.ipv4.conf.*.rp_filter', (sysctl) => {
      sysctl.addDevice('eth1');
      sysctl.set('net.ipv4.conf.eth1.rp_filter', 2);
      sysctl.set('net.ipv4.conf.default.rp_filter', 1);
      sysctl.set('net.ipv4.conf.all.rp_filter', 1);
    });
    expect(calls).toEqual([
      ['net.ipv4.conf.eth1.rp_filter', 2],
      ['net.ipv4.conf.default.rp_filter', 1],
      ['net.ipv4.conf.eth0.rp_filter', 1],
      ['net.ipv4.conf.all.rp_filter', 1],
    ]);
  });

  it('sees the change whole', () => {
    const sysctl = new Sysctl();
    sysctl.addDevice('eth0');
    let seen: number[] = [];
    sysctl.watch('net.ipv4.ip_forward', () => {
      seen = [sysctl.conf('default').forwarding, sysctl.inDevice('eth0').forwarding];
    });
    sysctl.set('net.ipv4.ip_forward', 1);
    expect(seen).toEqual([1, 1]);
  });

  it('ends', () => {
    const sysctl = new Sysctl();
    let calls = 0;
    const end = sysctl.watch('net.core.somaxconn', () => {
      calls++;
      end();
    });
    sysctl.watch('net.core.somaxconn', () => calls++);
    sysctl.set('net.core.somaxconn', 1);
    sysctl.set('net.core.somaxconn', 2);
    end();
    expect(calls).toBe(3);
  });
});

describe('describe', () => {
  it('gives the row', () => {
    expect(new Sysctl().describe('net.ipv4.ip_default_ttl')).toEqual({
      kind: 'int',
      default: 64,
      min: 1,
      max: 255,
      unit: 'hops',
    });
  });
});

describe('isSysctlError', () => {
  const error = new SysctlError('EINVAL', 'net.x', 'why');
  it.each([
    [error, undefined, true],
    [error, 'EINVAL', true],
    [error, 'ENOENT', false],
    [new Error('EINVAL'), undefined, false],
    [Object.assign(new Error(), { code: 'EINVAL' }), 'EINVAL', false],
    [{ name: 'SysctlError', code: 'EINVAL' }, 'EINVAL', false],
    [undefined, undefined, false],
  ] as const)('%s, %s: %s', (value, code, answer) => {
    expect(isSysctlError(value, code)).toBe(answer);
  });
});

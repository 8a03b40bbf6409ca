/** Rules as `ip rule` of Linux 6.18 takes them in, lists them and follows them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { IPV4, ip } from './fixture.ts';
import { Fib, type Flow, type RuleSpec } from './index.ts';

let fib: Fib<number>;
beforeEach(() => {
  fib = new Fib(IPV4);
  for (const [table, ifindex] of [
    [254, 4],
    [100, 5],
  ] as const) {
    fib.add({ dst: 0, length: 0, table, nexthops: [{ ifindex }] });
  }
});

const flow = (rest: Partial<Flow<number>>): Flow<number> => ({
  daddr: ip('9.9.9.9'),
  saddr: ip('10.1.2.3'),
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
  expect(fib.explain(flow(rest)).result).toBe(found);
  return typeof found === 'string' ? found : found.table;
};
const prefix = (text: string) => {
  const [address = '', length] = text.split('/');
  return { address: ip(address), length: Number(length) };
};
const priorities = () => fib.rules.list().map(({ priority, table }) => [priority, table]);

describe('the list', () => {
  it('starts with three', () => {
    expect(priorities()).toEqual([
      [0, 255],
      [32_766, 254],
      [32_767, 253],
    ]);
  });

  it('gives a priority just before the second rule', () => {
    for (const table of [100, 101, 102]) fib.rules.add({ table });
    expect(priorities().slice(0, 4)).toEqual([
      [0, 255],
      [32_763, 102],
      [32_764, 101],
      [32_765, 100],
    ]);
  });

  it('gives priority 0 to what is added to an empty list', () => {
    while (fib.rules.delete({}) === undefined);
    expect(out()).toBe('ENETUNREACH');
    expect(fib.rules.add({ table: 254 })).toBeUndefined();
    expect(fib.rules.add({ table: 254 })).toBe('EEXIST');
    expect(fib.rules.add({ table: 253 })).toBeUndefined();
    expect(priorities()).toEqual([
      [0, 254],
      [0, 253],
    ]);
  });

  it('puts a rule behind those of its priority', () => {
    fib.rules.add({ priority: 5, table: 100 });
    fib.rules.add({ priority: 5, table: 50 });
    fib.rules.add({ priority: 4, table: 60 });
    expect(priorities().slice(1, 4)).toEqual([
      [4, 60],
      [5, 100],
      [5, 50],
    ]);
  });

  it('has no rule twice', () => {
    const rule: RuleSpec<number> = { priority: 5, from: prefix('10.0.0.0/8'), fwmark: 1, table: 100 };
    expect(fib.rules.add(rule)).toBeUndefined();
    const { genid } = fib;
    expect(fib.rules.add({ ...rule, from: prefix('10.0.0.0/8') })).toBe('EEXIST');
    expect(fib.genid).toBe(genid);
    for (const other of [
      { priority: 6 },
      { from: prefix('10.0.0.0/9') },
      { fwmark: 2 },
      { table: 101 },
      { not: true },
    ]) {
      expect(fib.rules.add({ ...rule, ...other })).toBeUndefined();
    }
  });

  it('deletes the first that is as said', () => {
    fib.rules.add({ priority: 5, from: prefix('11.0.0.0/8'), table: 100 });
    fib.rules.add({ priority: 6, from: prefix('12.0.0.0/8'), table: 100 });
    const { genid } = fib;
    expect(fib.rules.delete({ priority: 77 })).toBe('ENOENT');
    expect(fib.rules.delete({ from: prefix('13.0.0.0/8') })).toBe('ENOENT');
    expect(fib.genid).toBe(genid);
    expect(fib.rules.delete({ from: prefix('12.0.0.0/8') })).toBeUndefined();
    expect(fib.rules.delete({ table: 100, from: undefined })).toBeUndefined();
    expect(fib.rules.delete({ table: 100 })).toBe('ENOENT');
    expect(fib.rules.delete({ priority: 0 })).toBeUndefined();
    expect(priorities()).toEqual([
      [32_766, 254],
      [32_767, 253],
    ]);
    expect(fib.genid).not.toBe(genid);
  });

  it.each<[string, RuleSpec<number>]>([
    ['priority', { priority: -1 }],
    ['priority', { priority: 2 ** 32 }],
    ['fwmark', { fwmark: 1.5 }],
    ['tos', { tos: 256 }],
    ['length', { from: { address: 0, length: 33 } }],
    ['length', { to: { address: 0, length: -1 } }],
    ['table 0', { table: 0 }],
    ['action', { action: 'masquerade' as never }],
    ['goto backwards', { priority: 6, action: 'goto', target: 4 }],
    ['goto itself', { priority: 6, action: 'goto', target: 6 }],
    ['suppress', { suppressPrefixLength: 33 }],
    ['suppress', { suppressPrefixLength: -2 }],
  ])('refuses a %s', (_, rule) => {
    const before = fib.rules.list();
    expect(fib.rules.add(rule)).toBe('EINVAL');
    expect(fib.rules.list()).toEqual(before);
  });
});

describe('a rule', () => {
  it.each<[string, RuleSpec<number>, Partial<Flow<number>>, boolean]>([
    ['from', { from: prefix('10.0.0.0/8') }, {}, true],
    ['from', { from: prefix('11.0.0.0/8') }, {}, false],
    ['from, no source', { from: prefix('10.0.0.0/8') }, { saddr: undefined }, false],
    ['from all, no source', { from: prefix('0.0.0.0/0') }, { saddr: undefined }, true],
    ['from, bits behind the length', { from: prefix('10.9.9.9/8') }, {}, true],
    ['to', { to: prefix('9.9.9.9/32') }, {}, true],
    ['to', { to: prefix('9.9.9.8/32') }, {}, false],
    ['fwmark', { fwmark: 5 }, { mark: 5 }, true],
    ['fwmark', { fwmark: 5 }, { mark: 0x105 }, false],
    ['fwmark/mask', { fwmark: 5, fwmask: 0xff }, { mark: 0x105 }, true],
    ['fwmark/mask', { fwmark: 5, fwmask: 0xff }, { mark: 4 }, false],
    ['fwmark of 32 bits', { fwmark: 0xffff_fffe }, { mark: 0xffff_fffe }, true],
    ['fwmark 0/mask', { fwmark: 0, fwmask: 1 }, { mark: 1 }, false],
    ['iif', { iif: 1 }, {}, true],
    ['iif', { iif: 2 }, {}, false],
    ['oif', { oif: 5 }, { oif: 5 }, true],
    ['oif', { oif: 5 }, {}, false],
    ['tos', { tos: 16 }, { tos: 16 }, true],
    ['tos', { tos: 16 }, {}, false],
    ['not', { not: true, from: prefix('10.0.0.0/8') }, {}, false],
    ['not', { not: true, from: prefix('11.0.0.0/8') }, {}, true],
    ['not all', { not: true }, {}, false],
    ['two selectors', { from: prefix('10.0.0.0/8'), tos: 8 }, {}, false],
  ])('%s: %j, %j: %s', (_, rule, rest, matches) => {
    expect(fib.rules.add({ priority: 5, table: 100, ...rule })).toBeUndefined();
    expect(out(rest)).toBe(matches ? 100 : rest.oif === 5 ? 'ENETUNREACH' : 254);
  });

  it.each([
    ['unreachable', 'ENETUNREACH'],
    ['prohibit', 'EACCES'],
    ['blackhole', 'EINVAL'],
    ['nop', 254],
  ] as const)('%s: %s', (action, answer) => {
    fib.rules.add({ priority: 5, action });
    expect(out()).toBe(answer);
  });

  it('of a table that is empty or not there goes on', () => {
    fib.rules.add({ priority: 5, table: 7 });
    expect(out()).toBe(254);
    fib.add({ dst: 0, length: 0, table: 7, nexthops: [{ ifindex: 9 }] });
    expect(out()).toBe(7);
  });

  it('goes to another that comes later', () => {
    fib.rules.add({ priority: 5, action: 'goto', target: 20 });
    fib.rules.add({ priority: 10, table: 100 });
    expect(out()).toBe(100); // nobody is at 20
    fib.rules.add({ priority: 20, action: 'prohibit' });
    expect(out()).toBe('EACCES');
    fib.rules.delete({ priority: 20 });
    fib.rules.add({ priority: 21, action: 'prohibit' });
    expect(out()).toBe(100);
  });

  it('does not count what it finds by a prefix too short', () => {
    fib.rules.add({ priority: 5, table: 100, suppressPrefixLength: 0 });
    expect(out()).toBe(254);
    fib.add({ dst: ip('9.0.0.0'), length: 8, table: 100, nexthops: [{ ifindex: 5 }] });
    expect(out()).toBe(100);
    fib.rules.add({ priority: 4, table: 100, suppressPrefixLength: 8 });
    fib.rules.delete({ priority: 5 });
    expect(out()).toBe(254);
  });

  it('refuses what its table refuses, whatever it suppresses', () => {
    fib.add({ dst: ip('9.0.0.0'), length: 8, table: 100, type: 'prohibit' });
    fib.rules.add({ priority: 5, table: 100, suppressPrefixLength: 32 });
    expect(out()).toBe('EACCES');
  });
});

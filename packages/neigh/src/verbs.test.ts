import { describe, expect, it } from 'vitest';
import { ETH0, ETH1, ip, MAC, OTHER_MAC, S, World } from './fixture.ts';
import {
  NTF_ROUTER,
  NTF_USE,
  NUD_FAILED,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
} from './index.ts';

const at = (address: number, lladdr?: number) => ({ device: ETH0, address, lladdr });

describe('ip neigh', () => {
  it('add: makes a permanent entry, and none where there is one', () => {
    const world = new World();
    expect(world.table.add(0, { ...at(ip(2), MAC), protocol: 4 })).toBeUndefined();
    expect(world.table.find(ETH0, ip(2))).toMatchObject({ state: NUD_PERMANENT, lladdr: MAC, protocol: 4 });
    expect(world.table.add(0, at(ip(2), OTHER_MAC))).toBe('EEXIST');
    expect(world.table.find(ETH0, ip(2))?.lladdr).toBe(MAC);
    expect(world.table.add(0, { ...at(ip(2), MAC), device: ETH1 })).toBeUndefined();
  });

  it('change: wants one', () => {
    const world = new World();
    expect(world.table.change(0, at(ip(2), MAC))).toBe('ENOENT');
    world.table.add(0, at(ip(2), MAC));
    expect(world.table.change(0, at(ip(2), OTHER_MAC))).toBeUndefined();
    expect(world.table.change(0, { ...at(ip(2)), state: NUD_REACHABLE })).toBeUndefined();
    expect(world.table.find(ETH0, ip(2))).toMatchObject({ state: NUD_REACHABLE, lladdr: OTHER_MAC });
    world.wait(30 * S);
    expect(world.table.find(ETH0, ip(2))?.state).toBe(NUD_STALE);
  });

  it('replace: does not care', () => {
    const world = new World();
    expect(world.table.replace(0, at(ip(2), MAC))).toBeUndefined();
    expect(world.table.replace(0, { ...at(ip(2), OTHER_MAC), state: NUD_STALE })).toBeUndefined();
    expect(world.table.find(ETH0, ip(2))).toMatchObject({ state: NUD_STALE, lladdr: OTHER_MAC });
  });

  it.each([
    ['no address', at(ip(2))],
    ['an address that is none', at(ip(2), 2 ** 48)],
    ['a negative address', at(ip(2), -5)],
    ['half an address', at(ip(2), 0.5)],
    ['two states', { ...at(ip(2), MAC), state: NUD_STALE | NUD_REACHABLE }],
    // Differs: Linux makes an entry that never leaves INCOMPLETE.
    ['INCOMPLETE', { ...at(ip(2), MAC), state: 1 }],
  ])('refuses %s', (_, spec) => {
    const world = new World();
    expect(world.table.add(0, spec)).toBe('EINVAL');
    expect(world.table.find(ETH0, ip(2))?.state ?? NUD_NONE).toBe(NUD_NONE);
  });

  it('add nud failed needs no address', () => {
    const world = new World();
    expect(world.table.add(0, { ...at(ip(2)), state: NUD_FAILED })).toBeUndefined();
    expect(world.table.find(ETH0, ip(2))?.state).toBe(NUD_FAILED);
  });

  it('sends what waits when an address is set', () => {
    const world = new World();
    world.send(ip(2));
    world.take();
    world.table.replace(0, at(ip(2), MAC));
    expect(world.take()).toEqual(['0 10.0.0.2 INCOMPLETE > PERMANENT', '0 send 1 to 20000000001']);
    expect([world.timers.pending, world.table.gcList.size]).toEqual([0, 0]);
  });

  it('replace router: makes it one', () => {
    const world = new World();
    world.table.replace(0, { ...at(ip(2), MAC), flags: NTF_ROUTER });
    expect(world.table.find(ETH0, ip(2))?.flags).toBe(NTF_ROUTER);
    world.table.replace(0, at(ip(2), MAC));
    expect(world.table.find(ETH0, ip(2))?.flags).toBe(0);
  });

  it('replace use: resolves', () => {
    const world = new World();
    expect(world.table.replace(0, { ...at(ip(2)), flags: NTF_USE })).toBeUndefined();
    expect(world.take()).toEqual(['0 10.0.0.2 NONE > INCOMPLETE', '0 ask 10.0.0.2 broadcast']);
  });

  it('del: takes one out, and tells what waits', () => {
    const world = new World();
    expect(world.table.delete(0, ETH0, ip(2))).toBe('ENOENT');
    world.send(ip(2));
    world.take();
    expect(world.table.delete(0, ETH0, ip(2))).toBeUndefined();
    expect(world.take()).toEqual([
      '0 10.0.0.2 INCOMPLETE > FAILED',
      '0 unreachable 1',
      '0 drop 1 NEIGH_FAILED',
      '0 10.0.0.2 FAILED > gone',
    ]);
    expect(world.table.stats).toMatchObject({ allocs: 1, destroys: 1, lookups: 2, hits: 1 });
  });

  it('show and flush: by device and state', () => {
    const world = new World();
    const states = [NUD_PERMANENT, NUD_NOARP, NUD_STALE, NUD_REACHABLE, NUD_FAILED];
    for (const [i, state] of states.entries()) world.table.add(0, { ...at(ip(i), MAC), state });
    world.table.add(0, { device: ETH1, address: ip(2), lladdr: MAC, state: NUD_STALE });
    world.ensure(ip(9)); // NONE
    const show = (filter: object) =>
      world.table
        .list(filter)
        .map(({ address }) => address - ip(0))
        .sort();
    expect(show({})).toEqual([0, 1, 2, 2, 3, 4, 9]);
    expect(show({ device: ETH1 })).toEqual([2]);
    expect(show({ device: ETH0, state: NUD_STALE | NUD_FAILED })).toEqual([2, 4]);
    expect(world.table.flush(0, { device: ETH1 })).toBe(1);
    expect(world.table.flush(0, { state: NUD_NOARP })).toBe(1);
    expect(world.table.flush(0)).toBe(4);
    expect(show({})).toEqual([0]);
  });
});

describe('/proc/net/stat/arp_cache', () => {
  it('counts lookups and hits, not packets on their way out', () => {
    const world = new World();
    world.send(ip(2));
    world.table.lookup(ETH0, ip(2));
    world.table.lookup(ETH0, ip(3));
    expect(world.table.stats).toMatchObject({ lookups: 2, hits: 1, allocs: 1 });
  });
});

import { describe, expect, it } from 'vitest';
import { ETH0, ip, MAC, S, World } from './fixture.ts';
import { NTF_EXT_LEARNED, NUD_FAILED, NUD_NOARP, NUD_PERMANENT, NUD_REACHABLE, NUD_STALE } from './index.ts';

/** `count` stale entries, 10.0.1.0 and on. */
function fill(world: World, count: number, state: number = NUD_STALE) {
  for (let i = 0; i < count; i++) {
    world.table.replace(world.now, { device: ETH0, address: ip(256 + i), lladdr: MAC, state });
  }
  world.take();
}

const few = { gc_thresh1: 4, gc_thresh2: 8, gc_thresh3: 12 };

describe('a full table', () => {
  it('takes no more where no entry can go', () => {
    const world = new World(few);
    for (let i = 0; i < 12; i++) world.table.use(0, world.ensure(ip(i)));
    expect(world.table.ensure(0, ETH0, ip(50))).toBe('ENOBUFS');
    expect(world.table.replace(0, { device: ETH0, address: ip(50), lladdr: MAC, state: NUD_STALE })).toBe(
      'ENOBUFS',
    );
    expect(world.table.eventNs(0, ETH0, ip(50), MAC)).toBeUndefined();
    expect(world.table.stats).toMatchObject({ allocs: 12, table_fulls: 3, forced_gc_runs: 4 });
    expect(world.table.entries).toBe(12);
  });

  it('takes permanent ones, and those a daemon learned, without limit', () => {
    const world = new World(few);
    fill(world, 20, NUD_PERMANENT);
    world.table.replace(0, {
      device: ETH0,
      address: ip(50),
      lladdr: MAC,
      state: NUD_STALE,
      flags: NTF_EXT_LEARNED,
    });
    expect([world.table.entries, world.table.gcList.size, world.table.stats.forced_gc_runs]).toEqual([
      21, 0, 0,
    ]);
    expect(world.timers.pending).toBe(0);
  });

  it('takes a permanent one even then', () => {
    const world = new World(few);
    for (let i = 0; i < 12; i++) world.table.use(0, world.ensure(ip(i)));
    expect(world.table.add(0, { device: ETH0, address: ip(50), lladdr: MAC })).toBeUndefined();
    expect(world.table.stats).toMatchObject({ table_fulls: 0, forced_gc_runs: 1 });
  });

  it('first lets go what failed, and what changed more than five seconds ago, down to gc_thresh2', () => {
    const world = new World(few);
    fill(world, 10);
    world.wait(6 * S);
    world.ensure(ip(50));
    expect(world.table.stats).toMatchObject({ forced_gc_runs: 2, destroys: 2 });
    // The oldest members go first.
    expect([256, 257, 258].map((last) => world.table.find(ETH0, ip(last))?.lladdr)).toEqual([
      undefined,
      undefined,
      MAC,
    ]);
    expect(world.table.entries).toBe(9);
  });

  it('spares what is young, and what has a timer', () => {
    const world = new World({ ...few, gc_thresh3: 9 });
    fill(world, 9, NUD_REACHABLE);
    world.wait(6 * S);
    expect(world.table.ensure(world.now, ETH0, ip(50))).toBe('ENOBUFS');
    world.table.update(world.now, world.ensure(ip(256)), MAC, NUD_STALE, 0x81);
    expect(world.table.ensure(world.now, ETH0, ip(50))).toBe('ENOBUFS'); // it changed just now
    world.wait(5 * S);
    expect(world.table.ensure(world.now, ETH0, ip(50))).toBe('ENOBUFS');
    world.wait(1);
    expect(world.table.ensure(world.now, ETH0, ip(50))).toMatchObject({ address: ip(50) });
  });

  it.each([NUD_FAILED, NUD_NOARP])('does not spare what is in %i', (state) => {
    const world = new World({ ...few, gc_thresh3: 9 });
    fill(world, 9, state);
    expect(world.table.ensure(world.now, ETH0, ip(50))).toMatchObject({ address: ip(50) });
  });

  it('is looked at every five seconds between gc_thresh2 and gc_thresh3', () => {
    const world = new World({ gc_thresh2: 2, gc_thresh3: 100, gc_thresh1: 1000 });
    fill(world, 10);
    expect(world.table.stats.forced_gc_runs).toBe(1);
    world.wait(5 * S);
    fill(world, 11);
    expect(world.table.stats.forced_gc_runs).toBe(1);
    world.wait(1);
    fill(world, 12);
    expect(world.table.stats).toMatchObject({ forced_gc_runs: 2, destroys: 9 });
    // Ten of those eleven were of age; nine were enough.
  });
});

describe('the periodic look', () => {
  it('removes what was not used for gc_stale_time, from gc_thresh1 entries on', () => {
    const world = new World(few);
    fill(world, 3);
    expect(world.timers.pending).toBe(0);
    world.wait(20 * S);
    fill(world, 4);
    world.wait(44_999_999);
    expect([world.table.entries, world.table.stats.periodic_gc_runs]).toEqual([4, 2]);
    world.wait(1); // 65 s, 15 s after the look before
    expect([world.table.entries, world.table.stats.periodic_gc_runs]).toEqual([1, 3]);
    world.wait(1000 * S);
    expect([world.table.entries, world.timers.pending]).toEqual([1, 0]);
  });

  it('ends when there is nothing left to remove', () => {
    const world = new World(few);
    fill(world, 5);
    world.wait(1000 * S);
    expect([world.table.entries, world.timers.pending]).toEqual([0, 0]);
    expect(world.table.stats).toMatchObject({ periodic_gc_runs: 4, destroys: 5 });
    expect(world.take()[0]).toMatch(/^60000 10\.0\.1\.\d STALE > gone$/);
  });

  it('counts a proof as use', () => {
    const world = new World(few);
    fill(world, 5);
    const entry = world.ensure(ip(257));
    world.table.confirm(world.wait(30 * S).now, entry);
    world.wait(45 * S);
    expect([world.table.entries, entry.used]).toEqual([1, 30 * S]);
  });

  it('removes what failed at once, and leaves what is permanent or has a timer', () => {
    const world = new World({ ...few, gc_thresh1: 0, base_reachable_time_ms: 100_000 });
    world.random = 50_000;
    fill(world, 2, NUD_FAILED);
    world.table.replace(0, { device: ETH0, address: ip(1), lladdr: MAC });
    world.table.replace(0, { device: ETH0, address: ip(2), lladdr: MAC, state: NUD_REACHABLE });
    world.wait(50 * S);
    expect(
      world.table
        .list()
        .map(({ address }) => address)
        .sort(),
    ).toEqual([ip(1), ip(2)]);
  });

  it('begins when gc_thresh1 was written', () => {
    const world = new World();
    fill(world, 5);
    world.sysctl.gc_thresh1 = 0;
    world.table.threshChanged(world.now);
    world.wait(1000 * S);
    expect(world.table.entries).toBe(0);
  });

  it('waits where gc_thresh1 was raised meanwhile', () => {
    const world = new World(few);
    fill(world, 5);
    world.sysctl.gc_thresh1 = 100;
    world.wait(1000 * S);
    expect([world.table.entries, world.timers.pending, world.table.stats.periodic_gc_runs]).toEqual([
      5, 0, 1,
    ]);
  });
});

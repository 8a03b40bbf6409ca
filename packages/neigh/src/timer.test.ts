import { describe, expect, it } from 'vitest';
import { ip, MAC, OTHER_MAC, S, World } from './fixture.ts';
import { NEIGH_UPDATE_F_OVERRIDE, NUD_DELAY, NUD_PROBE, NUD_REACHABLE, NUD_STALE } from './index.ts';

/** An entry that answered at 0 and whose reachable time is 30 s. */
function reachable(world: World) {
  const entry = world.ensure(ip(2));
  world.table.update(world.now, entry, MAC, NUD_REACHABLE, 0);
  world.take();
  return entry;
}

describe('REACHABLE', () => {
  it('becomes stale when nothing proved it for the reachable time', () => {
    const world = new World();
    reachable(world);
    world.wait(29_999_999);
    expect(world.take()).toEqual([]);
    world.wait(1);
    expect(world.take()).toEqual(['30000 10.0.0.2 REACHABLE > STALE']);
    expect(world.timers.pending).toBe(0);
  });

  it('lasts as long as proofs come', () => {
    const world = new World();
    const entry = reachable(world);
    for (let i = 0; i < 20; i++) world.table.confirm(world.wait(10 * S).now, entry);
    expect(world.take()).toEqual([]);
    world.wait(100 * S);
    expect(world.take()).toEqual(['230000 10.0.0.2 REACHABLE > STALE']);
  });

  it('is doubted at once when its slow path was used within the delay', () => {
    const world = new World();
    const entry = reachable(world);
    entry.used = 26 * S;
    world.wait(36 * S);
    expect(world.take()).toEqual([
      '30000 10.0.0.2 REACHABLE > DELAY',
      '35000 10.0.0.2 DELAY > PROBE',
      '35000 ask 10.0.0.2 unicast 20000000001',
      '36000 ask 10.0.0.2 unicast 20000000001',
    ]);
  });
});

describe('STALE', () => {
  it('is used as it is, and doubted after five seconds by three unicast probes', () => {
    const world = new World();
    world.entryIn(NUD_STALE);
    world.wait(100 * S).send(ip(2));
    world.wait(2 * S).send(ip(2));
    world.wait(100 * S);
    expect(world.take()).toEqual([
      '100000 10.0.0.2 STALE > DELAY',
      '100000 send 1 to 20000000001',
      '102000 send 2 to 20000000001',
      '105000 10.0.0.2 DELAY > PROBE',
      '105000 ask 10.0.0.2 unicast 20000000001',
      '106000 ask 10.0.0.2 unicast 20000000001',
      '107000 ask 10.0.0.2 unicast 20000000001',
      '108000 10.0.0.2 PROBE > FAILED',
    ]);
    expect(world.table.stats.res_failed).toBe(1);
  });

  it('asks everybody again where mcast_resolicit says so', () => {
    const world = new World({ mcast_resolicit: 1, ucast_solicit: 1 });
    world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.wait(100 * S);
    expect(world.take().slice(2)).toEqual([
      '5000 10.0.0.2 DELAY > PROBE',
      '5000 ask 10.0.0.2 unicast 20000000001',
      '6000 ask 10.0.0.2 broadcast',
      '7000 10.0.0.2 PROBE > FAILED',
    ]);
  });

  it('has no timer', () => {
    const world = new World();
    world.entryIn(NUD_STALE);
    expect(world.timers.pending).toBe(0);
  });
});

describe('DELAY', () => {
  it.each([
    ['with the packet', 0, ['5000 10.0.0.2 DELAY > REACHABLE']],
    ['within the delay', 4_999_999, ['5000 10.0.0.2 DELAY > REACHABLE']],
    ['before the packet', -1, ['5000 10.0.0.2 DELAY > PROBE', '5000 ask 10.0.0.2 unicast 20000000001']],
  ])('sees a proof that came %s', (_, at, expected) => {
    const world = new World();
    const entry = world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.take();
    entry.confirmed = at;
    world.wait(5 * S);
    expect(world.take()).toEqual(expected);
  });

  it('is reachable for what is left of the reachable time after the proof', () => {
    const world = new World();
    const entry = world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.table.confirm(world.wait(2 * S).now, entry);
    world.wait(100 * S);
    expect(world.take().slice(2)).toEqual([
      '5000 10.0.0.2 DELAY > REACHABLE',
      // The packet at 0 is long ago.
      '32000 10.0.0.2 REACHABLE > STALE',
    ]);
  });
});

describe('PROBE', () => {
  it('ends with an answer', () => {
    const world = new World();
    const entry = world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.wait(5_500_000).take();
    world.table.update(world.now, entry, MAC, NUD_REACHABLE, 0);
    world.send(ip(2));
    world.wait(100 * S);
    expect(world.take()).toEqual([
      '5500 10.0.0.2 PROBE > REACHABLE',
      '5500 send 2 to 20000000001',
      '35500 10.0.0.2 REACHABLE > STALE',
    ]);
  });

  it('is not ended by a proof from above, as in Linux', () => {
    const world = new World();
    const entry = world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.table.confirm(world.wait(5_500_000).now, entry);
    expect(entry.state).toBe(NUD_PROBE);
    world.wait(S);
    expect([entry.state, entry.probes]).toEqual([NUD_PROBE, 2]);
  });

  it('uses the address meanwhile', () => {
    const world = new World();
    world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.wait(6 * S).take();
    world.send(ip(2));
    expect(world.take()).toEqual(['6000 send 2 to 20000000001']);
  });

  it('fails at once where nothing may be asked', () => {
    const world = new World({ ucast_solicit: 0 });
    world.entryIn(NUD_STALE);
    world.send(ip(2));
    world.wait(5 * S);
    expect(world.take().slice(2)).toEqual(['5000 10.0.0.2 DELAY > PROBE', '5000 10.0.0.2 PROBE > FAILED']);
  });
});

describe('a life', () => {
  it('from the first packet to the last probe', () => {
    const world = new World({ base_reachable_time_ms: 8000, ucast_solicit: 2 });
    world.random = 4000; // 8 s
    world.send(ip(2));
    const entry = world.ensure(ip(2));
    world.table.update(world.wait(S).now, entry, MAC, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE);
    world.wait(9 * S).send(ip(2));
    const updates: number[] = [];
    for (let i = 0; i < 9; i++) {
      world.wait(S);
      updates.push(entry.updated / S);
    }
    expect(world.take()).toEqual([
      '0 10.0.0.2 NONE > INCOMPLETE',
      '0 ask 10.0.0.2 broadcast for 1',
      '1000 ask 10.0.0.2 broadcast for 1',
      '1000 10.0.0.2 INCOMPLETE > REACHABLE',
      '1000 send 1 to 20000000001',
      '9000 10.0.0.2 REACHABLE > STALE',
      '10000 10.0.0.2 STALE > DELAY',
      '10000 send 2 to 20000000001',
      '15000 10.0.0.2 DELAY > PROBE',
      '15000 ask 10.0.0.2 unicast 20000000001',
      '16000 ask 10.0.0.2 unicast 20000000001',
      '17000 10.0.0.2 PROBE > FAILED',
    ]);
    expect(updates).toEqual([10, 10, 10, 10, 15, 15, 17, 17, 17]);
  });

  it('in which a packet is remembered when the proof is old', () => {
    const world = new World({ base_reachable_time_ms: 4000 });
    world.random = 2000; // 4 s
    const entry = world.entryIn(NUD_STALE);
    world.wait(S).send(ip(2));
    world.table.update(world.now, entry, MAC, NUD_REACHABLE, 0);
    world.wait(8 * S);
    expect(world.take().slice(2)).toEqual([
      '1000 10.0.0.2 DELAY > REACHABLE',
      '5000 10.0.0.2 REACHABLE > DELAY',
    ]);
  });
});

describe('the reachable time', () => {
  it.each([
    [0, 15_000],
    [29_999, 44_999],
    [30_000, 15_000],
    [4_294_967_295, 32_295],
  ])('with %i drawn is %i ms', (random, ms) => {
    const world = new World();
    world.random = random;
    reachable(world);
    world.wait(50 * S);
    expect(world.take()).toEqual([`${ms} 10.0.0.2 REACHABLE > STALE`]);
  });

  it('is drawn anew after 300 s, and when the base changes', () => {
    const world = new World();
    const parms = reachable(world).parms;
    world.random = 0;
    expect(parms.reachableTime(300 * S)).toBe(30 * S);
    expect(parms.reachableTime(300 * S + 1)).toBe(15 * S);
    world.random = 29_999;
    expect(parms.reachableTime(600 * S)).toBe(15 * S);
    world.sysctl.base_reachable_time_ms = 10_000;
    expect(parms.reachableTime(600 * S)).toBe(14_999_000);
    world.sysctl.base_reachable_time_ms = 0;
    expect(parms.reachableTime(600 * S)).toBe(0);
  });

  it('of 0, with a delay of 0, does not stop the clock', () => {
    const world = new World({ base_reachable_time_ms: 0, delay_first_probe_time: 0 });
    reachable(world);
    world.wait(10_000);
    expect(world.take()).toEqual([
      '0 10.0.0.2 REACHABLE > DELAY',
      '10 10.0.0.2 DELAY > PROBE',
      '10 ask 10.0.0.2 unicast 20000000001',
    ]);
  });

  it('of 0 is over at once', () => {
    const world = new World({ base_reachable_time_ms: 0 });
    const entry = world.ensure(ip(2));
    world.wait(10 * S);
    world.table.update(world.now, entry, MAC, NUD_REACHABLE, 0);
    world.wait(0);
    expect(world.take().slice(1)).toEqual(['10000 10.0.0.2 REACHABLE > STALE']);
  });
});

describe('another address', () => {
  it.each([
    ['REACHABLE', NUD_REACHABLE],
    ['STALE', NUD_STALE],
    ['DELAY', NUD_DELAY],
    ['PROBE', NUD_PROBE],
  ])('in %s drops the ready header and the proof', (_, state) => {
    const world = new World();
    world.wait(1000 * S);
    const entry = world.entryIn(NUD_STALE);
    if (state !== NUD_STALE) world.table.update(world.now, entry, MAC, state, 0x81);
    entry.hh = {};
    world.table.update(world.now, entry, MAC, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE);
    expect([entry.state, entry.hh]).toEqual([state, {}]);
    world.table.update(world.now, entry, OTHER_MAC, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE);
    expect([entry.state, entry.hh, entry.lladdr]).toEqual([NUD_STALE, undefined, OTHER_MAC]);
    expect(entry.confirmed).toBe(940 * S);
    expect(world.timers.pending).toBe(0);
  });
});

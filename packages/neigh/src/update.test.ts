import { describe, expect, it } from 'vitest';
import { ETH0, ip, MAC, OTHER_MAC, TUN, World } from './fixture.ts';
import {
  NEIGH_UPDATE_F_ADMIN as ADMIN,
  NUD_DELAY as DELAY,
  NEIGH_UPDATE_F_EXT_LEARNED as EXT_LEARNED,
  NUD_FAILED as FAILED,
  formatState,
  NUD_INCOMPLETE as INCOMPLETE,
  NEIGH_UPDATE_F_ISROUTER as ISROUTER,
  NUD_NOARP as NOARP,
  NUD_NONE as NONE,
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NEIGH_UPDATE_F_OVERRIDE as OVERRIDE,
  NEIGH_UPDATE_F_OVERRIDE_ISROUTER as OVERRIDE_ISROUTER,
  NUD_PERMANENT as PERMANENT,
  NUD_PROBE as PROBE,
  NUD_REACHABLE as REACHABLE,
  NUD_STALE as STALE,
  NEIGH_UPDATE_F_WEAK_OVERRIDE as WEAK,
} from './index.ts';

/** An entry in any state, with MAC where the state has an address. */
function entryIn(world: World, state: number) {
  const entry = world.ensure(ip(2));
  if (state === INCOMPLETE) world.table.use(world.now, entry);
  else if (state !== NONE) world.table.update(world.now, entry, MAC, state, ADMIN | OVERRIDE);
  world.take();
  return entry;
}

const NO = -1;

describe('news of a neighbour', () => {
  it.each([
    // old, lladdr, new, flags, answer, then, lladdr then
    // RFC 4861 §7.2.5, no address known: what comes is taken.
    [NONE, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [NONE, MAC, STALE, 0, undefined, STALE, MAC],
    [INCOMPLETE, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [INCOMPLETE, MAC, STALE, 0, undefined, STALE, MAC],
    [FAILED, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [FAILED, MAC, STALE, 0, undefined, STALE, MAC],
    [INCOMPLETE, NO, REACHABLE, 0, 'EINVAL', INCOMPLETE, 0],
    // The address that is known: an answer proves it, a request changes nothing.
    [STALE, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [DELAY, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [PROBE, MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [REACHABLE, MAC, STALE, OVERRIDE, undefined, REACHABLE, MAC],
    [DELAY, MAC, STALE, OVERRIDE, undefined, DELAY, MAC],
    [PROBE, MAC, STALE, OVERRIDE, undefined, PROBE, MAC],
    [PROBE, NO, REACHABLE, 0, undefined, REACHABLE, MAC],
    // Another one: taken with OVERRIDE.
    [REACHABLE, OTHER_MAC, REACHABLE, OVERRIDE, undefined, REACHABLE, OTHER_MAC],
    [REACHABLE, OTHER_MAC, STALE, OVERRIDE, undefined, STALE, OTHER_MAC],
    [DELAY, OTHER_MAC, STALE, OVERRIDE, undefined, STALE, OTHER_MAC],
    [PROBE, OTHER_MAC, STALE, OVERRIDE, undefined, STALE, OTHER_MAC],
    [STALE, OTHER_MAC, REACHABLE, OVERRIDE, undefined, REACHABLE, OTHER_MAC],
    // Without OVERRIDE: ignored; with WEAK_OVERRIDE a connected entry is doubted.
    [REACHABLE, OTHER_MAC, REACHABLE, 0, undefined, REACHABLE, MAC],
    [STALE, OTHER_MAC, REACHABLE, 0, undefined, STALE, MAC],
    [REACHABLE, OTHER_MAC, REACHABLE, WEAK, undefined, STALE, MAC],
    [PROBE, OTHER_MAC, REACHABLE, WEAK, undefined, PROBE, MAC],
    // What was set by hand is changed by hand.
    [PERMANENT, OTHER_MAC, REACHABLE, OVERRIDE, 'EPERM', PERMANENT, MAC],
    [NOARP, OTHER_MAC, STALE, OVERRIDE, 'EPERM', NOARP, MAC],
    [PERMANENT, OTHER_MAC, STALE, ADMIN | OVERRIDE, undefined, STALE, OTHER_MAC],
    [REACHABLE, MAC, STALE, ADMIN | OVERRIDE, undefined, STALE, MAC],
    [STALE, OTHER_MAC, PERMANENT, ADMIN, undefined, STALE, MAC],
    [STALE, NO, PERMANENT, ADMIN, undefined, PERMANENT, MAC],
    [REACHABLE, NO, FAILED, ADMIN, undefined, FAILED, MAC],
    [REACHABLE, NO, NONE, ADMIN, undefined, NONE, MAC],
    // Only ways that the table has.
    [REACHABLE, NO, FAILED, 0, 'EINVAL', REACHABLE, MAC],
    [STALE, MAC, PROBE, OVERRIDE, 'EINVAL', STALE, MAC],
    [STALE, MAC, INCOMPLETE, ADMIN, 'EINVAL', STALE, MAC],
    [STALE, MAC, REACHABLE | STALE, ADMIN, 'EINVAL', STALE, MAC],
    [INCOMPLETE, NO, FAILED, 0, undefined, FAILED, 0],
    [PROBE, NO, FAILED, 0, undefined, FAILED, MAC],
  ])('in %i, from %i with state %i and flags %i', (old, lladdr, state, flags, answer, then, address) => {
    const world = new World();
    const entry = entryIn(world, old);
    expect(world.table.update(world.now, entry, lladdr, state, flags)).toBe(answer);
    expect([formatState(entry.state), entry.lladdr]).toEqual([formatState(then), address]);
  });

  it('does not start the lock time anew by saying what is known', () => {
    const world = new World();
    const entry = entryIn(world, STALE);
    world.wait(500);
    world.table.update(world.now, entry, MAC, STALE, OVERRIDE);
    expect(entry.updated).toBe(0);
    world.table.update(world.now, entry, OTHER_MAC, STALE, 0); // refused
    expect(entry.updated).toBe(0);
    world.table.update(world.now, entry, MAC, REACHABLE, 0);
    expect(entry.updated).toBe(500);
    world.table.update(world.wait(500).now, entry, OTHER_MAC, REACHABLE, OVERRIDE);
    expect(entry.updated).toBe(1000);
  });

  it('is a proof even where its address is refused', () => {
    const world = new World();
    const entry = entryIn(world, STALE);
    world.table.update(world.wait(500).now, entry, OTHER_MAC, REACHABLE, 0);
    expect(entry.confirmed).toBe(500);
    world.table.update(world.wait(500).now, entry, MAC, STALE, OVERRIDE);
    expect(entry.confirmed).toBe(500);
  });

  it('by hand that it is to be probed begins with the first probe', () => {
    const world = new World();
    world.send(ip(2));
    const entry = world.ensure(ip(2));
    world.table.update(0, entry, MAC, PERMANENT, ADMIN);
    world.table.update(0, entry, MAC, PROBE, ADMIN);
    world.take();
    world.wait(10_000_000);
    expect(world.take()).toEqual([
      '0 ask 10.0.0.2 unicast 20000000001',
      '1000 ask 10.0.0.2 unicast 20000000001',
      '2000 ask 10.0.0.2 unicast 20000000001',
      '3000 10.0.0.2 PROBE > FAILED',
    ]);
  });

  it('by hand that a neighbour failed makes what waits unreachable', () => {
    const world = new World();
    world.send(ip(2));
    world.take();
    world.table.update(0, world.ensure(ip(2)), -1, FAILED, ADMIN);
    expect(world.take()).toEqual([
      '0 10.0.0.2 INCOMPLETE > FAILED',
      '0 unreachable 1',
      '0 drop 1 NEIGH_FAILED',
    ]);
    expect(world.timers.pending).toBe(0);
  });

  it('by hand that nothing is known drops what waits: no timer would ever look after it', () => {
    const world = new World();
    world.send(ip(2));
    world.take();
    world.table.update(0, world.ensure(ip(2)), -1, NONE, ADMIN);
    expect(world.take()).toEqual(['0 10.0.0.2 INCOMPLETE > NONE', '0 drop 1 QUEUE_PURGE']);
  });

  it('tells whether it is a router', () => {
    const world = new World();
    const entry = entryIn(world, STALE);
    world.table.update(0, entry, MAC, STALE, OVERRIDE | ISROUTER);
    expect(entry.flags).toBe(0);
    world.table.update(0, entry, MAC, STALE, OVERRIDE_ISROUTER | ISROUTER);
    expect(entry.flags).toBe(NTF_ROUTER);
    world.table.update(0, entry, OTHER_MAC, STALE, OVERRIDE_ISROUTER); // refused, and this with it
    expect(entry.flags).toBe(NTF_ROUTER);
    world.table.update(0, entry, MAC, STALE, OVERRIDE_ISROUTER);
    expect(entry.flags).toBe(0);
    expect(world.take()).toEqual(['0 10.0.0.2 STALE > STALE', '0 10.0.0.2 STALE > STALE']);
  });

  it('tells by hand whether a daemon learned it', () => {
    const world = new World();
    const entry = entryIn(world, STALE);
    world.table.update(0, entry, MAC, STALE, EXT_LEARNED);
    expect(entry.flags).toBe(0);
    world.table.update(0, entry, MAC, STALE, ADMIN | EXT_LEARNED);
    expect([entry.flags, entry.collectible]).toEqual([NTF_EXT_LEARNED, false]);
    world.table.update(0, entry, MAC, STALE, ADMIN);
    expect([entry.flags, entry.collectible]).toEqual([0, true]);
  });
});

describe('an address that needs no asking', () => {
  it.each([
    ['of a group', 0xe000_0001, ETH0, 0x0100_5e00_0000],
    ['on a device without ARP', ip(9), TUN, 0],
  ])('%s is sent to at once', (_, address, device, lladdr) => {
    const world = new World();
    const entry = world.ensure(address, device);
    expect([entry.state, entry.lladdr, entry.collectible]).toEqual([NOARP, lladdr, true]);
    world.table.output(0, entry, world.packet());
    expect(world.take().slice(1)).toEqual([`0 send 1 to ${lladdr.toString(16)}`]);
  });

  it('is kept under the key that the port gives', () => {
    const world = new World({}, { key: (device, address) => (device.noarp ? 0 : address) });
    expect(world.ensure(ip(1), TUN)).toBe(world.ensure(ip(2), TUN));
    expect(world.table.find(TUN, ip(3))?.address).toBe(0);
    expect(world.ensure(ip(1))).not.toBe(world.ensure(ip(2)));
  });
});

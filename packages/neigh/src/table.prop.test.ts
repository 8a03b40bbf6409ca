/** Whatever happens, in any order: packets, answers, requests, proofs, people, devices and time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, ETH0, ETH1, ip, MAC, OTHER_MAC, World } from './fixture.ts';
import { isEdge, NUD_IN_TIMER, NUD_INCOMPLETE, NUD_PERMANENT, NUD_REACHABLE, NUD_STALE } from './index.ts';

type Step =
  | { kind: 'send'; address: number; truesize: number }
  | { kind: 'hear'; address: number; lladdr: number; state: number; flags: number }
  | { kind: 'asked'; address: number; lladdr: number }
  | { kind: 'confirm' | 'delete' | 'use'; address: number }
  | { kind: 'set'; address: number; lladdr: number; state: number }
  | { kind: 'proxy' }
  | { kind: 'down' | 'carrier' | 'address' | 'flush' | 'thresh' }
  | { kind: 'wait'; duration: number };

const address = fc.integer({ min: 1, max: 8 }).map(ip);
const lladdr = fc.constantFrom(MAC, OTHER_MAC);
const state = fc.constantFrom(NUD_REACHABLE, NUD_STALE);
const anyState = fc.oneof(
  fc.nat(8).map((bit) => (1 << bit) & 0xff),
  fc.nat(255),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('send'), address, truesize: fc.integer({ min: 1, max: 1500 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('hear'), address, lladdr, state, flags: fc.nat(7) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('asked'), address, lladdr }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('confirm', 'delete', 'use'), address }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('set'), address, lladdr, state: anyState }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('down', 'carrier', 'address', 'flush', 'thresh', 'proxy') }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait'),
      duration: fc.oneof(fc.nat(2_000_000), fc.nat(40_000_000), fc.constantFrom(1_000_000, 5_000_000)),
    }),
  },
) as fc.Arbitrary<Step>;

const LIMIT = 3000;

/** A small world that checks every change it is told of. Whatever is unreachable makes its source send an error, at times to the same. */
function watched(byHand: { now: boolean }): World {
  const world = new World(
    {
      unres_qlen_bytes: LIMIT,
      gc_thresh1: 3,
      gc_thresh2: 4,
      gc_thresh3: 6,
      proxy_qlen: 1,
      delay_first_probe_time: 2,
    },
    {
      notify: (_, entry, old) => {
        if (entry.dead || byHand.now || entry.state === old) return;
        if (!isEdge(old, entry.state)) throw new Error(`${old} > ${entry.state}`);
      },
    },
  );
  let seed = 7;
  world.onUnreachable = (entry) => {
    seed = (seed * 48_271) % 2_147_483_647;
    if (seed % 4 === 0) sendIfPossible(world, ip(1 + (seed % 8)), 500);
    if (seed % 7 === 0) sendIfPossible(world, entry.address, 500);
  };
  return world;
}

function sendIfPossible(world: World, to: number, truesize: number): void {
  const entry = world.table.ensure(world.now, ETH0, to);
  if (entry !== 'ENOBUFS') world.table.output(world.now, entry as Entry, world.packet(truesize));
}

function run(world: World, one: Step, byHand: { now: boolean }): void {
  byHand.now = ['delete', 'set', 'flush', 'down', 'carrier', 'address'].includes(one.kind);
  act(world, one);
  byHand.now = false;
}

function act(world: World, one: Step): unknown {
  const { table, now } = world;
  const entry = 'address' in one ? table.find(ETH0, one.address) : undefined;
  switch (one.kind) {
    case 'send':
      return sendIfPossible(world, one.address, one.truesize);
    case 'hear':
      return entry && table.update(now, entry, one.lladdr, one.state, one.flags);
    case 'asked':
      return table.eventNs(now, ETH0, one.address, one.lladdr);
    case 'confirm':
      return entry && table.confirm(now, entry);
    case 'use':
      return entry && table.use(now, entry);
    case 'delete':
      return table.delete(now, ETH0, one.address);
    case 'set':
      return table.replace(now, { ...one, device: ETH0 });
    case 'proxy':
      return table.proxyEnqueue(now, world.packet(), ETH0);
    case 'down':
      return table.deviceDown(now, ETH0);
    case 'carrier':
      return table.carrierDown(now, ETH0);
    case 'address':
      return table.changeAddress(now, ETH0);
    case 'flush':
      return table.flush(now);
    case 'thresh':
      return table.threshChanged(now);
    case 'wait':
      return world.wait(one.duration);
  }
}

/** What holds between any two steps. */
function check(world: World): void {
  const { table } = world;
  const entries = table.list();
  let collectible = 0;
  let waiting = 0;
  for (const entry of entries) {
    let bytes = 0;
    let packets = 0;
    for (let skb = entry.queue.first; skb !== undefined; skb = skb.next) {
      bytes += skb.truesize;
      packets++;
      expect(skb.fates).toEqual([]);
    }
    waiting += packets;
    expect(entry.queue.bytes).toBe(bytes);
    expect(bytes <= LIMIT || packets === 1).toBe(true);
    expect(packets === 0 || entry.state === NUD_INCOMPLETE).toBe(true);
    expect(entry.timer?.pending === true).toBe((entry.state & NUD_IN_TIMER) !== 0);
    expect(entry.dead).toBe(false);
    expect(table.find(entry.device, entry.address)).toBe(entry);
    expect(entry.collectible).toBe(entry.state !== NUD_PERMANENT);
    if (entry.collectible) collectible++;
  }
  const { stats, gcList } = table;
  expect(gcList.size).toBe(collectible);
  let last: Entry | undefined;
  for (let entry = gcList.first; entry !== undefined; entry = entry.gcNext) {
    expect([entry.collectible, entry.gcPrev]).toEqual([true, last]);
    last = entry;
    collectible--;
  }
  expect([collectible, gcList.last]).toEqual([0, last]);
  // One that was permanent comes back without asking for room.
  expect(stats.allocs - stats.destroys).toBe(entries.length);
  const open = world.packets.filter(({ fates }) => fates.length === 0).length;
  expect(open).toBe(waiting + table.parms(ETH0).proxyQlen);
  for (const { fates } of world.packets) expect(fates.length).toBeLessThanOrEqual(1);
}

describe('the table', () => {
  it('keeps its invariants whatever happens, and gives every packet one end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(0xffff_ffff), (steps, random) => {
        const byHand = { now: false };
        const world = watched(byHand);
        world.random = random;
        for (const one of steps) {
          run(world, one, byHand);
          check(world);
        }
        world.onUnreachable = undefined;
        byHand.now = true;
        world.table.close(world.now);
        expect(world.packets.every(({ fates }) => fates.length === 1)).toBe(true);
        expect([world.table.entries, world.table.gcList.size, world.timers.pending]).toEqual([0, 0, 0]);
      }),
    );
  });

  it('comes to rest when nobody sends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const byHand = { now: false };
        const world = watched(byHand);
        for (const one of steps) run(world, one, byHand);
        world.onUnreachable = undefined;
        world.wait(1_000_000_000);
        expect(world.timers.pending).toBe(0);
        expect(world.packets.every(({ fates }) => fates.length === 1)).toBe(true);
      }),
    );
  });

  it('keeps what devices have in common apart', () => {
    const world = new World();
    world.table.replace(0, { device: ETH0, address: ip(1), lladdr: MAC });
    world.table.replace(0, { device: ETH1, address: ip(1), lladdr: OTHER_MAC });
    expect(world.table.find(ETH0, ip(1))?.lladdr).toBe(MAC);
    expect(world.table.find(ETH1, ip(1))?.lladdr).toBe(OTHER_MAC);
  });
});

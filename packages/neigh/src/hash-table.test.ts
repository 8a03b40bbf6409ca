import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, ETH0, ETH1, ip, World } from './fixture.ts';

describe('the hash table', () => {
  it('doubles when there are as many entries as chains', () => {
    const world = new World({ gc_thresh2: 5000, gc_thresh3: 5000 });
    const grows: number[] = [];
    for (let i = 0; i < 1000; i++) {
      world.ensure(ip(i));
      if (world.table.stats.hash_grows > grows.length) grows.push(i);
    }
    expect(grows).toEqual([8, 16, 32, 64, 128, 256, 512]);
    for (let i = 0; i < 1000; i++) expect(world.table.find(ETH0, ip(i))?.address).toBe(ip(i));
  });

  it.each([0, 1, 15_000, 0xffff_ffff])(
    'spreads consecutive addresses, whatever random gives: %i',
    (random) => {
      const world = new World({ gc_thresh2: 5000, gc_thresh3: 5000 });
      world.random = random;
      for (let i = 0; i < 1000; i++) world.ensure(ip(i));
      let longest = 0;
      for (const first of world.table.list()) {
        let length = 0;
        for (let entry: Entry | undefined = first; entry !== undefined; entry = entry.next) length++;
        longest = Math.max(longest, length);
      }
      expect(longest).toBeLessThan(5);
    },
  );

  it('finds what a map would', () => {
    const command = fc.record({
      remove: fc.boolean(),
      address: fc.nat(40),
      device: fc.constantFrom(ETH0, ETH1),
      random: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const world = new World();
        const model = new Map<string, unknown>();
        for (const { remove, address, device, random } of commands) {
          world.random = random;
          const key = `${device.name} ${address}`;
          if (remove) {
            expect(world.table.delete(0, device, ip(address))).toBe(model.delete(key) ? undefined : 'ENOENT');
          } else {
            const entry = world.ensure(ip(address), device);
            expect(model.get(key) ?? entry).toBe(entry);
            model.set(key, entry);
          }
          expect(world.table.entries).toBe(model.size);
        }
        expect(new Set(world.table.list())).toEqual(new Set(model.values()));
      }),
    );
  });
});

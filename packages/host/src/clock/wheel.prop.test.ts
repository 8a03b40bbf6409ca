import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Wheel, WheelEntry } from './wheel.ts';

/** The simplest wheel: a list, sorted by time and then by insertion. */
class Model {
  entries: { id: number; time: number; order: number }[] = [];
  order = 0;

  add(id: number, time: number): void {
    this.entries.push({ id, time, order: this.order++ });
  }

  remove(id: number): void {
    this.entries = this.entries.filter((entry) => entry.id !== id);
  }

  expire(time: number): number[] {
    this.entries.sort((a, b) => a.time - b.time || a.order - b.order);
    const due = this.entries.filter((entry) => entry.time <= time);
    this.entries = this.entries.filter((entry) => entry.time > time);
    return due.map(({ id }) => id);
  }

  next(): number {
    return Math.min(...this.entries.map(({ time }) => time), Number.POSITIVE_INFINITY);
  }
}

class Entry extends WheelEntry {
  readonly id: number;

  constructor(id: number) {
    super();
    this.id = id;
  }
}

/** Where levels meet. */
const POWERS = Array.from({ length: 9 }).reduce<number[]>(
  (list) => [...list, (list.at(-1) as number) * 64],
  [1],
);

/** Distances on every level of the wheel, and close to where levels meet. */
const distance = fc.oneof(
  fc.nat(3),
  fc.nat(200),
  fc.nat(100_000),
  fc.nat(2_000_000_000),
  fc.integer({ min: 0, max: 2 ** 52 }),
  fc
    .tuple(fc.nat(8), fc.integer({ min: -2, max: 2 }))
    .map(([level, off]) => Math.max(0, (POWERS[level] as number) + off)),
);

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom('add', 'add', 'add', 'remove', 'expire', 'past'),
    id: fc.nat(30),
    distance,
  }),
  { maxLength: 120 },
);

describe('Wheel', () => {
  it('does what a sorted list does, from any start', () => {
    fc.assert(
      fc.property(operations, distance, (steps, start) => {
        const wheel = new Wheel<Entry>(start);
        const model = new Model();
        const entries = Array.from({ length: 31 }, (_, id) => new Entry(id));
        for (const { kind, id, distance: d } of steps) {
          const entry = entries[id] as Entry;
          if (kind === 'expire') {
            const time = Math.min(wheel.base + d, Number.MAX_SAFE_INTEGER);
            wheel.expire(time);
            const fired: number[] = [];
            for (let e = wheel.shift(); e !== undefined; e = wheel.shift()) fired.push(e.id);
            expect(fired).toEqual(model.expire(time));
            expect(wheel.base).toBe(time);
          } else {
            if (entry.slot >= 0) {
              wheel.remove(entry);
              model.remove(id);
            }
            if (kind === 'remove') continue;
            const time = kind === 'past' ? wheel.base - d : wheel.base + d;
            entry.expires = Math.min(time, Number.MAX_SAFE_INTEGER);
            wheel.add(entry);
            model.add(id, Math.max(entry.expires, wheel.base));
          }
          expect(wheel.count).toBe(model.entries.length);
          expect(Math.max(wheel.next(), wheel.base)).toBe(model.next());
        }
      }),
    );
  });

  it('may say too early, never too late, when many lie far away together', () => {
    const wheel = new Wheel<Entry>();
    for (let id = 0; id < 1000; id++) {
      const entry = new Entry(id);
      entry.expires = 5_000_000 + id;
      wheel.add(entry);
    }
    expect(wheel.next()).toBeLessThan(5_000_000); // what it says when it does not look at all of them
    expect(wheel.next()).toBeGreaterThan(0);
    wheel.expire(5_000_499);
    let fired = 0;
    for (let entry = wheel.shift(); entry !== undefined; entry = wheel.shift()) {
      expect(entry.id).toBe(fired++);
    }
    expect(fired).toBe(500);
    expect(wheel.next()).toBe(5_000_500);
  });

  it('lets an expired entry be removed before it is taken out, and keeps what is left of them', () => {
    const wheel = new Wheel<Entry>();
    const entries = [7, 7, 8].map((time, id) => {
      const entry = new Entry(id);
      entry.expires = time;
      wheel.add(entry);
      return entry;
    });
    wheel.expire(7);
    wheel.remove(entries[0] as Entry);
    expect(wheel.count).toBe(2);
    expect(wheel.hasExpired).toBe(true);
    expect(wheel.next()).toBe(7);
    wheel.expire(8);
    expect(wheel.shift()).toBe(entries[1]);
    expect(wheel.shift()).toBe(entries[2]);
    expect(wheel.shift()).toBeUndefined();
    expect(wheel.next()).toBe(Number.POSITIVE_INFINITY);
  });
});

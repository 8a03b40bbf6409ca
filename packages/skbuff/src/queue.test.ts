import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alloc, Pool, type SkBuff, SkbQueue } from './index.ts';

/** The queue's packets by `mark`, read forwards; the links backwards must say the same. */
function marks(queue: SkbQueue): number[] {
  const forwards: number[] = [];
  for (let skb = queue.first; skb !== undefined; skb = skb.next) forwards.push(skb.mark);
  const backwards: number[] = [];
  for (let skb = queue.last; skb !== undefined; skb = skb.prev) backwards.unshift(skb.mark);
  expect(backwards).toEqual(forwards);
  expect(queue.qlen).toBe(forwards.length);
  return forwards;
}

function marked(mark: number): SkBuff {
  const skb = alloc(0);
  skb.mark = mark;
  return skb;
}

describe('SkbQueue', () => {
  it('gives packets in the order they were pushed', () => {
    const queue = new SkbQueue();
    expect(queue.shift()).toBeUndefined();
    const [a, b] = [marked(1), marked(2)];
    queue.push(a);
    queue.push(b);
    expect(marks(queue)).toEqual([1, 2]);
    expect(queue.shift()).toBe(a);
    expect([a.next, a.prev]).toEqual([undefined, undefined]);
    expect(queue.shift()).toBe(b);
    expect([queue.first, queue.last, queue.qlen]).toEqual([undefined, undefined, 0]);
  });

  it('agrees with an array under any sequence of operations', () => {
    const step = fc.tuple(
      fc.constantFrom('push', 'unshift', 'after', 'before', 'remove', 'shift'),
      fc.nat(20),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new SkbQueue();
        const model: SkBuff[] = [];
        steps.forEach(([kind, n], mark) => {
          const at = model.length === 0 ? 0 : n % model.length;
          const there = model[at];
          if (kind === 'shift') expect(queue.shift()).toBe(model.shift());
          else if (kind === 'remove') {
            if (there === undefined) return;
            queue.remove(there);
            model.splice(at, 1);
          } else if (kind === 'push' || there === undefined) {
            model.push(marked(mark));
            queue.push(model.at(-1) as SkBuff);
          } else {
            const skb = marked(mark);
            const place = kind === 'unshift' ? 0 : kind === 'before' ? at : at + 1;
            if (kind === 'unshift') queue.unshift(skb);
            else if (kind === 'before') queue.insertBefore(there, skb);
            else queue.insertAfter(there, skb);
            model.splice(place, 0, skb);
          }
          expect(marks(queue)).toEqual(model.map(({ mark: m }) => m));
        });
      }),
    );
  });

  it('frees all it holds', () => {
    const pool = new Pool({ poison: true });
    const queue = new SkbQueue();
    for (let i = 0; i < 3; i++) queue.push(pool.alloc(10) as SkBuff);
    queue.purge();
    expect(marks(queue)).toEqual([]);
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0 });
  });

  it('refuses to take out a packet that is in no queue, and keeps what it has', () => {
    const queue = new SkbQueue();
    queue.push(marked(1));
    expect(() => queue.remove(marked(2))).toThrow(RangeError);
    expect(marks(queue)).toEqual([1]);
    const gone = queue.shift() as SkBuff;
    expect(() => queue.remove(gone)).toThrow(RangeError);
    expect(marks(queue)).toEqual([]);
  });
});

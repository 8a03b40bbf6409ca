import { Pool, type SkBuff } from '@stack/skbuff';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CB_END_SEQ, CB_SEQ, seqOf } from './cb.ts';
import { RtxQueue } from './rtx-queue.ts';

const pool = new Pool();

function packet(seq: number, end: number): SkBuff {
  const skb = pool.alloc(0) as SkBuff;
  skb.cb[CB_SEQ] = seq;
  skb.cb[CB_END_SEQ] = end;
  return skb;
}

describe('the retransmit queue', () => {
  it('finds what holds a number as a walk from the first would, whatever was put in, cut and taken out', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(
          fc.record({ what: fc.integer({ min: 0, max: 9 }), n: fc.nat(10_000) }, { noNullPrototype: true }),
          {
            maxLength: 200,
          },
        ),
        (isn, steps) => {
          const queue = new RtxQueue();
          const model: SkBuff[] = [];
          let next = isn | 0;
          for (const { n, what } of steps) {
            const at = model.length === 0 ? 0 : n % model.length;
            const skb = model[at];
            if (what < 5 || skb === undefined) {
              const fresh = packet(next, (next + 10) | 0);
              next = (next + 10) | 0;
              queue.push(fresh);
              model.push(fresh);
            } else if (what < 7) {
              const first = model.shift() as SkBuff;
              queue.remove(first);
              first.free();
            } else if (what === 7) {
              queue.remove(skb);
              model.splice(at, 1);
              skb.free();
            } else {
              const cut = (seqOf(skb) + 5) | 0;
              if (((skb.cb[CB_END_SEQ] as number) - cut) | 0) {
                const rest = packet(cut, skb.cb[CB_END_SEQ] as number);
                skb.cb[CB_END_SEQ] = cut;
                if (what === 8) queue.insertAfter(skb, rest);
                else if (at + 1 < model.length) queue.insertBefore(model[at + 1] as SkBuff, rest);
                else queue.push(rest);
                model.splice(at + 1, 0, rest);
              }
            }
            const wanted = (isn + (n % 2000)) | 0;
            let found = model[0];
            for (const one of model) if (((seqOf(one) - wanted) | 0) <= 0) found = one;
            expect(queue.find(wanted)).toBe(found);
            expect(queue.first).toBe(model[0]);
            expect(queue.qlen).toBe(model.length);
          }
          queue.purge();
          expect(queue.find(isn)).toBeUndefined();
        },
      ),
    );
    expect(pool.stats.skbs).toBe(0);
  });

  it('refuses to take out what is not in it, and can put in front', () => {
    const queue = new RtxQueue();
    const other = packet(7, 8);
    queue.push(packet(10, 20));
    queue.push(packet(20, 30));
    expect(() => queue.remove(other)).toThrow(RangeError);
    queue.unshift(other);
    expect(queue.find(15)).toBe(other.next);
    expect(queue.find(8)).toBe(other);
    queue.purge();
  });

  it('forgets the places of thousands that were acknowledged', () => {
    const queue = new RtxQueue();
    for (let i = 0; i < 20_000; i++) {
      queue.push(packet(i, i + 1));
      if (i >= 100) queue.shift()?.free();
    }
    expect(queue.find(19_950)?.cb[CB_SEQ]).toBe(19_950);
    queue.purge();
  });
});

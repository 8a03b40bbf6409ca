/** What every discipline owes, alone and under a transmit queue: nothing is lost but what is told, nothing stands still. */
import type { SkBuff } from '@stack/skbuff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQdisc, type QdiscKind, type QdiscOptions } from './create.ts';
import { bench, cutTest, idOf, TestTimers } from './fixture.ts';
import { pktLen } from './packet.ts';
import { BUSY, OK } from './ports.ts';
import type { Qdisc } from './qdisc.ts';
import { TxQueue } from './tx-queue.ts';

/** Each kind with options that make it work hard, and whether a flow keeps its order. */
const KINDS: [string, QdiscKind, QdiscOptions[QdiscKind], boolean][] = [
  ['pfifo', 'pfifo', { limit: 8 }, true],
  ['bfifo', 'bfifo', { limit: 3000 }, true],
  ['pfifo_fast', 'pfifo_fast', {}, true],
  ['fq', 'fq', { limit: 12, flowLimit: 5, buckets: 1, quantum: 300, horizon: 900 }, false],
  ['fq at a rate', 'fq', { maxrate: 3_000_000, orphanMask: 1, quantum: 100, horizonDrop: false }, false],
  ['netem', 'netem', { delay: 300, jitter: 200, loss: 0.1, reorder: 0.1, limit: 10, seed: 1 }, false],
  ['netem at a rate', 'netem', { delay: 30, rate: 7_654_321, limit: 10, seed: 2 }, true],
  // A packet that is damaged where its number is may pass for another.
  ['netem that damages', 'netem', { delay: 30, rate: 7_654_321, limit: 10, corrupt: 0.2, seed: 2 }, false],
  ['netem that doubles', 'netem', { duplicate: 0.3, delay: 50, limit: 10, seed: 3 }, true],
  ['netem in slots', 'netem', { slot: { minDelay: 100, maxDelay: 300, packets: 3 }, seed: 4 }, true],
  ['tbf', 'tbf', { rate: 7_000_001, burst: 1600, limit: 5000 }, true],
  [
    'tbf with a peak',
    'tbf',
    { rate: 5_000_000, burst: 4000, limit: 5000, peakrate: 9_999_999, mtu: 1600 },
    true,
  ],
];

type Step =
  | { do: 'enqueue'; length: number; flow: number; priority: number; ahead: number }
  | { do: 'dequeue' }
  | { do: 'wait'; time: number }
  | { do: 'busy'; room: number }
  | { do: 'reset' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      length: fc.integer({ min: 14, max: 1500 }),
      flow: fc.nat(5),
      priority: fc.constantFrom(0, 0, 0, 2, 6, 7),
      ahead: fc.constantFrom(0, 0, 0, 10, 200, 1000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'dequeue' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.nat(500) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('busy' as const), room: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reset' as const }) },
);

/** Books of packets that went in and what is known of them. */
function books(): {
  b: ReturnType<typeof bench>;
  make(now: number, step: Extract<Step, { do: 'enqueue' }>): SkBuff;
  out(skb: SkBuff, ordered: boolean): void;
  seen: { in: number; out: number };
} {
  const b = bench({ txQueueLen: 6, segment: cutTest, random: () => 9 });
  const flows = Array.from({ length: 6 }, (_, n) => ({ n }));
  const packets: { flow: number; priority: number; tstamp: number }[] = [];
  const last = new Map<string, number>();
  const seen = { in: 0, out: 0 };
  return {
    b,
    seen,
    make(now, { length, flow, priority, ahead }) {
      const id = packets.length;
      const tstamp = ahead === 0 ? 0 : now + ahead;
      packets.push({ flow, priority, tstamp });
      seen.in++;
      return b.packet(
        id,
        length,
        flow < 3 ? { sk: flows[flow], priority, tstamp } : { hash: flow, priority, tstamp },
      );
    },
    out(skb, ordered) {
      const id = idOf(skb);
      const packet = packets[id];
      seen.out++;
      skb.free();
      if (!ordered || packet === undefined) return;
      const key = `${packet.flow} ${packet.priority}`;
      expect(id).toBeGreaterThanOrEqual(last.get(key) ?? -1);
      last.set(key, id);
    },
  };
}

describe.each(KINDS)('%s', (name, kind, options, ordered) => {
  const steps = fc.array(step, { maxLength: 80, size: 'max' });
  const make = (ports: ReturnType<typeof bench>['ports']): Qdisc => createQdisc(kind, ports, options);

  it('in = out + dropped + queued, and what waits has a time', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { b, make: packet, out } = books();
        const q = make(b.ports);
        let now = 0;
        for (const s of list) {
          if (s.do === 'enqueue') q.enqueue(now, packet(now, s));
          else if (s.do === 'wait') now += s.time;
          else if (s.do === 'reset') q.reset();
          else {
            const skb = q.dequeue(now);
            if (skb !== undefined) out(skb, ordered);
            else if (q.qlen > 0) expect(q.nextTime(now)).toBeGreaterThan(now);
          }
          // Whatever left was freed: what is out of the pool is what is in the queue.
          expect(b.pool.stats.skbs).toBe(q.qlen);
          expect(q.qlen === 0).toBe(q.backlog === 0);
        }
        // All of it comes out, each time something when it was promised.
        while (q.qlen > 0) {
          let skb = q.dequeue(now);
          if (skb === undefined) {
            now = q.nextTime(now) as number;
            skb = q.dequeue(now);
            expect(skb !== undefined || (q.nextTime(now) ?? 0) > now).toBe(true);
          }
          if (skb !== undefined) out(skb, ordered);
        }
        expect(q.stats.backlog).toBe(0);
        b.rest();
      }),
    );
  });

  it('counts what left and what was dropped', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { b, make: packet } = books();
        const q = make(b.ports);
        let now = 0;
        let packets = 0;
        let bytes = 0;
        for (const s of list) {
          if (s.do === 'enqueue') q.enqueue(now, packet(now, s));
          else if (s.do === 'wait') now += s.time;
          else {
            const skb = q.dequeue(now);
            if (skb === undefined) continue;
            packets++;
            bytes += pktLen(skb);
            skb.free();
          }
        }
        const dropped = b.drops.filter(([, reason]) => reason !== 'QUEUE_PURGE').length;
        expect(q.stats).toMatchObject({ packets, bytes, drops: dropped });
        q.reset();
        expect(q.stats).toMatchObject({ packets, bytes, drops: dropped, qlen: 0, backlog: 0 });
        b.rest();
      }),
    );
  });

  it('does the same with the same calls', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const once = (): unknown[] => {
          const { b, make: packet } = books();
          const q = make(b.ports);
          const log: unknown[] = [];
          let now = 0;
          for (const s of list) {
            if (s.do === 'enqueue') log.push(q.enqueue(now, packet(now, s)));
            else if (s.do === 'wait') now += s.time;
            else {
              const skb = q.dequeue(now);
              log.push(skb === undefined ? q.nextTime(now) : skb.toBytes());
              skb?.free();
            }
          }
          q.reset();
          return [log, b.drops, q.dump()];
        };
        expect(once()).toEqual(once());
      }),
      { numRuns: 30 },
    );
  });

  it('under a transmit queue and a device that is busy at will', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (list, bql) => {
        const { b, make: packet, out } = books();
        const timers = new TestTimers();
        let room = 2;
        let asked = 0;
        const inDevice: SkBuff[] = [];
        const queue = new TxQueue({
          device: {
            xmit(skb) {
              if (room === 0) return BUSY;
              room--;
              inDevice.push(skb);
              return OK;
            },
          },
          qdisc: make(b.ports),
          timers,
          drop: b.ports.drop,
          reschedule: () => void asked++,
          bql,
          weight: 3,
        });
        queue.activate();
        const device = (): void => {
          for (const skb of inDevice.splice(0)) {
            queue.completed(timers.now, 1, skb.len);
            out(skb, ordered);
          }
        };
        const settle = (): void => {
          while (asked > 0) {
            asked--;
            queue.run(timers.now);
          }
        };
        for (const s of list) {
          if (s.do === 'enqueue') queue.xmit(timers.now, packet(timers.now, s));
          else if (s.do === 'wait') timers.advance(timers.now + s.time);
          else if (s.do === 'busy') {
            room = s.room;
            queue.wake();
          } else if (s.do === 'reset') queue.setQdisc(make(b.ports));
          else device();
          settle();
          expect(b.pool.stats.skbs).toBe(queue.qlen + inDevice.length);
        }
        // A device that is free again empties the queue, with nobody else doing anything.
        room = Infinity;
        queue.wake();
        for (let i = 0; queue.qlen > 0 && i < 10_000; i++) {
          settle();
          device();
          if (asked === 0 && queue.qlen > 0) timers.advance(timers.next as number);
        }
        device();
        expect(queue.qlen).toBe(0);
        expect(queue.qdisc.stats).toMatchObject({ qlen: 0, backlog: 0 });
        queue.close(timers.now);
        expect(timers.next).toBe(undefined);
        b.rest();
      }),
    );
  });

  it('prints itself', () => {
    const { ports } = bench();
    expect(make(ports).dump()).toMatch(new RegExp(`^qdisc ${kind} 0: root refcnt 2`));
    expect(name.startsWith(kind)).toBe(true);
  });
});

it('fq never lets a packet go before its time, nor a flow faster than its rate', () => {
  const packets = fc.array(
    fc.tuple(fc.nat(400), fc.nat(3), fc.nat(300), fc.integer({ min: 14, max: 1500 })),
    { maxLength: 60, size: 'max' },
  );
  fc.assert(
    fc.property(packets, fc.boolean(), (list, limited) => {
      const b = bench();
      const flows = [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }];
      const rate = 12_000_000; // 1.5 bytes a µs
      const q = createQdisc('fq', b.ports, limited ? { maxrate: rate } : {});
      const sent: [number, number, number][] = []; // when, flow, bytes
      let now = 1; // a tstamp of 0 is none
      const run = (until: number): void => {
        for (;;) {
          for (let skb = q.dequeue(now); skb !== undefined; skb = q.dequeue(now)) {
            expect(now).toBeGreaterThanOrEqual(skb.tstamp);
            sent.push([now, (skb.sk as { n: number }).n, pktLen(skb)]);
            skb.free();
          }
          const next = q.nextTime(now);
          if (next === undefined || next > until) break;
          expect(next).toBeGreaterThan(now);
          now = next;
        }
        if (until < Infinity) now = until;
      };
      list.forEach(([ahead, flow, pause, length], id) => {
        q.enqueue(now, b.packet(id, length, { sk: flows[flow], tstamp: now + ahead }));
        run(now + pause);
      });
      run(Infinity);
      expect(sent.length).toBe(list.length);
      // At most half of what a packet was late is given back, so two in a row are at least half their distance apart.
      for (let flow = 0; limited && flow < 4; flow++) {
        const own = sent.filter(([, f]) => f === flow);
        own.forEach(([at, , bytes], i) => {
          const next = own[i + 1];
          if (next !== undefined)
            expect((next[0] - at) * 2 + 1).toBeGreaterThanOrEqual(Math.floor(bytes / 1.5));
        });
      }
      b.rest();
    }),
  );
});

describe('createQdisc', () => {
  it('refuses a kind that is none, and options of those that have none', () => {
    const { ports } = bench();
    expect(() => createQdisc('red' as QdiscKind, ports)).toThrow(new RangeError('qdisc: no kind "red"'));
    expect(() => createQdisc('toString' as QdiscKind, ports)).toThrow(RangeError);
    expect(() => createQdisc('pfifo_fast', ports, { limit: 3 } as never)).toThrow(
      'pfifo_fast: no option limit',
    );
    expect(() => createQdisc('noqueue', ports, { limit: 3 } as never)).toThrow('noqueue: no option limit');
    expect(createQdisc('noqueue', ports).kind).toBe('noqueue');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bucket } from './bucket.ts';
import { bench, cutTest, superPacket } from './fixture.ts';
import { pktLen } from './packet.ts';
import { DROP, OK } from './ports.ts';
import { Tbf, type TbfOptions } from './tbf.ts';

describe('tbf', () => {
  it('lets a burst through, then keeps to its rate', () => {
    const b = bench();
    const q = new Tbf(b.ports, { rate: 8_000_000, burst: 250, limit: 10_000 }); // a byte a µs
    for (let id = 0; id < 5; id++) q.enqueue(7, b.packet(id, 100));
    expect(b.drain(7, q)).toEqual([0, 1]);
    expect([q.nextTime(7), q.stats.overlimits]).toEqual([57, 1]);
    expect(b.drain(56, q)).toEqual([]);
    expect(b.drain(57, q)).toEqual([2]);
    expect(q.nextTime(57)).toBe(157);
    expect(b.drain(1000, q)).toEqual([3, 4]);
    expect(q.nextTime(1000)).toBe(undefined);
    b.rest();
  });

  it('keeps to peakrate within a burst', () => {
    const b = bench();
    const q = new Tbf(b.ports, {
      rate: 8_000_000,
      burst: 1000,
      limit: 10_000,
      peakrate: 16_000_000,
      mtu: 200,
    });
    for (let id = 0; id < 5; id++) q.enqueue(0, b.packet(id, 100));
    expect(b.drain(0, q)).toEqual([0, 1]);
    expect(q.nextTime(0)).toBe(50);
    expect(b.drain(50, q)).toEqual([2]);
    q.reset();
    b.rest();
  });

  it('drops what is longer than a burst, and what exceeds the limit of bytes', () => {
    const b = bench();
    const q = new Tbf(b.ports, { rate: 8000, burst: 500, limit: 900 });
    expect([501, 500, 400, 4].map((length, id) => q.enqueue(0, b.packet(id, length)))).toEqual([
      DROP,
      OK,
      OK,
      DROP,
    ]);
    expect(b.drops).toEqual([
      [0, 'QDISC_DROP'],
      [3, 'QDISC_DROP'],
    ]);
    q.reset();
    b.rest();
  });

  it('cuts super-packets that are longer than a burst; their owner hears at the end', () => {
    const b = bench({ segment: cutTest });
    const q = new Tbf(b.ports, { rate: 8_000_000, burst: 600, limit: 10_000 });
    const skb = superPacket(b, 1, 4, 400);
    let heard = 0;
    skb.destructor = () => heard++;
    expect(q.enqueue(0, skb)).toBe(OK);
    expect([q.qlen, q.backlog, heard]).toEqual([4, 4 * 454, 0]);
    expect(b.drain(0, q)).toEqual([1]);
    expect(b.drain(1e6, q)).toEqual([1]);
    expect(b.drain(2e6, q)).toEqual([1]);
    expect(heard).toBe(0);
    expect(b.drain(3e6, q)).toEqual([1]);
    expect(heard).toBe(1);
    q.enqueue(3e6, superPacket(b, 2, 1, 500)); // short enough to pass whole
    expect(q.qlen).toBe(1);
    q.reset();
    b.rest();
  });

  it('drops super-packets that nobody cuts, or whose segments are too long', () => {
    const b = bench();
    const q = new Tbf(b.ports, { rate: 8000, burst: 600 });
    expect(q.enqueue(0, superPacket(b, 1, 4, 400))).toBe(DROP);
    const c = bench({ segment: cutTest });
    const p = new Tbf(c.ports, { rate: 8000, burst: 400, limit: 10_000 });
    expect(p.enqueue(0, superPacket(c, 1, 4, 400))).toBe(DROP);
    expect(c.drops.length).toBe(4);
    b.rest();
    c.rest();
  });

  it('computes its limit from latency, and prints what tc prints', () => {
    const { ports } = bench();
    const q = new Tbf(ports, { rate: 1_000_000, burst: 32_768, latency: 400_000 });
    expect(q.options.limit).toBe(50_000 + 32_768);
    expect(q.dump({ stats: false })).toBe('qdisc tbf 0: root refcnt 2 rate 1Mbit burst 32Kb lat 400ms\n');
    const p = new Tbf(ports, { rate: 1_000_000, burst: 32_768, peakrate: 2_000_000, mtu: 1540 });
    expect(p.options.limit).toBe(12_500 + 1540);
    expect(p.dump({ stats: false })).toContain('peakrate 2Mbit minburst 1540b');
  });

  it('change keeps what is not given; limit and latency replace each other', () => {
    const b = bench();
    const q = new Tbf(b.ports, { rate: 1_000_000, burst: 1000, limit: 5000 });
    q.enqueue(0, b.packet(1));
    q.change(0, { rate: 2_000_000 });
    expect(q.options).toMatchObject({ rate: 2_000_000, burst: 1000, limit: 5000 });
    q.change(0, { latency: 1000 });
    expect(q.options.limit).toBe(1250);
    q.change(0, { rate: 1_000_000 });
    expect(q.options.limit).toBe(1125);
    q.change(0, { limit: 77 });
    expect(q.options.limit).toBe(77);
    expect(() => q.change(0, { burst: 0 })).toThrow(RangeError);
    expect(q.options.burst).toBe(1000);
    expect(b.drain(0, q)).toEqual([1]);
    b.rest();
  });

  it.each([
    [{ rate: 7, burst: 1 }, 'tbf: rate'],
    [{ rate: 1e13, burst: 1 }, 'tbf: rate'],
    [{ rate: 8, burst: 2 ** 31 }, 'tbf: burst'],
    [{ rate: 800, burst: 10, peakrate: 799 }, 'tbf: peakrate'],
    [{ rate: 8, burst: 1, mtu: 0 }, 'tbf: mtu'],
    [{ rate: 8, burst: 1, limit: 1.5 }, 'tbf: limit'],
    [{ rate: 8, burst: 1, latency: 0 }, 'tbf: latency'],
    [{ rate: 8, burst: 1, buffer: 1 } as TbfOptions, 'tbf: no option buffer'],
  ])('%j is refused', (options, message) => {
    expect(() => new Tbf(bench().ports, options)).toThrow(RangeError);
    expect(() => new Tbf(bench().ports, options)).toThrow(message);
  });

  it('names the option that is missing', () => {
    expect(() => new Tbf(bench().ports, { rate: 8 } as TbfOptions)).toThrow(
      new TypeError('tbf: option burst is missing'),
    );
  });
});

describe('laws', () => {
  const rates = fc.oneof(fc.integer({ min: 8, max: 1000 }), fc.integer({ min: 8, max: 1_000_000_000_000 }));

  it('a bucket agrees with exact arithmetic, and wait is the first moment that suffices', () => {
    const steps = fc.array(fc.tuple(fc.nat(2_000_000), fc.nat()), { maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 2 ** 30 }), steps, (rate, full, list) => {
        const bucket = new Bucket(rate, full);
        let model = BigInt(full) * 8_000_000n;
        let now = 5;
        bucket.fill(now);
        for (const [elapsed, draw] of list) {
          now += elapsed;
          bucket.fill(now);
          const brought = model + BigInt(elapsed) * BigInt(rate);
          model = brought > BigInt(full) * 8_000_000n ? BigInt(full) * 8_000_000n : brought;
          const bytes = draw % (full + 1);
          const cost = BigInt(bytes) * 8_000_000n;
          expect(bucket.has(bytes)).toBe(model >= cost);
          const missing = cost - model;
          const wait = missing <= 0n ? 0n : (missing + BigInt(rate) - 1n) / BigInt(rate);
          expect(BigInt(bucket.wait(now, bytes))).toBe(wait);
          if (model < cost) continue;
          bucket.take(bytes);
          model -= cost;
        }
      }),
    );
  });

  it('never lets more than rate × t + burst through, in any interval, and is never idle without need', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 14, max: 1500 }), fc.nat(3000)), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 100_000, max: 1_000_000_000 }),
        fc.integer({ min: 1500, max: 9000 }),
        lengths,
        (rate, burst, list) => {
          const b = bench();
          const q = new Tbf(b.ports, { rate, burst, limit: 1_000_000 });
          const sent: [number, number][] = [];
          let now = 0;
          const run = (until: number): void => {
            for (;;) {
              for (let skb = q.dequeue(now); skb !== undefined; skb = q.dequeue(now)) {
                sent.push([now, pktLen(skb)]);
                skb.free();
              }
              const next = q.nextTime(now);
              if (next !== undefined) expect(next).toBeGreaterThan(now);
              if (next === undefined || next > until) break;
              now = next;
            }
            if (until < Infinity) now = until;
          };
          for (const [length, pause] of list) {
            q.enqueue(now, b.packet(0, length));
            run(now + pause);
          }
          run(Infinity);
          for (let i = 0; i < sent.length; i++) {
            let bytes = 0;
            for (let j = i; j < sent.length; j++) {
              bytes += (sent[j] as [number, number])[1];
              const t = (sent[j] as [number, number])[0] - (sent[i] as [number, number])[0];
              expect(bytes * 8_000_000).toBeLessThanOrEqual(rate * t + burst * 8_000_000);
            }
          }
          expect(sent.length).toBe(list.length);
          b.rest();
        },
      ),
    );
  });
});

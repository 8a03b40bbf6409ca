import { CHECKSUM_NONE, CHECKSUM_PARTIAL, type SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { type Bench, bench, cutTest, idOf, superPacket } from '../fixture.ts';
import { DROP, OK } from '../ports.ts';
import { rng } from '../rng.ts';
import { Netem } from './netem.ts';
import type { NetemOptions } from './options.ts';

/** When each packet leaves, if all are given at 0. */
function departures(b: Bench, q: Netem, count: number, length = 100): [number, number][] {
  for (let id = 0; id < count; id++) q.enqueue(0, b.packet(id, length));
  return leave(b, q, 0);
}

function leave(b: Bench, q: Netem, from: number): [number, number][] {
  const list: [number, number][] = [];
  let now: number | undefined = from;
  while (now !== undefined) {
    for (const id of b.drain(now, q)) list.push([now, id]);
    const next: number | undefined = q.nextTime(now);
    if (next !== undefined) expect(next).toBeGreaterThan(now);
    now = next;
  }
  return list;
}

describe('delay', () => {
  it('holds each packet for the delay', () => {
    const b = bench();
    const q = new Netem(b.ports, { delay: 1000 });
    q.enqueue(5, b.packet(1));
    q.enqueue(9, b.packet(2));
    expect([b.drain(1004, q), q.nextTime(1004)]).toEqual([[], 1005]);
    expect([b.drain(1005, q), b.drain(1009, q)]).toEqual([[1], [2]]);
    b.rest();
  });

  it('without options packets pass at once', () => {
    const b = bench();
    expect(departures(b, new Netem(b.ports), 3)).toEqual([0, 1, 2].map((id) => [0, id]));
    b.rest();
  });

  it.each([
    ['uniform', 10, 5.77],
    ['normal', 10, 10],
    ['pareto', 9.67, 8.21],
    ['paretonormal', 9.75, 8.35],
  ] as const)('%s: mean and deviation are those asked for', (distribution, mean, deviation) => {
    const b = bench();
    const options: NetemOptions = { delay: 100_000, jitter: 10_000, distribution, limit: 20_000, seed: 5 };
    const q = new Netem(b.ports, options);
    const times = departures(b, q, 10_000, 14).map(([at]) => at / 1000);
    const average = times.reduce((sum, at) => sum + at, 0) / times.length;
    const variance = times.reduce((sum, at) => sum + (at - average) * (at - average), 0) / times.length;
    expect(Math.abs(average - 90 - mean)).toBeLessThan(0.25);
    expect(Math.abs(Math.sqrt(variance) - deviation)).toBeLessThan(0.6);
    if (distribution === 'uniform') {
      expect(Math.min(...times)).toBeGreaterThanOrEqual(90);
      expect(Math.max(...times)).toBeLessThan(110);
    }
  });

  it('a delay is never below zero', () => {
    const b = bench();
    const q = new Netem(b.ports, { delay: 10, jitter: 1000, seed: 2 });
    const list = departures(b, q, 200);
    expect(list.filter(([at]) => at === 0).length).toBeGreaterThan(50);
    b.rest();
  });

  it('correlated delays keep packets in order more often', () => {
    const swaps = [0, 0.99].map((delayCorrelation) => {
      const b = bench();
      const q = new Netem(b.ports, { delay: 10_000, jitter: 5000, delayCorrelation, seed: 3 });
      const ids = departures(b, q, 500).map(([, id]) => id);
      return ids.filter((id, i) => i > 0 && id < (ids[i - 1] as number)).length;
    });
    expect(swaps[1]).toBeLessThan((swaps[0] as number) - 10);
  });

  it('parts packets from their owners, who may go on', () => {
    for (const [options, heard] of [
      [{ delay: 1 }, 1],
      [{ jitter: 1 }, 1],
      [{ rate: 8 }, 1],
      [{}, 0],
    ] as const) {
      const b = bench();
      const q = new Netem(b.ports, options);
      let count = 0;
      q.enqueue(0, b.packet(1, 100, { sk: b, destructor: () => void count++ }));
      expect(count).toBe(heard);
      q.reset();
      b.rest();
    }
  });
});

describe('rate', () => {
  it('sends packets one after the other, exact to the nanosecond', () => {
    const b = bench();
    const q = new Netem(b.ports, { rate: 3_000_000_000, delay: 10 }); // 100 bytes: 266.67 ns
    const list = departures(b, q, 1000);
    expect(list[0]).toEqual([11, 0]);
    list.forEach(([at], i) => void expect(at).toBe(10 + Math.ceil(((i + 1) * 800) / 3000)));
    b.rest();
  });

  it('an idle line does not save up', () => {
    const b = bench();
    const q = new Netem(b.ports, { rate: 8_000_000 });
    q.enqueue(0, b.packet(1, 100));
    q.enqueue(1000, b.packet(2, 100));
    q.enqueue(1050, b.packet(3, 100));
    expect(leave(b, q, 0)).toEqual([
      [100, 1],
      [1100, 2],
      [1200, 3],
    ]);
    b.rest();
  });

  it.each([
    [{ packetOverhead: 20 }, 120],
    [{ packetOverhead: -120 }, 0],
    [{ cellSize: 48, cellOverhead: 5 }, 159],
    [{ packetOverhead: 45, cellSize: 48, cellOverhead: 5 }, 212],
  ] as const)('%j', (options, at) => {
    const b = bench();
    expect(departures(b, new Netem(b.ports, { rate: 8_000_000, ...options }), 1)).toEqual([[at, 0]]);
    b.rest();
  });

  it('an overhead below zero takes no time back', () => {
    const b = bench();
    const q = new Netem(b.ports, { rate: 8_000_000, packetOverhead: -120 });
    q.enqueue(0, b.packet(1, 200));
    q.enqueue(0, b.packet(2, 100));
    expect(leave(b, q, 0)).toEqual([
      [80, 1],
      [80, 2],
    ]);
    b.rest();
  });

  it('a new rate begins without what was left of the old one', () => {
    const b = bench();
    const q = new Netem(b.ports, { rate: 1_000_000_000_000 });
    q.enqueue(0, b.packet(1, 100)); // 0.8 ns
    q.change(0, { rate: 8_000_000 });
    q.enqueue(0, b.packet(2, 100));
    expect(leave(b, q, 0)).toEqual([
      [0, 1],
      [100, 2],
    ]);
    b.rest();
  });

  it('behind delays that vary: exact', () => {
    const b = bench();
    const rate = 1_234_567_890n;
    const q = new Netem(b.ports, { rate: Number(rate), delay: 4, jitter: 3, seed: 8, limit: 5000 });
    const random = rng(8, 5); // netem's stream for delays
    random(); // what a first value could take after
    // Times in units of 1 / rate ns.
    let busy = 0n;
    const expected: [number, number][] = [];
    for (let id = 0; id < 3000; id++) {
      const now = id;
      q.enqueue(now, b.packet(id, 64));
      const due = BigInt(now * 1000 + 4000 - 3000 + Number((BigInt(random()) * 6000n) >> 32n)) * rate;
      busy = (due > busy ? due : busy) + 512n * 1_000_000_000n;
      const ns = busy / rate;
      expected.push([Number((ns + 999n) / 1000n), id]);
    }
    expect(leave(b, q, 0)).toEqual(expected);
    b.rest();
  });

  it('counts a super-packet with the headers of its segments', () => {
    const b = bench();
    const q = new Netem(b.ports, { rate: 8_000_000 });
    q.enqueue(0, superPacket(b, 1, 3, 100));
    expect(leave(b, q, 0)).toEqual([[354 + 108, 1]]);
    b.rest();
  });
});

describe('loss', () => {
  it('tells the sender nothing', () => {
    const b = bench();
    const q = new Netem(b.ports, { loss: 1 });
    expect(q.enqueue(0, b.packet(1))).toBe(OK);
    expect([b.drops, q.stats.drops, q.qlen]).toEqual([[[1, 'QDISC_DROP']], 1, 0]);
    b.rest();
  });

  it('packets that overtake count to the limit', () => {
    const b = bench();
    const q = new Netem(b.ports, { gap: 1, delay: 10, limit: 2 });
    expect([1, 2, 3].map((id) => q.enqueue(0, b.packet(id)))).toEqual([OK, OK, DROP]);
    expect(b.drain(0, q)).toEqual([1, 2]);
    b.rest();
  });

  it('a full queue does', () => {
    const b = bench();
    const q = new Netem(b.ports, { delay: 10, limit: 1 });
    expect([q.enqueue(0, b.packet(1)), q.enqueue(0, b.packet(2))]).toEqual([OK, DROP]);
    q.reset();
    b.rest();
  });
});

describe('duplicate', () => {
  it('doubles a packet; of one that is lost and doubled, one goes on', () => {
    const b = bench();
    const q = new Netem(b.ports, { duplicate: 1 });
    expect(departures(b, q, 2).map(([, id]) => id)).toEqual([0, 0, 1, 1]);
    const p = new Netem(b.ports, { duplicate: 1, loss: 1 });
    expect(departures(b, p, 2).map(([, id]) => id)).toEqual([0, 1]);
    expect(p.stats.drops).toBe(0);
    b.rest();
  });

  it('a double is delayed for itself', () => {
    const b = bench();
    const q = new Netem(b.ports, { duplicate: 1, delay: 1000, jitter: 500, seed: 1 });
    const [[first] = [0], [second] = [0]] = departures(b, q, 1);
    expect(first).not.toBe(second);
    b.rest();
  });
});

describe('corrupt', () => {
  const damaged = (fields: (skb: SkBuff) => void): { before: Uint8Array; after: SkBuff; b: Bench } => {
    const b = bench();
    const q = new Netem(b.ports, { corrupt: 1, seed: 4 });
    const skb = b.packet(1, 60);
    fields(skb);
    const before = skb.toBytes();
    q.enqueue(0, skb);
    return { before, after: q.dequeue(0) as SkBuff, b };
  };

  it('flips one bit', () => {
    const { before, after, b } = damaged(() => {});
    const bits = after.toBytes().reduce((sum, byte, i) => sum + ones(byte ^ (before[i] as number)), 0);
    expect(bits).toBe(1);
    after.free();
    b.rest();
  });

  it('not in bytes that others see', () => {
    const b = bench();
    const q = new Netem(b.ports, { corrupt: 1, seed: 4 });
    const skb = b.packet(1, 60);
    const kept = skb.clone();
    const before = kept.toBytes();
    q.enqueue(0, skb);
    const sent = q.dequeue(0) as SkBuff;
    expect(sent.toBytes()).not.toEqual(before);
    expect(kept.toBytes()).toEqual(before);
    sent.free();
    kept.free();
    b.rest();
  });

  it('after the checksum is in its place', () => {
    const { after, b } = damaged((skb) => {
      skb.ipSummed = CHECKSUM_PARTIAL;
      skb.csumStart = skb.data + 20;
      skb.csumOffset = 16;
      skb.bytes.fill(7, skb.data + 40, skb.tail);
    });
    expect([after.ipSummed, after.view.getUint16(after.data + 36) !== 0]).toEqual([CHECKSUM_NONE, true]);
    after.free();
    b.rest();
  });

  it('drops what has its checksum nowhere, and leaves what has no byte', () => {
    const b = bench();
    const q = new Netem(b.ports, { corrupt: 1 });
    const skb = b.packet(1, 60, { ipSummed: CHECKSUM_PARTIAL, csumStart: 0, csumOffset: 900 });
    expect(q.enqueue(0, skb)).toBe(DROP);
    expect(q.enqueue(0, b.pool.alloc(0) as SkBuff)).toBe(OK);
    q.dequeue(0)?.free();
    b.rest();
  });

  it('cuts a super-packet and damages the first segment alone', () => {
    const b = bench({ segment: cutTest });
    const q = new Netem(b.ports, { corrupt: 1, seed: 4 });
    q.enqueue(0, superPacket(b, 1, 3, 100));
    const lengths: number[] = [];
    const sums: number[] = [];
    for (let skb = q.dequeue(0); skb !== undefined; skb = q.dequeue(0)) {
      lengths.push(skb.len);
      sums.push(skb.toBytes().reduce((sum, byte) => sum + ones(byte), 0));
      skb.free();
    }
    expect(lengths).toEqual([154, 154, 154]);
    expect(Math.abs((sums[0] as number) - (sums[1] as number))).toBe(1);
    expect(sums[2]).toBe(sums[1]);
    const c = bench();
    expect(new Netem(c.ports, { corrupt: 1 }).enqueue(0, superPacket(c, 1, 3, 100))).toBe(DROP);
    b.rest();
    c.rest();
  });
});

describe('reorder', () => {
  it('sends every gap-th packet at once', () => {
    const b = bench();
    const list = departures(b, new Netem(b.ports, { delay: 100, gap: 3 }), 7);
    expect(list).toEqual([
      [0, 2],
      [0, 5],
      [100, 0],
      [100, 1],
      [100, 3],
      [100, 4],
      [100, 6],
    ]);
    b.rest();
  });

  it('or each with a probability', () => {
    const b = bench();
    const q = new Netem(b.ports, { delay: 100, reorder: 0.25, limit: 10_000, seed: 6 });
    const early = departures(b, q, 4000, 14).filter(([at]) => at === 0).length;
    expect(early).toMatchInlineSnapshot(`1023`);
    expect(q.stats.requeues).toBe(early);
    q.change(0, { reorder: 0 });
    expect(departures(b, q, 100).every(([at]) => at === 100)).toBe(true);
    b.rest();
  });
});

describe('slot', () => {
  it('lets packets leave in bursts', () => {
    const b = bench();
    const q = new Netem(b.ports, { slot: { minDelay: 100, packets: 2 } });
    q.enqueue(10, b.packet(0));
    expect(b.drain(10, q)).toEqual([]);
    for (let id = 1; id < 5; id++) q.enqueue(50, b.packet(id));
    expect(leave(b, q, 50)).toEqual([
      [110, 0],
      [110, 1],
      [210, 2],
      [210, 3],
      [310, 4],
    ]);
    b.rest();
  });

  it('a packet that is due when the slot begins leaves in it', () => {
    const b = bench();
    const q = new Netem(b.ports, { slot: { minDelay: 100 } });
    q.enqueue(10, b.packet(0));
    expect(b.drain(10, q)).toEqual([]);
    q.enqueue(110, b.packet(1));
    expect(b.drain(110, q)).toEqual([0, 1]);
    b.rest();
  });

  it('begins anew after reset', () => {
    const b = bench();
    const q = new Netem(b.ports, { slot: { minDelay: 100 }, gap: 2, delay: 5 });
    const once = (now: number): [number, number][] => {
      q.enqueue(now, b.packet(0));
      q.enqueue(now, b.packet(1));
      q.enqueue(now, b.packet(2));
      return leave(b, q, now).map(([at, id]) => [at - now, id]);
    };
    const first = once(0);
    q.reset();
    expect(once(1)).toEqual(first);
    b.rest();
  });

  it('of so many bytes, after a time that varies', () => {
    const b = bench();
    const q = new Netem(b.ports, { slot: { minDelay: 100, maxDelay: 200, bytes: 250 }, seed: 9 });
    const list = departures(b, q, 9);
    const starts = [...new Set(list.map(([at]) => at))];
    expect(list.map(([, id]) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(starts.map((at) => list.filter(([t]) => t === at).length)).toEqual([3, 3, 3]);
    starts.reduce((last, at) => {
      expect(at - last).toBeGreaterThanOrEqual(100);
      expect(at - last).toBeLessThan(200);
      return at;
    }, 0);
    q.change(0, { slot: undefined });
    expect(departures(b, q, 1)).toEqual([[0, 0]]);
    b.rest();
  });
});

describe('seed', () => {
  const options: NetemOptions = {
    delay: 5000,
    jitter: 2000,
    distribution: 'normal',
    delayCorrelation: 0.25,
    loss: 0.1,
    duplicate: 0.05,
    reorder: 0.05,
    corrupt: 0.1,
    rate: 10_000_000,
  };

  it('the same seed does the same', () => {
    const b = bench();
    const list = departures(b, new Netem(b.ports, { ...options, seed: 11 }), 30);
    expect(list.map(([at, id]) => `${id}@${at}`).join(' ')).toMatchInlineSnapshot(
      `"0@6380 1@6460 2@6540 5@6620 6@6700 8@7093 9@7173 10@7253 11@7333 12@7413 13@8874 14@8954 15@9034 16@9114 16@9194 18@9274 21@9354 22@9434 23@9514 24@9594 24@9674 25@9754 26@9834 27@9914 28@9994 29@10074"`,
    );
    expect(departures(b, new Netem(b.ports, { ...options, seed: 11 }), 30)).toEqual(list);
    const q = new Netem(b.ports, { ...options, seed: 1 });
    departures(b, q, 10);
    q.reset();
    q.change(0, { seed: 11 });
    expect(departures(b, q, 30)).toEqual(list);
    expect(departures(b, new Netem(b.ports, { ...options, seed: 12 }), 30)).not.toEqual(list);
    b.rest();
  });

  it('comes from the random port', () => {
    const b = bench({ random: () => 77 });
    expect(new Netem(b.ports).options.seed).toBe(77);
    expect(new Netem(bench().ports).options.seed).toBe(0);
  });

  it('what is lost does not depend on what else befalls packets', () => {
    const lostWith = (more: NetemOptions): number[] => {
      const b = bench();
      const q = new Netem(b.ports, { loss: 0.3, seed: 5, ...more });
      departures(b, q, 100);
      return b.drops.map(([id]) => id);
    };
    const lost = lostWith({});
    expect(lost.length).toBeGreaterThan(15);
    expect(lostWith({ delay: 100, jitter: 90, distribution: 'pareto', reorder: 0.5 })).toEqual(lost);
    expect(lostWith({ corrupt: 0.5, rate: 1_000_000 }).length).toBe(lost.length);
  });
});

describe('options', () => {
  it.each([
    [{ limit: 1.5 }, 'limit'],
    [{ delay: -1 }, 'delay'],
    [{ delay: 2 ** 32 }, 'delay'],
    [{ jitter: Number.NaN }, 'jitter'],
    [{ loss: 1.01 }, 'loss'],
    [{ loss: { random: 0.1, correlation: 2 } }, 'loss correlation'],
    [{ loss: { state: [0.1, -1] as [number, number] } }, 'loss'],
    [{ loss: { gemodel: [2] as [number] } }, 'loss'],
    [{ duplicate: -0.1 }, 'duplicate'],
    [{ corruptCorrelation: 3 }, 'corruptCorrelation'],
    [{ gap: -1 }, 'gap'],
    [{ rate: 1e13 }, 'rate'],
    [{ packetOverhead: 70_000 }, 'packetOverhead'],
    [{ cellSize: -1 }, 'cellSize'],
    [{ distribution: 'gamma' as 'normal' }, 'distribution'],
    [{ slot: { minDelay: 5, maxDelay: 4 } }, 'slot maxDelay'],
    [{ slot: { minDelay: 5, packets: 0 } }, 'slot packets'],
    [{ seed: -1 }, 'seed'],
    [{ latency: 3 } as object, 'no option latency'],
  ])('%j is refused by name', (options, name) => {
    const { ports } = bench();
    expect(() => new Netem(ports, options)).toThrow(RangeError);
    expect(() => new Netem(ports, options)).toThrow(`netem: ${name} `.trimEnd());
    const q = new Netem(ports, { delay: 7 });
    expect(() => q.change(0, options)).toThrow(RangeError);
    expect(q.options).toMatchObject({ delay: 7, limit: 1000, loss: 0 });
  });

  it.each([
    [{}, 'limit 1000 seed 1'],
    [
      { delay: 100_000, jitter: 10_000, delayCorrelation: 0.25, loss: 0.05 },
      'limit 1000 delay 100ms  10ms 25% loss 5% seed 1',
    ],
    [
      { loss: { random: 0.1, correlation: 0.5 }, duplicate: 0.01 },
      'limit 1000 loss 10% 50% duplicate 1% seed 1',
    ],
    [
      { loss: { state: [0.1] as [number] } },
      'limit 1000 loss state p13 10% p31 90% p32 0% p23 100% p14 0% seed 1',
    ],
    [{ loss: { gemodel: [0.1] as [number] } }, 'limit 1000 loss gemodel p 10% r 90% 1-h 100% 1-k 0% seed 1'],
    [
      { reorder: 0.25, reorderCorrelation: 0.5, delay: 10 },
      'limit 1000 delay 10us reorder 25% 50% gap 1 seed 1',
    ],
    [
      { rate: 1_000_000, packetOverhead: 5, cellSize: 48, cellOverhead: 5, corrupt: 0.001 },
      'limit 1000 corrupt 0.1% rate 1Mbit packetoverhead 5 cellsize 48 celloverhead 5 seed 1',
    ],
    [{ slot: { minDelay: 800, maxDelay: 1000, packets: 4 } }, 'limit 1000 slot 800us 1ms packets 4 seed 1'],
  ])('%j print as tc does', (options, text) => {
    const q = new Netem(bench().ports, { ...options, seed: 1 });
    expect(q.dump({ handle: 1, stats: false })).toBe(`qdisc netem 1: root refcnt 2 ${text}\n`);
  });
});

describe('change', () => {
  it('keeps what is not given, and packets their times', () => {
    const b = bench();
    const q = new Netem(b.ports, { delay: 100, loss: 0.5, seed: 3 });
    while (q.qlen === 0) q.enqueue(0, b.packet(1));
    q.change(50, { delay: 10, loss: 0 });
    q.enqueue(50, b.packet(2));
    expect(leave(b, q, 50)).toEqual([
      [60, 2],
      [100, 1],
    ]);
    expect(q.options).toMatchObject({ delay: 10, loss: 0, seed: 3 });
    b.rest();
  });
});

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

it('the number of a packet is where the tests look for it', () => {
  const b = bench();
  const skb = b.packet(5);
  expect(idOf(skb)).toBe(5);
  skb.free();
});

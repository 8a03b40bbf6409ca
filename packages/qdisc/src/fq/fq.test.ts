import type { SkBuff } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { bench, idOf } from '../fixture.ts';
import { DROP, OK, type PacedOwner } from '../ports.ts';
import { Fq } from './fq.ts';

const FLOW = (n: number): object => ({ n });

describe('marks', () => {
  it('go onto what could have left longer ago than ceThreshold', () => {
    const marked: number[] = [];
    const b = bench({ setCe: (skb) => marked.push(idOf(skb)) });
    const q = new Fq(b.ports, { ceThreshold: 500 });
    const flow = FLOW(1);
    q.enqueue(0, b.packet(1, 100, { sk: flow }));
    q.enqueue(1, b.packet(2, 100, { sk: flow }));
    q.enqueue(100, b.packet(3, 100, { sk: flow, tstamp: 550 }));
    expect(b.drain(501, q)).toEqual([1, 2]);
    expect(marked).toEqual([1]);
    q.enqueue(600, b.packet(4, 100, { sk: flow }));
    expect(b.drain(1101, q)).toEqual([3, 4]);
    expect(marked).toEqual([1, 3, 4]);
    expect(q.fqStats.ceMark).toBe(3);
    expect(q.dump()).toContain(' ce_mark 3');
    b.rest();
  });

  it('are none by default', () => {
    const b = bench({ setCe: () => expect.unreachable() });
    const q = new Fq(b.ports);
    q.enqueue(0, b.packet(1, 100));
    expect(b.drain(1e9, q)).toEqual([1]);
    b.rest();
  });
});

describe('turns', () => {
  it('gives each flow a quantum in turn', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 300, initialQuantum: 300 });
    const [x, y] = [FLOW(1), FLOW(2)];
    for (let i = 0; i < 6; i++) q.enqueue(0, b.packet(i, 100, { sk: x }));
    for (let i = 10; i < 13; i++) q.enqueue(0, b.packet(i, 200, { sk: y }));
    // x sends 300 bytes, y overdraws by 100, x its second quantum, y the rest.
    expect(b.drain(0, q)).toEqual([0, 1, 2, 10, 11, 3, 4, 5, 12]);
    b.rest();
  });

  it('serves a flow that just began before those that had their turn', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 100, initialQuantum: 100 });
    const [x, y] = [FLOW(1), FLOW(2)];
    for (let i = 0; i < 4; i++) q.enqueue(0, b.packet(i, 100, { sk: x }));
    const seen = [0, 1].map(() => take(q));
    q.enqueue(0, b.packet(10, 100, { sk: y }));
    expect([...seen, take(q), ...b.drain(0, q)]).toEqual([0, 1, 10, 2, 3]);
    b.rest();

    function take(fq: Fq): number {
      const skb = fq.dequeue(0);
      const id = skb === undefined ? -1 : idOf(skb);
      skb?.free();
      return id;
    }
  });

  it('a flow of single packets does not come first for ever', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 3000, initialQuantum: 3000 });
    const [bulk, sparse] = [FLOW(1), FLOW(2)];
    const sent: number[] = [];
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const skb = q.dequeue(0) as SkBuff;
        sent.push(idOf(skb));
        skb.free();
      }
    };
    for (let i = 0; i < 10; i++) q.enqueue(0, b.packet(i, 1000, { sk: bulk }));
    send(4);
    q.enqueue(0, b.packet(100, 1000, { sk: sparse }));
    send(2); // the second one finds the sparse flow empty
    q.enqueue(0, b.packet(101, 1000, { sk: sparse }));
    send(3);
    expect(sent).toEqual([0, 1, 2, 3, 100, 4, 5, 101, 6]);
    q.reset();
    b.rest();
  });

  it('a flow gets new credit only after it was idle for refillDelay', () => {
    for (const [pause, order] of [
      [40_000, [0, 10, 11, 1]],
      [40_001, [0, 1, 10, 11]],
    ] as const) {
      const b = bench();
      const q = new Fq(b.ports, { quantum: 200, initialQuantum: 100 });
      const [x, y] = [FLOW(1), FLOW(2)];
      q.enqueue(0, b.packet(99, 90, { sk: x })); // leaves 10 bytes
      b.drain(0, q);
      q.enqueue(pause, b.packet(0, 50, { sk: x }));
      q.enqueue(pause, b.packet(1, 50, { sk: x }));
      q.enqueue(pause, b.packet(10, 50, { sk: y }));
      q.enqueue(pause, b.packet(11, 50, { sk: y }));
      expect(b.drain(pause, q)).toEqual(order);
      b.rest();
    }
  });

  it('the credit of a flow that was idle is a quantum and no more', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 200, initialQuantum: 100 });
    const [x, y] = [FLOW(1), FLOW(2)];
    q.enqueue(0, b.packet(99, 90, { sk: x })); // leaves 10 bytes
    b.drain(0, q);
    [200, 50].forEach((length, id) => void q.enqueue(50_000, b.packet(id, length, { sk: x })));
    q.enqueue(50_000, b.packet(10, 50, { sk: y }));
    expect(b.drain(50_000, q)).toEqual([0, 10, 1]);
    b.rest();
  });

  it('flows without a socket are told apart by hash and mask', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 100, initialQuantum: 100, orphanMask: 0xff });
    for (let i = 0; i < 4; i++) q.enqueue(0, b.packet(i, 100, { hash: 0x101 * (i >> 1) + 7 }));
    expect(q.flows).toBe(2);
    expect(b.drain(0, q)).toEqual([0, 2, 1, 3]);
    for (let i = 0; i < 4; i++) q.enqueue(0, b.packet(i, 100, { hash: 0x100 * i + 7 }));
    expect(q.flows).toBe(2); // their low bits are the same
    expect(b.drain(0, q)).toEqual([0, 1, 2, 3]);
    b.rest();
  });

  it('asks the host for owner and hash where it is told how', () => {
    const b = bench({ flowOwner: () => undefined, flowHash: (skb) => skb.mark });
    const q = new Fq(b.ports, { quantum: 100, initialQuantum: 100 });
    for (let i = 0; i < 4; i++) q.enqueue(0, b.packet(i, 100, { sk: FLOW(i), mark: i & 1 }));
    expect(q.flows).toBe(2);
    expect(b.drain(0, q)).toEqual([0, 1, 2, 3]);
    b.rest();
  });
});

describe('bands', () => {
  it('share as their weights say', () => {
    const b = bench();
    const q = new Fq(b.ports, { weights: [65_536, 32_768, 16_384] });
    const sent = [0, 0, 0];
    for (let i = 0; i < 2100; i++) {
      [6, 0, 2].forEach((priority, band) => {
        const room = q.fqStats.bandPackets[band as 0 | 1 | 2] < 50;
        if (room) q.enqueue(0, b.packet(band, 1024, { priority, sk: [b, q, sent][band] as object }));
      });
      const skb = q.dequeue(0);
      if (skb !== undefined) sent[idOf(skb)] = (sent[idOf(skb)] as number) + 1;
      skb?.free();
    }
    expect(sent.map((count) => Math.round(count / 150))).toEqual([8, 4, 2]);
    q.reset();
    b.rest();
  });

  it('each holds limit packets; priority 7 goes before all and pays no heed to time', () => {
    const b = bench();
    const q = new Fq(b.ports, { limit: 2 });
    const x = FLOW(1);
    for (let id = 0; id < 3; id++) q.enqueue(0, b.packet(id, 100, { sk: x }));
    for (let id = 10; id < 13; id++) q.enqueue(0, b.packet(id, 100, { sk: x, priority: 2 }));
    q.enqueue(0, b.packet(20, 100, { sk: x, priority: 7, tstamp: 5000 }));
    expect(b.drops).toEqual([
      [2, 'FQ_BAND_LIMIT'],
      [12, 'FQ_BAND_LIMIT'],
    ]);
    expect(b.drain(0, q)[0]).toBe(20);
    expect(q.fqStats).toMatchObject({ bandPackets: [0, 0, 0], bandDrops: [0, 1, 1], highprio: 1 });
    b.rest();
  });

  it('a band pays back what it overdrew', () => {
    const b = bench();
    const q = new Fq(b.ports, { weights: [16_384, 16_384, 16_384] });
    const bytes = [0, 0];
    for (let i = 0; i < 3000; i++) {
      for (const [id, length, priority] of [
        [0, 60_000, 6],
        [1, 1000, 2],
      ] as const) {
        const few = q.fqStats.bandPackets[id === 0 ? 0 : 2] < 50;
        if (few) q.enqueue(0, b.packet(id, length, { priority, sk: [b, q][id] as object }));
      }
      const skb = q.dequeue(0) as SkBuff;
      bytes[idOf(skb)] = (bytes[idOf(skb)] as number) + skb.len;
      skb.free();
    }
    expect((bytes[0] as number) / (bytes[1] as number)).toBeCloseTo(1, 1);
    q.reset();
    b.rest();
  });

  it('a band far in debt does not keep packets back', () => {
    const b = bench();
    const q = new Fq(b.ports, { weights: [16_384, 16_384, 16_384] });
    q.enqueue(0, b.packet(1, 65_536, { sk: b }));
    q.enqueue(0, b.packet(2, 65_536, { sk: b }));
    q.enqueue(0, b.packet(3, 65_536, { sk: b }));
    expect(b.drain(0, q)).toEqual([1, 2, 3]);
    b.rest();
  });
});

describe('pacing', () => {
  it('holds a packet back until tstamp, and its flow with it', () => {
    const b = bench();
    const q = new Fq(b.ports);
    const [x, y] = [FLOW(1), FLOW(2)];
    q.enqueue(100, b.packet(1, 100, { sk: x, tstamp: 500 }));
    q.enqueue(100, b.packet(2, 100, { sk: x, tstamp: 500 }));
    q.enqueue(100, b.packet(3, 100, { sk: y }));
    expect(b.drain(100, q)).toEqual([3]);
    expect(q.nextTime(100)).toBe(500);
    expect(b.drain(499, q)).toEqual([]);
    expect(b.drain(500, q)).toEqual([1, 2]);
    expect(q.fqStats).toMatchObject({ throttled: 1, throttledFlows: 0 });
    b.rest();
  });

  it('orders the packets of a flow by time', () => {
    const b = bench();
    const q = new Fq(b.ports);
    [30, 10, 20, 10, 40].forEach((tstamp, id) => void q.enqueue(0, b.packet(id, 100, { sk: b, tstamp })));
    expect(b.drain(40, q)).toEqual([1, 3, 2, 0, 4]);
    b.rest();
  });

  it.each([
    [true, [], [[1, 'FQ_HORIZON_LIMIT']], { horizonDrops: 1, horizonCaps: 0 }],
    [false, [1], [], { horizonDrops: 0, horizonCaps: 1 }],
  ] as const)('beyond the horizon, horizonDrop %s', (horizonDrop, sent, drops, stats) => {
    const b = bench();
    const q = new Fq(b.ports, { horizon: 1000, horizonDrop });
    expect(q.enqueue(50, b.packet(1, 100, { sk: b, tstamp: 1051 }))).toBe(horizonDrop ? DROP : OK);
    expect(b.drops).toEqual(drops);
    b.drain(50, q);
    expect(q.nextTime(50)).toBe(horizonDrop ? undefined : 1050);
    expect(b.drain(1050, q)).toEqual(sent);
    expect(q.fqStats).toMatchObject(stats);
    expect(q.enqueue(50, b.packet(1, 100, { sk: b, tstamp: 1050 }))).toBe(OK);
    q.reset();
    b.rest();
  });

  it('maxrate spaces packets that came with their time one by one, to the nanosecond', () => {
    const b = bench();
    const q = new Fq(b.ports, { maxrate: 2_400_000_000 }); // 300 bytes a µs
    for (let id = 0; id < 4; id++) q.enqueue(10, b.packet(id, 1000, { sk: b, tstamp: 10 })); // 3333 ns each
    const sent: [number, number][] = [];
    for (let now = 10; now < 30; now++) for (const id of b.drain(now, q)) sent.push([now, id]);
    expect(sent).toEqual([
      [10, 0],
      [14, 1], // 13.333
      [17, 2], // 16.666: 0.667 late, which is given back
      [20, 3], // 19.999
    ]);
    b.rest();
  });

  it('paces other packets a quantum at a time, at what the socket asks for', () => {
    const b = bench();
    const q = new Fq(b.ports, { quantum: 1000, initialQuantum: 2000 });
    const sk: PacedOwner = { pacingRate: 1_000_000 }; // a byte a µs
    for (let id = 0; id < 6; id++) q.enqueue(0, b.packet(id, 500, { sk }));
    expect(b.drain(0, q)).toEqual([0, 1, 2, 3]); // the initial quantum
    expect(q.nextTime(0)).toBe(1000);
    expect(b.drain(1000, q)).toEqual([4, 5]);
    b.rest();
  });

  it('the lower of the socket and maxrate counts; no rate but a low one paces each packet', () => {
    const b = bench();
    const q = new Fq(b.ports, { maxrate: 400_000 }); // 50,000 byte/s, below the threshold
    for (let id = 0; id < 2; id++) q.enqueue(0, b.packet(id, 500, { sk: { pacingRate: 1e9 } as PacedOwner }));
    const sk: PacedOwner = { pacingRate: 25_000 };
    for (let id = 10; id < 12; id++) q.enqueue(0, b.packet(id, 500, { sk }));
    expect(b.drain(0, q)).toEqual([0, 1, 10]);
    expect(q.nextTime(0)).toBe(20_000);
    expect(b.drain(20_000, q)).toEqual([11]);
    b.rest();
  });

  it('no packet costs more than a second', () => {
    const b = bench();
    const q = new Fq(b.ports);
    for (const pacingRate of [1, 0]) {
      const sk: PacedOwner = { pacingRate };
      for (let id = 0; id < 2; id++) q.enqueue(0, b.packet(id, 500, { sk }));
    }
    expect(b.drain(0, q)).toEqual([0, 0]);
    expect(q.nextTime(0)).toBe(1_000_000);
    expect(q.fqStats.pktsTooLong).toBe(1);
    q.reset();
    b.rest();
  });

  it('tells the socket that it need not space its packets itself', () => {
    const b = bench();
    for (const [pacing, status] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const sk: PacedOwner = { pacingStatus: 1 };
      const q = new Fq(b.ports, { pacing });
      q.enqueue(0, b.packet(1, 100, { sk }));
      expect(sk.pacingStatus).toBe(status);
      q.reset();
    }
    const q = new Fq(b.ports);
    const other = {}; // who has no such field gets none
    q.enqueue(0, b.packet(1, 100, { sk: other }));
    expect(other).toEqual({});
    q.reset();
    b.rest();
  });

  it('can be switched off; tstamp counts all the same', () => {
    const b = bench();
    const q = new Fq(b.ports, { pacing: false, maxrate: 8, initialQuantum: 100 });
    for (let id = 0; id < 2; id++) q.enqueue(0, b.packet(id, 500, { sk: b }));
    q.enqueue(0, b.packet(9, 500, { sk: b, tstamp: 7 }));
    expect(b.drain(0, q)).toEqual([0, 1]);
    expect(b.drain(7, q)).toEqual([9]);
    b.rest();
  });
});

describe('bounds', () => {
  it('a flow holds flowLimit packets', () => {
    const b = bench();
    const q = new Fq(b.ports, { flowLimit: 2 });
    for (let id = 0; id < 3; id++) q.enqueue(0, b.packet(id, 100, { sk: b }));
    expect(b.drops).toEqual([[2, 'FQ_FLOW_LIMIT']]);
    expect(q.fqStats.flowsPlimit).toBe(1);
    q.reset();
    b.rest();
  });

  it('forgets flows that were idle for three seconds, eight at a time, as new ones come', () => {
    const b = bench();
    const q = new Fq(b.ports);
    for (let id = 0; id < 20; id++) q.enqueue(0, b.packet(id, 100, { sk: FLOW(id) }));
    b.drain(0, q);
    expect([q.flows, q.inactiveFlows]).toEqual([20, 20]);
    q.enqueue(3_000_000, b.packet(0, 100, { sk: FLOW(0) }));
    expect(q.flows).toBe(21);
    q.enqueue(3_000_001, b.packet(1, 100, { sk: FLOW(1) }));
    expect([q.flows, q.inactiveFlows]).toEqual([14, 12]);
    b.drain(3_000_001, q);
    expect(q.dump()).toContain(
      '  flows 14 (inactive 14 throttled 0) band0_pkts 0 band1_pkts 0 band2_pkts 0\n  gc 8 ',
    );
    b.rest();
  });

  it('remembers no more idle flows than twice its buckets', () => {
    const b = bench();
    const q = new Fq(b.ports, { buckets: 4 });
    for (let id = 0; id < 100; id++) q.enqueue(0, b.packet(id, 100, { sk: FLOW(id) }));
    expect(q.flows).toBe(100);
    b.drain(0, q);
    expect(q.flows).toBe(8);
    for (let id = 0; id < 100; id++) {
      q.enqueue(0, b.packet(id, 100, { sk: FLOW(id) }));
      b.drain(0, q);
      expect(q.flows).toBeLessThanOrEqual(8);
    }
    b.rest();
  });

  it('change drops what exceeds a lower limit', () => {
    const b = bench();
    const q = new Fq(b.ports);
    for (let id = 0; id < 5; id++) q.enqueue(0, b.packet(id, 100, { sk: b }));
    q.enqueue(0, b.packet(9, 100, { sk: q, tstamp: 50 }));
    q.change(0, { limit: 3 });
    expect([q.qlen, q.backlog, b.drops.length, q.stats.drops]).toEqual([3, 300, 3, 3]);
    q.change(0, { limit: 0 }); // the last one cannot leave yet
    expect([q.qlen, q.fqStats.bandPackets[1]]).toEqual([1, 1]);
    q.reset();
    b.rest();
  });
});

it('is as new after reset', () => {
  const b = bench();
  const q = new Fq(b.ports);
  q.enqueue(0, b.packet(1, 100, { sk: b, tstamp: 50 }));
  b.drain(0, q); // throttles it
  q.enqueue(0, b.packet(2, 100, { sk: q }));
  q.enqueue(0, b.packet(3, 100, { sk: q, priority: 7 }));
  q.enqueue(0, b.packet(4, 100, { priority: 2 }));
  q.reset();
  expect([q.flows, q.inactiveFlows, q.qlen, q.backlog, q.nextTime(0)]).toEqual([0, 0, 0, 0, undefined]);
  expect(q.fqStats).toMatchObject({ throttledFlows: 0, bandPackets: [0, 0, 0] });
  expect(b.drops.every(([, reason]) => reason === 'QUEUE_PURGE')).toBe(true);
  b.rest();
});

describe('options', () => {
  it.each([
    [{ limit: -1 }, 'limit'],
    [{ quantum: 0 }, 'quantum'],
    [{ buckets: 3 }, 'buckets'],
    [{ maxrate: 7 }, 'maxrate'],
    [{ horizon: 0.5 }, 'horizon'],
    [{ ceThreshold: -1 }, 'ceThreshold'],
    [{ weights: [1, 1, 1] as [number, number, number] }, 'weights'],
    [{ weights: [65_536] as unknown as [number, number, number] }, 'weights'],
    [{ priomap: [0] }, 'priomap'],
    [{ priomap: Array.from({ length: 16 }, () => 3) }, 'priomap'],
    [{ lowRateThreshold: Number.NaN }, 'lowRateThreshold'],
    [{ flow_limit: 3 } as object, 'flow_limit'],
  ])('%j is refused by name', (options, name) => {
    const { ports } = bench();
    expect(() => new Fq(ports, options)).toThrow(RangeError);
    expect(() => new Fq(ports, options)).toThrow(`fq: ${name === 'flow_limit' ? 'no option ' : ''}${name}`);
    const q = new Fq(ports);
    const before = q.options;
    expect(() => q.change(0, options)).toThrow(RangeError);
    expect(q.options).toBe(before);
  });

  it('print as tc does', () => {
    const { ports } = bench();
    expect(new Fq(ports).dump({ stats: false })).toBe(
      'qdisc fq 0: root refcnt 2 limit 10000p flow_limit 100p buckets 1024 orphan_mask 1023 bands 3 ' +
        'priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1 weights 589824 196608 65536 quantum 3028b initial_quantum 15140b ' +
        'low_rate_threshold 550Kbit refill_delay 40ms horizon 10s horizon_drop\n',
    );
    const q = new Fq(ports, { maxrate: 1_000_000, pacing: false, horizonDrop: false, ceThreshold: 260 });
    expect(q.dump({ stats: false })).toMatch(
      /nopacing quantum .* maxrate 1Mbit .* horizon_cap ce_threshold 260us\n$/,
    );
  });
});

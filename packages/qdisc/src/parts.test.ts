/** The small parts: sizes of packets, numbers as tc prints them, exact products, the heap. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bench, superPacket } from './fixture.ts';
import { percent, rate, size, time } from './format.ts';
import { headersLength, measure, pktLen, pktSegments, setTime, startsNow, timeOf } from './packet.ts';
import { Correlated, mulHigh, rng, threshold } from './rng.ts';
import { TimeHeap } from './time-heap.ts';

describe('measure', () => {
  it('counts the headers of each segment, and segments that nobody counted', () => {
    const b = bench();
    const skb = superPacket(b, 1, 3, 500);
    measure(skb);
    expect([pktLen(skb), pktSegments(skb)]).toEqual([1554 + 108, 3]);
    skb.gsoSegs = 0;
    skb.trim(1300);
    measure(skb);
    expect([pktLen(skb), pktSegments(skb)]).toEqual([1300 + 2 * 54, 3]);
    skb.free();
  });

  it.each([
    ['no transport header', { transportHeader: -1 }, 0],
    ['UDP', { gsoType: 0x2_0000 }, 42],
    ['neither TCP nor UDP', { gsoType: 0x1000 }, 34],
  ])('with %s', (_name, fields, headers) => {
    const b = bench();
    const skb = Object.assign(superPacket(b, 1, 2, 100), fields);
    expect(headersLength(skb)).toBe(headers);
    measure(skb);
    expect(pktLen(skb)).toBe(skb.len + headers);
    skb.free();
  });

  it('never finds more headers than there are bytes', () => {
    const b = bench();
    const skb = superPacket(b, 1, 2, 1);
    skb.view.setUint8(skb.transportHeader + 12, 0xf0);
    expect(headersLength(skb)).toBe(56);
    skb.trim(45); // the TCP header is cut
    expect(headersLength(skb)).toBe(34);
    skb.free();
  });

  it('makes the first start the first again', () => {
    const b = bench();
    const skb = b.packet(1);
    measure(skb);
    expect([startsNow(skb), startsNow(skb)]).toEqual([true, false]);
    skb.free();
  });
});

it('a time fits into cb whatever it is', () => {
  const skb = bench().packet(1);
  for (const t of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 50 + 12_345]) {
    setTime(skb, t);
    expect(timeOf(skb)).toBe(t);
  }
  skb.free();
});

describe('format', () => {
  it.each([
    [0, '0b'],
    [1023, '1023b'],
    [1024, '1Kb'],
    [1600, '1600b'],
    [3028, '3028b'],
    [32_768, '32Kb'],
    [1_048_576, '1Mb'],
    [1_049_600, '1025Kb'],
  ])('size %i', (value, text) => expect(size(value)).toBe(text));

  it.each([
    [8, '8bit'],
    [550_000, '550Kbit'],
    [1_500_000, '1500Kbit'],
    [1_000_000, '1Mbit'],
    [100_000_000, '100Mbit'],
    [2_500_000_000, '2500Mbit'],
    [10_000_000_000, '10Gbit'],
    [12_345, '12345bit'],
  ])('rate %i', (value, text) => expect(rate(value)).toBe(text));

  it.each([
    [0, '0us'],
    [999, '999us'],
    [1000, '1ms'],
    [12_345, '12.3ms'],
    [10_000_000, '10s'],
    [4_000_000_000, '4000s'],
  ])('time %i', (value, text) => expect(time(value)).toBe(text));

  it.each([
    [0.05, '5%'],
    [0.001, '0.1%'],
    [1 / 3, '33.3333%'],
    [1, '100%'],
  ])('percent %d', (value, text) => expect(percent(value)).toBe(text));
});

describe('random numbers', () => {
  it('mulHigh is exact', () => {
    const a = fc.integer({ min: -(2 ** 32), max: 2 ** 32 });
    const b = fc.integer({ min: 0, max: 2 ** 32 });
    fc.assert(
      fc.property(a, b, (x, y) => {
        expect(mulHigh(x, y) === Number((BigInt(x) * BigInt(y)) >> 32n)).toBe(true);
      }),
    );
  });

  it('the same seed and stream give the same values, others others', () => {
    const take = (seed: number, stream: number): number[] => Array.from({ length: 3 }, rng(seed, stream));
    expect(take(7, 1)).toMatchInlineSnapshot(`
      [
        552079981,
        3282861692,
        843326491,
      ]
    `);
    expect(take(7, 1)).toEqual(take(7, 1));
    expect(take(7, 1)).not.toEqual(take(7, 2));
    expect(take(7, 1)).not.toEqual(take(8, 1));
  });

  it('correlated values are alike as much as asked', () => {
    for (const [rho, low, high] of [
      [0, -0.03, 0.03],
      [0.5, 0.4, 0.6],
      [0.9, 0.85, 0.95],
    ] as const) {
      const values = new Correlated(rng(3, 1));
      values.correlation = rho;
      const list = Array.from({ length: 10_000 }, () => values.next() / 2 ** 32 - 0.5);
      let both = 0;
      let one = 0;
      for (let i = 1; i < list.length; i++) {
        both += (list[i] as number) * (list[i - 1] as number);
        one += (list[i] as number) * (list[i] as number);
      }
      expect(both / one).toBeGreaterThan(low);
      expect(both / one).toBeLessThan(high);
    }
  });

  it('correlation 1 repeats the last value', () => {
    const values = new Correlated(rng(3, 1));
    values.correlation = 1;
    expect(values.next()).toBe(values.next());
  });

  it('thresholds are exact at both ends', () => {
    expect([threshold(0), threshold(1)]).toEqual([0, 2 ** 32]);
  });
});

it('the heap gives items by time, then by order of insertion', () => {
  const entries = fc.array(fc.tuple(fc.nat(20), fc.nat(3), fc.boolean()), { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(entries, (list) => {
      const heap = new TimeHeap<number>();
      let model: { time: number; ns: number; id: number }[] = [];
      list.forEach(([time, ns, pop], id) => {
        heap.push(time, ns, id);
        model.push({ time, ns, id });
        model = model.sort((a, b) => a.time - b.time || a.ns - b.ns || a.id - b.id);
        const first = model[0];
        expect(heap.whole).toBe(first && first.time + (first.ns > 0 ? 1 : 0));
        expect(heap.isDue(10)).toBe(first !== undefined && first.time + first.ns / 1000 <= 10);
        if (pop) expect(heap.pop()).toBe(model.shift()?.id);
        expect(heap.size).toBe(model.length);
      });
      for (const { id } of model) expect(heap.pop()).toBe(id);
      expect(heap.pop()).toBe(undefined);
    }),
  );
});

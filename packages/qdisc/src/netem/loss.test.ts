import { describe, expect, it } from 'vitest';
import { rng } from '../rng.ts';
import { tableOf, vary } from './distribution.ts';
import { gemodelOf, lossOf, type NetemLoss, stateOf } from './loss.ts';

/** Fates of `count` packets: 1 = lost. */
function fates(loss: NetemLoss, count: number, seed = 1): number[] {
  const model = lossOf(loss, rng(seed, 1));
  return Array.from({ length: count }, () => (model?.lost() ? 1 : 0));
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Lengths of runs of losses. */
function runs(list: readonly number[]): number[] {
  const lengths: number[] = [];
  let length = 0;
  for (const fate of [...list, 0]) {
    if (fate === 1) length++;
    else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  return lengths;
}

describe('random loss', () => {
  it('loses all, none, and as many as asked', () => {
    expect(sum(fates(1, 1000))).toBe(1000);
    expect(sum(fates(0, 1000))).toBe(0);
    expect(lossOf({ random: 0 }, rng(1, 1))).toBe(undefined);
    expect([sum(fates(0.01, 100_000)), sum(fates(0.3, 100_000))]).toMatchInlineSnapshot(`
      [
        959,
        29966,
      ]
    `);
  });

  it('correlated losses come in longer runs', () => {
    const mean = (list: number[]): number => sum(list) / list.length;
    const single = mean(runs(fates({ random: 0.3 }, 50_000)));
    const correlated = mean(runs(fates({ random: 0.3, correlation: 0.75 }, 50_000)));
    expect(single).toBeGreaterThan(1.35); // 1 / 0.7
    expect(single).toBeLessThan(1.5);
    expect(correlated).toBeGreaterThan(1.6);
  });
});

describe('four states', () => {
  it('fills in defaults', () => {
    expect(stateOf([0.25])).toEqual([0.25, 0.75, 0, 1, 0]);
    expect(gemodelOf([0.25])).toEqual([0.25, 0.75, 1, 0]);
  });

  it('isolated losses never come in pairs', () => {
    const list = fates({ state: [0, 0.5, 0, 1, 0.5] }, 10_000);
    expect(Math.max(...runs(list))).toBe(1);
    expect(sum(list)).toMatchInlineSnapshot(`3335`); // p14 / (1 + p14) of them
  });

  it('a burst of certain loss lasts until it is left', () => {
    const list = fates({ state: [0.1, 0.25] }, 100_000);
    expect(sum(list) / list.length).toBeCloseTo(0.1 / 0.35, 1.5); // p13 / (p13 + p31)
    expect(sum(runs(list)) / runs(list).length).toBeCloseTo(4, 0); // 1 / p31
  });

  it('within a burst packets are received between losses', () => {
    const list = fates({ state: [0.01, 0.05, 0.5, 0.3, 0] }, 200_000);
    // Stationary: p1 = p31 p3 / p13, p2 = p32 p3 / p23.
    const share = 1 / (1 + 0.05 / 0.01 + 0.5 / 0.3);
    expect(sum(list) / list.length).toBeCloseTo(share, 1.7);
  });
});

describe('Gilbert and Elliott', () => {
  it('loses by state', () => {
    const list = fates({ gemodel: [0.01, 0.09, 0.5, 0.1] }, 200_000);
    expect(sum(list) / list.length).toBeCloseTo(0.1 * 0.5 + 0.9 * 0.1, 1.8);
    expect(sum(fates({ gemodel: [1, 0, 1, 0] }, 1000))).toBe(999); // good at first
    expect(sum(fates({ gemodel: [0, 0, 1, 0] }, 1000))).toBe(0);
  });
});

describe('distributions', () => {
  it('tables rise; their means and deviations, in units of 1/8192', () => {
    const seen: unknown[] = [];
    for (const name of ['normal', 'pareto', 'paretonormal'] as const) {
      const table = tableOf(name) as Int16Array;
      const list = [...table];
      const average = sum(list) / list.length;
      const spread = Math.sqrt(sum(list.map((value) => (value - average) * (value - average))) / list.length);
      expect(list.every((value, i) => i === 0 || value >= (list[i - 1] as number))).toBe(true);
      expect(tableOf(name)).toBe(table);
      seen.push([name, Math.round(average), Math.round(spread)]);
    }
    expect(seen).toMatchInlineSnapshot(`
      [
        [
          "normal",
          0,
          8191,
        ],
        [
          "pareto",
          -270,
          6724,
        ],
        [
          "paretonormal",
          -202,
          6840,
        ],
      ]
    `);
    expect(tableOf('uniform')).toBe(undefined);
  });

  it('normal: known quantiles, in units of a deviation', () => {
    const table = tableOf('normal') as Int16Array;
    const at = (p: number): number => (table[Math.floor(p * 4096)] as number) / 8192;
    expect(at(0.5)).toBeCloseTo(0, 3);
    expect(at(0.841_344_7)).toBeCloseTo(1, 2);
    expect(at(0.977_249_9)).toBeCloseTo(2, 2);
    expect(at(0.998_650_1)).toBeCloseTo(3, 1);
    expect((table[4095] as number) / 8192).toBeCloseTo(3.669, 2);
    expect(table[0]).toBe(-(table[4095] as number));
  });

  it('pareto: the quantiles of 1 / cbrt(u)', () => {
    const table = tableOf('pareto') as Int16Array;
    const value = (i: number): number => ((table[i] as number) / 8192) * 0.75 + 1.5;
    for (const i of [0, 100, 2048, 4000]) {
      const u = (4095.5 - i) / 4096;
      expect(value(i) * value(i) * value(i) * u).toBeCloseTo(1, 3);
    }
    expect(table[4095]).toBe(32_767);
  });

  it('vary is exact', () => {
    const table = tableOf('normal') as Int16Array;
    for (const deviation of [0, 1, 8191, 8192, 8193, 1_000_000_007, 4_294_967_296_000]) {
      for (const random of [0, 1, 4095, 2048, 0xffff_ffff]) {
        const entry = BigInt(table[random % 4096] as number);
        const product = BigInt(deviation) * entry;
        const rounded = (product + 4096n - ((((product + 4096n) % 8192n) + 8192n) % 8192n)) / 8192n;
        expect(BigInt(vary(5, deviation, random, table))).toBe(rounded + 5n);
      }
    }
    expect(vary(1000, 100, 0, undefined)).toBe(900);
    expect(vary(1000, 100, 0xffff_ffff, undefined)).toBe(1099);
    expect(vary(0, 4_000_000_000, 0xffff_ffff, undefined) % 1000).toBe(0); // whole µs
  });
});

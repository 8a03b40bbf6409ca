import { describe, expect, it } from 'vitest';
import { Dql } from './dql.ts';

describe('byte queue limits', () => {
  it('start at 0: one packet at a time', () => {
    const dql = new Dql();
    expect(dql.available).toBe(0);
    dql.queued(1500);
    expect(dql.available).toBe(-1500);
    dql.unqueued(1500);
    expect(dql.available).toBe(0);
  });

  it('grow when the device ran dry while packets were held back', () => {
    const dql = new Dql();
    dql.queued(1500);
    dql.completed(10, 1500);
    expect([dql.limit, dql.inflight]).toEqual([1500, 0]);
    dql.queued(1500);
    dql.queued(1500); // available was 0: one more is let through
    expect(dql.available).toBe(-1500);
    dql.completed(20, 3000);
    expect(dql.limit).toBe(4500);
  });

  it('do not grow when nothing was held back', () => {
    const dql = new Dql();
    dql.queued(1500);
    dql.completed(10, 1500);
    for (let i = 0; i < 10; i++) {
      dql.queued(1000);
      dql.completed(20 + i, 1000);
    }
    expect(dql.limit).toBe(1500);
  });

  it('settle where the device never runs dry: a device of 4000 bytes a tick', () => {
    const dql = new Dql();
    let device = 0;
    let dry = 0;
    for (let tick = 0; tick < 200; tick++) {
      while (dql.available >= 0) {
        dql.queued(1000);
        device += 1000;
      }
      if (tick > 100 && device < 4000) dry++;
      const done = Math.min(4000, device);
      device -= done;
      dql.completed(tick * 1000, done);
    }
    expect(dry).toBe(0);
    expect(dql.limit).toBeGreaterThanOrEqual(3000);
    expect(dql.limit).toBeLessThanOrEqual(12_000);
  });

  it('shrink by what was to spare all through holdTime', () => {
    const dql = new Dql();
    dql.limitMin = 50_000;
    dql.reset(0);
    dql.limitMin = 0;
    expect(dql.limit).toBe(50_000);
    let now = 0;
    const tick = (): void => {
      while (dql.available >= 0) dql.queued(1000);
      now += 1000;
      dql.completed(now, 2000);
    };
    tick();
    while (now < 1_000_000) tick();
    expect(dql.limit).toBe(50_000);
    while (now < 20_000_000) tick();
    expect(dql.limit).toBeLessThan(8000);
    expect(dql.limit).toBeGreaterThanOrEqual(2000);
  });

  it('grow when all that was in flight at the last look is gone, and more came since', () => {
    const dql = atLimit(1000);
    dql.queued(750);
    dql.queued(750); // 500 over
    dql.completed(10, 750);
    expect(dql.limit).toBe(1000);
    dql.completed(20, 750); // nothing was over the limit now, but it was when this was queued
    expect(dql.limit).toBe(1500);
  });

  it('do not count as needed what a long packet overshot', () => {
    const dql = atLimit(10_000);
    dql.queued(6000);
    dql.queued(5000); // 1000 over
    dql.completed(1, 1000);
    dql.completed(2, 6000); // without the last packet 4000 more would have been to spare
    dql.completed(2_000_000, 1000);
    expect(dql.limit).toBe(6000);
  });

  it('stay within limitMin and limitMax', () => {
    const dql = new Dql();
    dql.limitMax = 2000;
    dql.queued(9000);
    dql.completed(0, 9000);
    expect(dql.limit).toBe(2000);
    dql.limitMin = 2500;
    dql.limitMax = 5000;
    dql.queued(1);
    dql.completed(0, 1);
    expect(dql.limit).toBe(2500);
  });

  it('believe no device that is done with more than it has', () => {
    const dql = new Dql();
    dql.queued(100);
    dql.completed(0, 5000);
    expect(dql.inflight).toBe(0);
  });

  it('reset forgets', () => {
    const dql = new Dql();
    dql.queued(100);
    dql.completed(0, 100);
    dql.queued(700);
    dql.reset(0);
    expect([dql.limit, dql.inflight, dql.available]).toEqual([0, 0, 0]);
  });
});

/** A limit as if it had been found. */
function atLimit(bytes: number): Dql {
  const dql = new Dql();
  dql.limitMin = bytes;
  dql.reset(0);
  dql.limitMin = 0;
  return dql;
}

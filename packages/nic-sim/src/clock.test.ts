import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';

function record(log: number[], value: number): (argument: undefined) => void {
  return () => {
    log.push(value);
  };
}

describe('VirtualClock', () => {
  it('runs events by time, and those of one time in the order of insertion', () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    clock.at(20, record(log, 3), undefined);
    clock.at(10, record(log, 1), undefined);
    clock.at(10, record(log, 2), undefined);
    clock.at(20, record(log, 4), undefined);
    expect(clock.run()).toBe(4);
    expect(log).toEqual([1, 2, 3, 4]);
    expect(clock.now()).toBe(20);
  });

  it('any times, any cancellations: sorted by time, then by insertion', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 200 }), (events) => {
        const clock = new VirtualClock();
        const log: number[] = [];
        const handles = events.map(([time], index) => clock.at(time, record(log, index), undefined));
        events.forEach(([, cancelled], index) => {
          if (cancelled) clock.cancel(handles[index] as object);
        });
        clock.run();
        const expected = events
          .map(([time, cancelled], index) => ({ time, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.time - b.time || a.index - b.index)
          .map(({ index }) => index);
        expect(log).toEqual(expected);
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('hands the argument over and never runs an event inside at()', () => {
    const clock = new VirtualClock();
    let seen = 0;
    clock.at(
      0,
      (n: number) => {
        seen = n;
      },
      7,
    );
    expect(seen).toBe(0);
    expect(clock.step()).toBe(true);
    expect(seen).toBe(7);
    expect(clock.step()).toBe(false);
  });

  it('treats a time in the past as now', () => {
    const clock = new VirtualClock(100);
    clock.at(5, () => {}, undefined);
    clock.run();
    expect(clock.now()).toBe(100);
  });

  it('runUntil stops behind the last event of that time and moves the clock there', () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    clock.at(10, record(log, 1), undefined);
    clock.at(11, record(log, 2), undefined);
    expect(clock.runUntil(10)).toBe(1);
    expect(clock.runUntil(10)).toBe(0);
    expect(log).toEqual([1]);
    expect(clock.now()).toBe(10);
    expect(clock.pending).toBe(1);
    expect(() => clock.runUntil(9)).toThrow(RangeError);
  });

  it('an event may cancel another and itself', () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    const second = clock.at(2, record(log, 2), undefined);
    const first = clock.at(
      1,
      () => {
        clock.cancel(second);
        clock.cancel(first);
      },
      undefined,
    );
    clock.run();
    clock.cancel(first);
    expect(log).toEqual([]);
  });

  it('does not go back when an event runs the clock further than the one who ran the event', () => {
    const clock = new VirtualClock();
    clock.at(5, () => void clock.runUntil(100), undefined);
    clock.runUntil(10);
    expect(clock.now()).toBe(100);
  });

  it('refuses to run for ever', () => {
    const clock = new VirtualClock();
    const again = (): void => {
      clock.at(clock.now(), again, undefined);
    };
    again();
    expect(() => clock.run(1000)).toThrow(RangeError);
    expect(() => clock.runUntil(5, 1000)).toThrow(RangeError);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the time %s', (time) => {
    expect(() => new VirtualClock().at(time, () => {}, undefined)).toThrow(RangeError);
    expect(() => new VirtualClock(time)).toThrow(RangeError);
    expect(() => new VirtualClock().runUntil(time)).toThrow(RangeError);
  });
});

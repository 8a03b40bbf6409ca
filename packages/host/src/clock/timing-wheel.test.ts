import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Timer, TimingWheel } from './timing-wheel.ts';
import { VirtualClock } from './virtual-clock.ts';

function start(options?: ConstructorParameters<typeof TimingWheel>[1]) {
  const clock = new VirtualClock();
  const timers = new TimingWheel(clock, options);
  const log: string[] = [];
  const named = (name: string, then?: () => void): Timer =>
    timers.timer((now, argument: string) => {
      log.push(`${now} ${argument}`);
      then?.();
    }, name);
  return { clock, timers, log, named };
}

describe('TimingWheel', () => {
  it('fires at the exact microsecond, in order of time, then of arming', async () => {
    const { clock, timers, log, named } = start();
    named('late').mod(7_200_000_000);
    named('b').mod(40_000);
    named('a').mod(39_999);
    named('c').mod(40_000);
    expect(timers.pending).toBe(4);
    await clock.run();
    expect(log).toEqual(['39999 a', '40000 b', '40000 c', '7200000000 late']);
    expect(timers.pending).toBe(0);
  });

  it('tells whether it is armed, and for when', async () => {
    const { clock, named } = start();
    const timer: Timer = named('x', () => expect(timer.pending).toBe(false));
    expect(timer.pending).toBe(false);
    timer.mod(5);
    expect(timer.pending).toBe(true);
    expect(timer.expires).toBe(5);
    expect(timer.del()).toBe(true);
    expect(timer.del()).toBe(false);
    timer.mod(9);
    await clock.run();
    expect(timer.pending).toBe(false);
    expect(timer.expires).toBe(9);
    expect(clock.now()).toBe(9);
  });

  it('moves a timer to either side', async () => {
    const { clock, log, named } = start();
    const timer = named('x');
    timer.mod(100);
    timer.mod(200_000);
    timer.mod(50);
    const other = named('y');
    other.mod(60);
    other.mod(300_000);
    await clock.run();
    expect(log).toEqual(['50 x', '300000 y']);
  });

  it('fires a past time as soon as possible, not at once, and behind what waits already', async () => {
    const { clock, log, named } = start();
    await clock.runUntil(1000);
    named('now').mod(1000);
    named('past').mod(3);
    expect(log).toEqual([]);
    await clock.run();
    expect(log).toHaveLength(2);
    expect(log.every((line) => line.startsWith('1000 '))).toBe(true);
  });

  it('leaves no event behind when the last timer is disarmed', async () => {
    const { clock, named } = start();
    const timer = named('x');
    timer.mod(1_000_000);
    timer.del();
    expect(clock.pending).toBe(0);
    await clock.run();
    expect(clock.now()).toBe(0);
  });

  it('has one event of the clock, whatever the number of timers', () => {
    const { clock, named } = start();
    for (let i = 0; i < 1000; i++) named('x').mod(1000 - i);
    expect(clock.pending).toBe(1);
  });

  it('keeps the order when timers arm and disarm others, and themselves, while they fire', async () => {
    const { clock, log, named } = start();
    let again = 3;
    const self: Timer = named('self', () => {
      if (again-- > 0) self.mod(clock.now());
    });
    const victim = named('victim');
    const killer = named('killer', () => victim.del());
    const moved = named('moved');
    const mover = named('mover', () => moved.mod(20));
    for (const timer of [self, killer, victim, mover, moved]) timer.mod(10);
    await clock.run();
    expect(log).toEqual(['10 self', '10 killer', '10 mover', '10 self', '10 self', '10 self', '20 moved']);
  });

  it('lets other events run between those of a timer that keeps arming itself for now', async () => {
    const { clock, log, named } = start();
    const self: Timer = named('self', () => {
      if (log.length < 10 && !log.includes('other')) self.mod(0);
    });
    self.mod(5);
    clock.at(5, () => clock.at(5, () => log.push('other'), undefined), undefined);
    await clock.run();
    expect(log).toContain('other');
    expect(log.length).toBeLessThan(6);
  });

  it('brackets all that fires together', async () => {
    const brackets: string[] = [];
    const { clock, log, named } = start({
      run: (expire) => {
        brackets.push(`enter ${log.length}`);
        expire();
        brackets.push(`exit ${log.length}`);
      },
    });
    named('a').mod(5);
    named('b').mod(5);
    named('c').mod(6);
    await clock.run();
    expect(brackets).toEqual(['enter 0', 'exit 2', 'enter 2', 'exit 3']);
  });

  it('fires the others although one throws', async () => {
    const { clock, log, named } = start();
    named('bad', () => {
      throw new Error('of a timer');
    }).mod(5);
    named('good').mod(5);
    named('later').mod(6);
    await expect(clock.run()).rejects.toThrow('of a timer');
    expect(log).toEqual(['5 bad']);
    await clock.run();
    expect(log).toEqual(['5 bad', '5 good', '6 later']);
  });

  it('refuses times that are no whole number, and keeps the timer as it was', () => {
    const { named } = start();
    const timer = named('x');
    timer.mod(7);
    for (const time of [1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => timer.mod(time)).toThrow(RangeError);
    }
    expect(timer.pending).toBe(true);
    expect(timer.expires).toBe(7);
  });

  it('any timers, moved and disarmed at any times: each fires once, when it was to', async () => {
    const step = fc.record({
      wait: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(5_000_000)),
      timer: fc.nat(9),
      after: fc.oneof(fc.nat(3), fc.nat(200), fc.nat(10_000_000), fc.constant(-1)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new VirtualClock();
        const timers = new TimingWheel(clock);
        const fired: string[] = [];
        const all = Array.from({ length: 10 }, (_, i) =>
          timers.timer((now, id: number) => {
            fired.push(`${now} ${id}`);
          }, i),
        );
        const armed = new Map<number, { time: number; order: number }>();
        const expected: string[] = [];
        const pass = (until: number): void => {
          const due = [...armed].filter(([, { time }]) => time <= until);
          due.sort(([, a], [, b]) => a.time - b.time || a.order - b.order);
          for (const [id, { time }] of due) {
            armed.delete(id);
            expected.push(`${time} ${id}`);
          }
        };
        let order = 0;
        for (const { wait, timer, after } of steps) {
          pass(clock.now() + wait);
          await clock.runFor(wait);
          const chosen = all[timer] as Timer;
          expect(chosen.pending).toBe(armed.has(timer));
          if (after < 0) {
            expect(chosen.del()).toBe(armed.delete(timer));
            continue;
          }
          chosen.mod(clock.now() + after);
          armed.set(timer, { time: clock.now() + after, order: order++ });
        }
        pass(Number.MAX_SAFE_INTEGER);
        await clock.run();
        expect(fired).toEqual(expected);
      }),
    );
  });
});

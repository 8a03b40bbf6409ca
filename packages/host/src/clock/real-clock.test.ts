import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { platform, type TimerHandle } from './platform.ts';
import { RealClock } from './real-clock.ts';
import { TimingWheel } from './timing-wheel.ts';

const open: RealClock[] = [];

function clockOf(options?: ConstructorParameters<typeof RealClock>[0]): RealClock {
  const clock = new RealClock(options);
  open.push(clock);
  return clock;
}

afterEach(() => {
  for (const clock of open.splice(0)) clock.close();
  vi.restoreAllMocks();
});

describe('RealClock', () => {
  it('goes by itself, in whole microseconds, and never back', () => {
    const clock = clockOf();
    let last = clock.now();
    for (let i = 0; i < 10_000; i++) {
      const now = clock.now();
      expect(Number.isSafeInteger(now)).toBe(true);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('stays where it is when the platform goes back', () => {
    const clock = clockOf();
    const now = clock.now();
    vi.spyOn(platform.performance, 'now').mockReturnValue(0);
    expect(clock.now()).toBe(now);
  });

  it('runs events by time, those of one time in order of insertion, never inside at()', async () => {
    const clock = clockOf();
    const log: string[] = [];
    const push = (name: string) => log.push(name);
    const start = clock.now();
    clock.at(start + 30_000, push, 'd');
    clock.at(start + 10_000, push, 'b');
    clock.at(start + 10_000, push, 'c');
    clock.at(0, push, 'a');
    clock.cancel(clock.at(start + 5_000, push, 'cancelled'));
    clock.cancel(clock.at(0, push, 'cancelled too'));
    expect(log).toEqual([]);
    await clock.sleep(40_000);
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    expect(clock.now() - start).toBeGreaterThanOrEqual(40_000);
    expect(clock.pending).toBe(0);
  });

  it('runs an overdue event before what was made after its time', async () => {
    const clock = clockOf();
    const log: string[] = [];
    const start = clock.now();
    clock.at(start + 100, () => log.push('first'), undefined);
    while (clock.now() < start + 200); // the process is busy
    clock.at(0, () => log.push('second'), undefined);
    await clock.sleep(0);
    expect(log).toEqual(['first', 'second']);
  });

  it('is exact to a fraction of a millisecond, for it polls before an event', async () => {
    const clock = clockOf();
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 10; i++) {
      const due = clock.now() + 2345;
      await clock.sleep(2345);
      expect(clock.now()).toBeGreaterThanOrEqual(due);
      best = Math.min(best, clock.now() - due);
    }
    expect(best).toBeLessThan(500); // about 20 on an idle machine
  });

  it('lets the process have a turn while events never end', async () => {
    const clock = clockOf({ budget: 1000 });
    let events = 0;
    const again = (): void => {
      events++;
      clock.at(0, again, undefined);
    };
    again();
    for (let turn = 0; turn < 5; turn++) {
      const before = events;
      await new Promise<void>((resolve) => platform.setTimeout(resolve, 1));
      expect(events).toBeGreaterThan(before);
    }
  });

  it('lets an application that an event woke go on before the next event', async () => {
    const clock = clockOf();
    const log: string[] = [];
    const application = clock.sleep(0).then(() => log.push('application'));
    clock.at(0, () => log.push('event'), undefined);
    await application;
    await clock.sleep(0);
    expect(log).toEqual(['application', 'event']);
  });

  it('stands still while an event runs, unless told to look again', async () => {
    const clock = clockOf();
    const seen: number[] = [];
    let looked = 0;
    const event = (): void => {
      const start = platform.performance.now();
      seen.push(clock.now());
      while (platform.performance.now() < start + 0.2);
      seen.push(clock.now());
      looked = clock.update();
      seen.push(clock.now());
    };
    clock.at(0, event, undefined);
    await clock.sleep(0);
    expect(seen).toEqual([seen[0], seen[0], looked]);
    expect(looked).toBeGreaterThanOrEqual((seen[0] as number) + 200);
    const now = clock.now();
    while (clock.now() === now); // outside of events it goes on
  });

  it('goes on after an event that throws', async () => {
    const errors: unknown[] = [];
    const clock = clockOf({ onError: (error) => errors.push(error) });
    const failure = new Error('of an event');
    clock.at(
      0,
      () => {
        throw failure;
      },
      undefined,
    );
    await clock.sleep(0);
    expect(errors).toEqual([failure]);
  });

  it('runs many events that are due at once in order, and keeps no memory of them', async () => {
    const clock = clockOf();
    let next = 0;
    const check = (i: number): void => {
      expect(i).toBe(next++);
    };
    for (let i = 0; i < 5000; i++) clock.at(0, check, i);
    expect(clock.pending).toBe(5000);
    await clock.sleep(0);
    expect(next).toBe(5000);
    expect(clock.pending).toBe(0);
  });

  it('runs nothing after close()', async () => {
    const clock = clockOf();
    const run = vi.fn();
    clock.at(0, run, undefined);
    clock.at(clock.now() + 2000, run, undefined);
    clock.close();
    clock.at(0, run, undefined);
    await new Promise<void>((resolve) => platform.setTimeout(resolve, 5));
    expect(run).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
    expect(() => clock.at(0.5, run, undefined)).toThrow(RangeError);
  });

  it('carries a timing wheel', async () => {
    const clock = clockOf();
    const timers = new TimingWheel(clock);
    const log: number[] = [];
    const start = clock.now();
    for (const delay of [3000, 1500, 2999]) {
      timers
        .timer((now, due: number) => {
          expect(now).toBeGreaterThanOrEqual(due);
          log.push(due - start);
        }, start + delay)
        .mod(start + delay);
    }
    await clock.sleep(5000);
    expect(log).toEqual([1500, 2999, 3000]);
  });
});

describe('RealClock and its process', () => {
  interface Fake {
    readonly milliseconds: number | undefined;
    readonly run: () => void;
    isHeld: boolean;
    isCleared: boolean;
    ref(): void;
    unref(): void;
  }
  let timeouts: Fake[];
  let turns: Fake[];
  let time: number;

  const fake = (run: () => void, milliseconds?: number): Fake => ({
    milliseconds,
    run,
    isHeld: true,
    isCleared: false,
    ref() {
      this.isHeld = true;
    },
    unref() {
      this.isHeld = false;
    },
  });

  beforeEach(() => {
    timeouts = [];
    turns = [];
    time = 0;
    vi.spyOn(platform.performance, 'now').mockImplementation(() => time);
    vi.spyOn(platform, 'setTimeout').mockImplementation((run, milliseconds) => {
      timeouts.push(fake(run, milliseconds));
      return timeouts.at(-1) as TimerHandle;
    });
    vi.spyOn(platform, 'clearTimeout').mockImplementation((handle) => {
      (handle as Fake).isCleared = true;
    });
    vi.spyOn(platform as { setImmediate(run: () => void): TimerHandle }, 'setImmediate').mockImplementation(
      (run) => {
        turns.push(fake(run));
        return turns.at(-1) as TimerHandle;
      },
    );
  });

  it('splits what setTimeout cannot wait for', () => {
    const clock = clockOf();
    const run = vi.fn();
    const month = 30 * 86_400_000;
    clock.at(clock.now() + month * 1000, run, undefined);
    expect(timeouts[0]?.milliseconds).toBe(2 ** 31 - 1);
    time = 2 ** 31;
    timeouts[0]?.run();
    expect(run).not.toHaveBeenCalled();
    expect(timeouts[1]?.milliseconds).toBe(month - 2 ** 31 - 1);
    time = month;
    timeouts[1]?.run();
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('keeps the process alive while an application waits, and not for an event alone', () => {
    const clock = clockOf();
    clock.at(clock.now() + 10_000_000, () => undefined, undefined);
    expect(timeouts[0]?.isHeld).toBe(false);
    clock.waiting(1);
    clock.waiting(1);
    expect(timeouts[0]?.isHeld).toBe(true);
    clock.waiting(-1);
    expect(timeouts[0]?.isHeld).toBe(true);
    clock.waiting(-1);
    expect(timeouts[0]?.isHeld).toBe(false);
  });

  it('keeps the process alive until what is due has run, and while it polls: Node sleeps over turns that are not held', () => {
    const clock = clockOf();
    clock.at(clock.now() + 500, () => undefined, undefined);
    expect(turns.map(({ isHeld }) => isHeld)).toEqual([true]);
    clock.at(0, () => undefined, undefined);
    expect(turns.map(({ isHeld }) => isHeld)).toEqual([true]);
  });

  it('does not poll where it must not keep the process alive', () => {
    const clock = clockOf({ keepAlive: 'never' });
    clock.at(clock.now() + 500, () => undefined, undefined);
    expect(turns).toHaveLength(0);
    expect(timeouts.map(({ milliseconds, isHeld }) => [milliseconds, isHeld])).toEqual([[1, false]]);
  });

  /** An application that sleeps `count` times. `after` is called each time it woke. */
  async function sleeper(clock: RealClock, count: number, after: () => void): Promise<void> {
    for (let i = 0; i < count; i++) {
      await clock.sleep(0);
      for (let hop = 0; hop < 20; hop++) await undefined;
      after();
    }
  }

  const settled = (): Promise<void> => new Promise((resolve) => platform.setTimeout(resolve, 0));

  it('wakes an application again and again in one task, and lets it run before the next event', async () => {
    vi.mocked(platform.setTimeout).mockRestore();
    const clock = clockOf();
    const log: string[] = [];
    const application = sleeper(clock, 3, () => {
      log.push('application');
      clock.at(0, () => log.push('event'), undefined);
    });
    expect(turns).toHaveLength(1);
    turns[0]?.run();
    await settled();
    expect(log).toEqual(['application', 'event', 'application', 'event', 'application', 'event']);
    expect(turns).toHaveLength(1);
    await application;
  });

  it.each([
    ['the task took long', 4, 2, 'nextTick'],
    ['there is no way to go on in it', 0, 1, 'none'],
  ] as const)('leaves the rest to another task when %s', async (_, passed, wakes, way) => {
    vi.mocked(platform.setTimeout).mockRestore();
    const { process } = platform as { process: { nextTick: unknown } };
    const { nextTick } = process;
    if (way === 'none') process.nextTick = undefined;
    const clock = clockOf();
    process.nextTick = nextTick;
    let woken = 0;
    const application = sleeper(clock, 3, () => woken++);
    clock.at(
      0,
      () => {
        time += passed;
      },
      undefined,
    );
    turns[0]?.run();
    await settled();
    expect(woken).toBe(wakes);
    expect(turns).toHaveLength(2);
    for (let turn = 1; woken < 3; turn++) {
      turns[turn]?.run();
      await settled();
    }
    await application;
  });

  it.each([
    ['always', true],
    ['never', false],
  ] as const)('keepAlive %s', (keepAlive, isHeld) => {
    const clock = clockOf({ keepAlive });
    clock.at(clock.now() + 10_000_000, () => undefined, undefined);
    expect(timeouts[0]?.isHeld).toBe(isHeld);
    clock.waiting(1);
    expect(timeouts[0]?.isHeld).toBe(isHeld);
    clock.waiting(-1);
  });

  it('sets one timer for many events, and none once they are cancelled', () => {
    const clock = clockOf();
    const first = clock.at(clock.now() + 10_000_000, () => undefined, undefined);
    const second = clock.at(clock.now() + 20_000_000, () => undefined, undefined);
    expect(timeouts).toHaveLength(1);
    clock.cancel(first);
    clock.cancel(second);
    clock.cancel(second);
    expect(timeouts[0]?.isCleared).toBe(true);
    const sooner = clock.at(clock.now() + 5_000_000, () => undefined, undefined);
    expect(timeouts).toHaveLength(2);
    clock.cancel(sooner);
  });

  it('sleeps until the millisecond before where it must not poll', () => {
    const clock = clockOf({ spin: 0 });
    clock.at(clock.now() + 2500, () => undefined, undefined);
    expect(timeouts[0]?.milliseconds).toBe(3);
    const polling = clockOf({ spin: 1000 });
    polling.at(polling.now() + 2500, () => undefined, undefined);
    expect(timeouts[1]?.milliseconds).toBe(1);
  });
});

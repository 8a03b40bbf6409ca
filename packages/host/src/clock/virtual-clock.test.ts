import { describe, expect, it } from 'vitest';
import { type SleepSignal, sleep } from './clock.ts';
import { platform } from './platform.ts';
import { DeadlockError, VirtualClock } from './virtual-clock.ts';

/** Passes `count` microtasks. */
async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

describe('VirtualClock', () => {
  it('runs events by time, those of one time in order of insertion, and stops behind the last', async () => {
    const clock = new VirtualClock({ start: 5 });
    const log: number[] = [];
    const push = (n: number) => log.push(n);
    clock.at(20, push, 3);
    clock.at(10, push, 1);
    clock.at(10, push, 2);
    const handle = clock.at(15, push, 9);
    clock.cancel(handle);
    expect(log).toEqual([]);
    await clock.run();
    expect(log).toEqual([1, 2, 3]);
    expect(clock.now()).toBe(20);
    expect(clock.pending).toBe(0);
  });

  it('runUntil runs what is at that time, also what is added there meanwhile, and nothing later', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.at(
      10,
      () => {
        log.push('a');
        clock.at(10, () => clock.at(10, () => log.push('c'), undefined), undefined);
      },
      undefined,
    );
    clock.at(10, () => log.push('b'), undefined);
    clock.at(11, () => log.push('late'), undefined);
    await clock.runUntil(10);
    expect(log).toEqual(['a', 'b', 'c']);
    expect(clock.now()).toBe(10);
    expect(clock.pending).toBe(1);
    await clock.runFor(0);
    await clock.runFor(1);
    expect(log).toEqual(['a', 'b', 'c', 'late']);
    await clock.runFor(1000);
    expect(clock.now()).toBe(1011);
    await expect(clock.runUntil(1010)).rejects.toThrow(RangeError);
    await expect(clock.runFor(0.5)).rejects.toThrow(RangeError);
  });

  it('runUntil lets an application woken at the last moment act at that moment', async () => {
    const clock = new VirtualClock();
    const log: number[] = [];
    const application = async () => {
      await clock.sleep(10);
      await microtasks(20);
      clock.at(10, () => log.push(clock.now()), undefined);
    };
    void application();
    await clock.runUntil(10);
    expect(log).toEqual([10]);
  });

  it('run(promise) stops when it settles, with its value or its error', async () => {
    const clock = new VirtualClock();
    clock.at(50_000, () => expect.unreachable(), undefined);
    expect(await clock.run(clock.sleep(10).then(() => 'done'))).toBe('done');
    expect(clock.now()).toBe(10);
    const failure = new Error('of the application');
    const failing = clock.sleep(10).then(() => {
      throw failure;
    });
    await expect(clock.run(failing)).rejects.toBe(failure);
    expect(clock.now()).toBe(20);
    expect(await clock.run(Promise.resolve(7))).toBe(7);
    expect(clock.now()).toBe(20);
  });

  it('says so when nothing will ever happen, and who waits', async () => {
    const clock = new VirtualClock();
    clock.at(77, () => undefined, undefined);
    clock.witnesses.add(() => ['socket 3: accept']);
    const error = await clock.run(new Promise(() => undefined), 'the server').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(String(error)).toBe(
      'DeadlockError: clock: deadlock: nothing will ever happen, and the server is still pending at 77 µs\n  socket 3: accept',
    );
    expect((error as DeadlockError).code).toBe('DEADLOCK');
    expect(await clock.run(clock.sleep(1).then(() => 'alive'))).toBe('alive');
  });

  it('lets errors of events out and goes on behind them', async () => {
    const clock = new VirtualClock();
    const failure = new Error('of an event');
    let ran = 0;
    clock.at(
      1,
      () => {
        throw failure;
      },
      undefined,
    );
    clock.at(1, () => ran++, undefined);
    await expect(clock.run()).rejects.toBe(failure);
    expect(ran).toBe(0);
    expect(clock.running).toBe(false);
    await clock.run();
    expect(ran).toBe(1);
  });

  it('refuses a second run inside of the first', async () => {
    const clock = new VirtualClock();
    const inside = async () => {
      await clock.sleep(1);
      await clock.runFor(1);
    };
    await expect(clock.run(inside())).rejects.toThrow('clock: it runs already');
    await expect(clock.run(clock.sleep(1))).resolves.toBeUndefined();
  });

  it('gives up on a run that never ends', async () => {
    const clock = new VirtualClock({ maxEvents: 1000 });
    const again = (): void => {
      clock.at(clock.now(), again, undefined);
    };
    again();
    await expect(clock.run()).rejects.toThrow('still busy after 1000 events');
  });

  it('stands still while it is held', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const release = clock.hold();
    const other = clock.hold();
    clock.at(5, () => log.push('event'), undefined);
    const run = clock.run();
    platform.setTimeout(() => {
      log.push('foreign');
      release();
      release(); // twice is once
    }, 5);
    platform.setTimeout(() => {
      log.push('foreign too');
      other();
    }, 10);
    await run;
    expect(log).toEqual(['foreign', 'foreign too', 'event']);
  });

  it('holds while an event waits for something foreign, until the application went on', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const application = async () => {
      await clock.sleep(1);
      const release = clock.hold();
      await new Promise((resolve) => platform.setTimeout(() => resolve(undefined), 5));
      release();
      await microtasks(30);
      log.push(`back at ${clock.now()}`);
      await clock.sleep(1);
      log.push(`slept until ${clock.now()}`);
    };
    clock.at(2, () => log.push('event at 2'), undefined);
    await clock.run(application());
    expect(log).toEqual(['back at 1', 'event at 2', 'slept until 2']);
  });

  it('gives the same trace whatever the number of awaits in a program', async () => {
    const trace = async (awaits: number): Promise<string[]> => {
      const clock = new VirtualClock();
      const log: string[] = [];
      let next = 0;
      const application = async (name: string, period: number) => {
        for (let i = 0; i < 20; i++) {
          await microtasks(awaits);
          clock.at(clock.now() + (next++ % 3), () => log.push(`${clock.now()} event of ${name}`), undefined);
          await sleep(clock, period);
          await microtasks(awaits);
          log.push(`${clock.now()} ${name} ${i}`);
        }
      };
      await clock.run(Promise.all([application('a', 3), application('b', 5), application('c', 3)]));
      return log;
    };
    const once = await trace(1);
    expect(once.length).toBeGreaterThan(100);
    expect(await trace(50)).toEqual(once);
    expect(await trace(0)).toEqual(once);
  });

  it('passes ten minutes with timers in milliseconds', async () => {
    const clock = new VirtualClock();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      if (clock.now() < 600_000_000) clock.at(clock.now() + 40_000, tick, undefined);
    };
    tick();
    const before = platform.performance.now();
    await clock.run(clock.sleep(600_000_000));
    expect(ticks).toBe(15_000);
    expect(platform.performance.now() - before).toBeLessThan(1000); // 10 ms, on an idle machine
  });
});

describe('sleep', () => {
  it('is called off by a signal, before and while it sleeps', async () => {
    const clock = new VirtualClock();
    const { AbortController } = globalThis as unknown as {
      AbortController: new () => { signal: SleepSignal; abort(reason: unknown): void };
    };
    const controller = new AbortController();
    const sleeping = clock.sleep(1000, controller.signal);
    clock.at(10, () => controller.abort('enough'), undefined);
    await expect(clock.run(sleeping)).rejects.toBe('enough');
    expect(clock.now()).toBe(10);
    expect(clock.pending).toBe(0);
    await expect(clock.sleep(1, controller.signal)).rejects.toBe('enough');
    await expect(clock.sleep(-1)).rejects.toThrow(RangeError);
    await expect(clock.sleep(1.5)).rejects.toThrow(RangeError);
  });
});

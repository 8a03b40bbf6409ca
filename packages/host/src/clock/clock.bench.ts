/**
 * What timers and events cost: `node --expose-gc packages/host/src/clock/clock.bench.ts`. Prints nanoseconds for a call, best of five,
 * and bytes for a timer.
 * @module
 */
import type { Clock } from './clock.ts';
import { platform } from './platform.ts';
import { RealClock } from './real-clock.ts';
import { type Timer, TimingWheel } from './timing-wheel.ts';

const {
  console,
  process,
  gc = () => undefined,
} = globalThis as unknown as {
  console: { log(...values: unknown[]): void };
  process: { memoryUsage(): { heapUsed: number } };
  gc?: () => void;
};

const TIMERS = 100_000;
const MODS = 2_000_000;

/** A clock that is moved by hand and has one event, as a timing wheel needs it. */
class HandClock implements Clock {
  time = 0;
  due: { time: number; run: () => void } | undefined = undefined;
  now(): number {
    return this.time;
  }
  update(): number {
    return this.time;
  }
  at<A>(time: number, run: (argument: A) => void, argument: A): object {
    this.due = { time, run: () => run(argument) };
    return this.due;
  }
  cancel(): void {
    this.due = undefined;
  }
  woke(): void {}
  waiting(): void {}
  hold(): () => void {
    return this.woke;
  }
  runUntil(time: number): void {
    for (let due = this.due; due !== undefined && due.time <= time; due = this.due) {
      this.due = undefined;
      this.time = Math.max(this.time, due.time);
      due.run();
    }
    this.time = time;
  }
}

/** Best of five, ns for one of `count`. */
function measure(count: number, run: () => void): string {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = platform.performance.now();
    run();
    best = Math.min(best, platform.performance.now() - start);
  }
  return `${((best * 1e6) / count).toFixed(1)} ns`;
}

const sink = { fired: 0 };
const fire = (): void => {
  sink.fired++;
};
let random = 1;
/** xorshift32: any delay up to 134 s. */
const delay = (): number => {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return random >>> 5;
};

const clock = new HandClock();
const timers = new TimingWheel(clock);
const all: Timer[] = new Array(TIMERS);
gc();
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < TIMERS; i++) all[i] = timers.timer(fire, undefined);
for (const timer of all) timer.mod(delay());
gc();
const bytes = (process.memoryUsage().heapUsed - before - TIMERS * 8) / TIMERS;
console.log(`bytes for a timer, armed           ${bytes.toFixed(0)}`);

console.log(
  `mod, one of 100,000, any time      ${measure(MODS, () => {
    for (let i = 0; i < MODS; i++) (all[(i * 7919) % TIMERS] as Timer).mod(clock.time + delay());
  })}`,
);
const one = timers.timer(fire, undefined);
console.log(
  `mod, the same timer, 200 ms        ${measure(MODS, () => {
    for (let i = 0; i < MODS; i++) one.mod(clock.time + 200_000 + (i & 1023));
  })}`,
);
console.log(
  `del and mod                        ${measure(MODS, () => {
    for (let i = 0; i < MODS; i++) {
      one.del();
      one.mod(clock.time + 40_000);
    }
  })}`,
);
console.log(
  `mod and fire, 100,000 over 134 s   ${measure(TIMERS, () => {
    for (const timer of all) timer.mod(clock.time + delay());
    clock.runUntil(clock.time + 140_000_000);
  })}`,
);

const real = new RealClock();
const EVENTS = 1_000_000;
const start = platform.performance.now();
for (let i = 0; i < EVENTS; i++) real.at(0, fire, undefined);
real.at(
  0,
  () => {
    const passed = platform.performance.now() - start;
    console.log(`RealClock: at(now) and run          ${((passed * 1e6) / EVENTS).toFixed(1)} ns`);
    let left = EVENTS;
    const again = performanceOf(() => left-- > 0);
    again();
  },
  undefined,
);

/** Events that each make the next one, as packets do that answer packets. */
function performanceOf(more: () => boolean): () => void {
  const begin = platform.performance.now();
  const next = (): void => {
    if (more()) real.at(0, next, undefined);
    else {
      const passed = platform.performance.now() - begin;
      console.log(`RealClock: one event after another  ${((passed * 1e6) / EVENTS).toFixed(1)} ns`);
      real.close();
    }
  };
  return next;
}

/**
 * Virtual time for hosts and the applications on them. Time moves from event to event; an application that an event woke runs as
 * far as it can before the next one, so that how many `await`s it has changes nothing.
 * @module
 */
import { VirtualClock as EventQueue } from '@stack/nic-sim';
import { type Clock, type SleepSignal, sleep } from './clock.ts';
import { type Defer, deferrer } from './platform.ts';

/** Events after which a run lets the process have a task, so that its timers and its user are not forgotten. */
const EVENTS_PER_TASK = 8192;

/** Events one run takes before it is taken for one that never ends. */
export const MAX_RUN_EVENTS = 100_000_000;

/** How {@link VirtualClock} is made. */
export interface VirtualClockOptions {
  /** First value of {@link VirtualClock.now}, µs. Default 0. */
  start?: number;
  /** Events of one run, above which it fails. Default {@link MAX_RUN_EVENTS}. */
  maxEvents?: number;
}

/** The error of a run whose promise can no longer settle: no event is left that could have it happen. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  /** Stable, for programs. */
  readonly code = 'DEADLOCK';
}

/** A clock that stands still between events: a run is a function of its inputs and nothing else. */
export class VirtualClock implements Clock {
  /** Asked, when nothing will ever happen, who waits for what: a line each. */
  readonly witnesses: Set<() => readonly string[]> = new Set();
  readonly #events: EventQueue;
  readonly #maxEvents: number;
  readonly #defer: Defer = deferrer();
  #running = false;
  #steps = 0;
  #woke = false;
  #waiting = 0;
  #holds = 0;
  #released: (() => void) | undefined;

  /** @throws RangeError if `start` is not an integer. */
  constructor(options: VirtualClockOptions = {}) {
    this.#events = new EventQueue(options.start ?? 0);
    this.#maxEvents = options.maxEvents ?? MAX_RUN_EVENTS;
  }

  /** The virtual time, µs. */
  now(): number {
    return this.#events.now();
  }

  /** Time moves between events only. */
  update(): number {
    return this.#events.now();
  }

  /** Events waiting. */
  get pending(): number {
    return this.#events.pending;
  }

  /** Whether somebody runs it just now. */
  get running(): boolean {
    return this.#running;
  }

  /** See {@link Clock.at}. */
  at<A>(time: number, run: (argument: A) => void, argument: A): object {
    return this.#events.at(time, run, argument);
  }

  /** See {@link Clock.cancel}. */
  cancel(handle: object): void {
    this.#events.cancel(handle);
  }

  /** See {@link Clock.woke}: before the next event, one task of the process passes. */
  woke(): void {
    this.#woke = true;
  }

  /** See {@link Clock.waiting}. The error of a deadlock tells the number. */
  waiting(change: 1 | -1): void {
    this.#waiting += change;
  }

  /** See {@link Clock.hold}. Holds are counted; calling the function returned twice is no error. */
  hold(): () => void {
    this.#holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      if (this.#holds === 0) this.#released?.();
    };
  }

  /** Waits `duration` µs of virtual time. See {@link sleep}. */
  sleep(duration: number, signal?: SleepSignal): Promise<void> {
    return sleep(this, duration, signal);
  }

  /**
   * Runs events until `promise` settles, and settles alike; without one, until no event is left. An event that throws ends the
   * run with its error, and the next run goes on behind it.
   * @param what The promise's name, for the error.
   * @throws DeadlockError where no event is left and the promise is still pending; Error while another run goes on; RangeError
   * after too many events.
   */
  async run(): Promise<void>;
  async run<T>(promise: PromiseLike<T>, what?: string): Promise<T>;
  async run<T>(promise?: PromiseLike<T>, what = 'the promise'): Promise<T | undefined> {
    if (promise === undefined) {
      await this.#drive(never);
      return undefined;
    }
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.#drive(() => settled);
    if (!settled) throw this.#deadlock(what);
    return promise;
  }

  /** Runs until no event is left: {@link run} without a promise, by its own name. */
  idle(): Promise<void> {
    return this.run();
  }

  /** {@link runUntil} the time `duration` µs from now. */
  runFor(duration: number): Promise<void> {
    return this.runUntil(this.now() + duration);
  }

  /**
   * Runs the events up to and including `time`, µs, and leaves the clock there. @throws as {@link run}; RangeError if `time` is no
   * integer or lies in the past.
   */
  async runUntil(time: number): Promise<void> {
    if (!Number.isSafeInteger(time) || time < this.now()) {
      throw new RangeError(`clock: cannot run until ${time}, it is ${this.now()}`);
    }
    // An event at `time` ends the run. It goes behind the others there again and again, until none of them ran in between.
    let over = false;
    let mark = -1;
    let handle: object;
    const reached = (): void => {
      over = this.#steps === mark + 1;
      mark = this.#steps;
      if (!over) handle = this.#events.at(time, reached, undefined);
    };
    handle = this.#events.at(time, reached, undefined);
    try {
      await this.#drive(() => over);
    } finally {
      this.#events.cancel(handle);
    }
  }

  /** The one loop. Before each event: whom the last one woke, who holds the clock, whether it is over. */
  async #drive(isOver: () => boolean): Promise<void> {
    if (this.#running) {
      throw new Error('clock: it runs already; inside of a run, wait with sleep() or for a socket');
    }
    this.#running = true;
    try {
      await this.#task(); // what was started before this run gets as far as it can
      for (let count = 0; ; count++) {
        while (this.#woke || this.#holds > 0) await this.#pause();
        if (isOver()) return;
        if (count === this.#maxEvents) throw new RangeError(`clock: still busy after ${count} events`);
        if (count % EVENTS_PER_TASK === EVENTS_PER_TASK - 1) await this.#task();
        this.#steps++;
        if (this.#events.step()) continue;
        await this.#task(); // somebody may have been woken behind the clock's back
        if (!this.#woke && this.#holds === 0 && this.#events.pending === 0) return;
      }
    } finally {
      this.#running = false;
    }
  }

  async #pause(): Promise<void> {
    if (this.#holds > 0) {
      await new Promise<void>((resolve) => {
        this.#released = resolve;
      });
      this.#released = undefined;
    }
    await this.#task();
  }

  /** One task of the process: all that is ready to run has run when it is over. */
  #task(): Promise<void> {
    this.#woke = false;
    return new Promise((resolve) => {
      this.#defer(resolve);
    });
  }

  #deadlock(what: string): DeadlockError {
    const lines = [
      `clock: deadlock: nothing will ever happen, and ${what} is still pending at ${this.now()} µs`,
    ];
    if (this.#waiting > 0) lines.push(`${this.#waiting} waiting`);
    for (const witness of this.witnesses) lines.push(...witness());
    return new DeadlockError(lines.join('\n  '));
  }
}

function never(): boolean {
  return false;
}

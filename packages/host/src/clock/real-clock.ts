/**
 * Real time: the events of a host between the tasks of a process.
 * @module
 */
import { type Clock, type SleepSignal, sleep } from './clock.ts';
import { afterwards, type Defer, deferrer, platform, type TimerHandle } from './platform.ts';
import { UNLINKED, Wheel, WheelEntry } from './wheel.ts';

/** Longest time that `setTimeout` takes, ms: one more and it fires at once. */
const MAX_TIMEOUT = 0x7fff_ffff;
/**
 * Time when the process began, µs. Past 2^31 from the start: else, after 36 minutes, every field that holds a time would outgrow V8's small
 * integers, and all machine code that knows its class would be thrown away.
 */
const BOOT = 2 ** 32;
/** Events between two looks at the time: each costs as much as a small event. */
const EVENTS_PER_LOOK = 8;

/** How {@link RealClock} is made. */
export interface RealClockOptions {
  /** How long one task runs events before the process's own I/O has its turn, µs. Default 4000. */
  budget?: number;
  /** How long before an event the clock polls instead of sleeping, µs, for timers are late by up to a millisecond. Default 1000; 0 with `keepAlive: 'never'`, for a process that polls is alive. */
  spin?: number;
  /**
   * What keeps a process alive that has nothing else to do: events while an application waits for something (the default), any event,
   * or none. What is due at once, or within {@link spin}, always does.
   */
  keepAlive?: 'waiting' | 'always' | 'never';
  /** Gets what an event throws. Default: it is thrown out of the task, as an uncaught error. */
  onError?: (error: unknown) => void;
}

/**
 * A clock that goes by itself. Time is `performance.now()` in whole microseconds, plus 2^32; while events run it is looked at every few of them,
 * and stands still in between.
 */
export class RealClock implements Clock {
  readonly #budget: number;
  readonly #spin: number;
  readonly #keepAlive: 'waiting' | 'always' | 'never';
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #defer: Defer = deferrer();
  readonly #afterwards: ((run: () => void) => void) | undefined = afterwards();
  readonly #resume: () => void = () => this.#goOn();
  /** Events to come. */
  readonly #wheel: Wheel<RealEvent>;
  /** Events that were due when they were made, in that order: no timer, no queue of times for them. */
  #first: RealEvent | undefined = undefined;
  #last: RealEvent | undefined = undefined;
  #dueCount = 0;
  #now = 0;
  #waiting = 0;
  #woke = false;
  #closed = false;
  /** A turn at once was asked for, or is going on. It keeps the process alive: Node would sleep over one that does not. */
  #hasTurn = false;
  /** Events are being run. */
  #isDraining = false;
  /** When the present task has taken long enough, µs. */
  #end = 0;
  /** And a turn when the event at {@link #wakeAt}, or an earlier one, is due. */
  #timeout: TimerHandle | undefined = undefined;
  #wakeAt: number = Number.POSITIVE_INFINITY;

  constructor(options: RealClockOptions = {}) {
    this.#budget = options.budget ?? 4000;
    this.#keepAlive = options.keepAlive ?? 'waiting';
    this.#spin = this.#keepAlive === 'never' ? 0 : (options.spin ?? 1000);
    this.#onError = options.onError;
    this.#wheel = new Wheel(this.now());
  }

  /** Monotonic time, µs. */
  now(): number {
    return this.#isDraining ? this.#now : this.update();
  }

  /** See {@link Clock.update}. */
  update(): number {
    const now = BOOT + Math.floor(platform.performance.now() * 1000);
    if (now > this.#now) this.#now = now;
    return this.#now;
  }

  /** Events waiting. */
  get pending(): number {
    return this.#wheel.count + this.#dueCount;
  }

  /** See {@link Clock.at}. After {@link close} nothing runs any more. */
  at<A>(time: number, run: (argument: A) => void, argument: A): object {
    if (!Number.isSafeInteger(time)) throw new RangeError(`clock: time ${time} is not a whole number of µs`);
    const event = new RealEvent(time, run as (argument: never) => void, argument);
    if (this.#closed) return event;
    // Most often it is the time that was asked for just now.
    if (time <= this.#now || time <= this.now()) {
      event.expires = this.#now;
      if (this.#last === undefined) this.#first = event;
      else this.#last.next = event;
      this.#last = event;
      this.#dueCount++;
      if (!this.#hasTurn) this.#ask();
    } else {
      this.#wheel.add(event);
      if (time < this.#wakeAt && !this.#hasTurn) this.#sleep();
    }
    return event;
  }

  /** See {@link Clock.cancel}. */
  cancel(handle: object): void {
    const event = handle as RealEvent;
    event.run = undefined; // one that is due already is passed over
    event.argument = undefined;
    if (event.slot === UNLINKED) return;
    this.#wheel.remove(event);
    if (this.pending === 0) this.#rest();
  }

  /** See {@link Clock.woke}: the application does not wait for the rest of what is due. */
  woke(): void {
    this.#woke = true;
  }

  /** See {@link Clock.waiting}: an application that waits for events of the host keeps the process alive. */
  waiting(change: 1 | -1): void {
    this.#waiting += change;
    if (this.#waiting === (change === 1 ? 1 : 0)) this.#refer();
  }

  /** Nothing stops real time. */
  hold(): () => void {
    return nothing;
  }

  /** Waits `duration` µs. See {@link sleep}. */
  sleep(duration: number, signal?: SleepSignal): Promise<void> {
    return sleep(this, duration, signal);
  }

  /** Forgets all events and takes no more. The time goes on. */
  close(): void {
    this.#closed = true;
    this.#rest();
    this.#first = undefined;
    this.#last = undefined;
    this.#dueCount = 0;
    this.#wheel.expire(Number.MAX_SAFE_INTEGER);
    while (this.#wheel.shift() !== undefined);
  }

  /** Asks for a turn at once. */
  #ask(): void {
    this.#hasTurn = true;
    this.#defer(() => this.#run());
  }

  /** Asks for a turn when the next event of the wheel is due, or a little earlier. */
  #sleep(): void {
    const next = this.#wheel.next();
    const left = next - this.now();
    if (left <= this.#spin) {
      this.#ask();
      return;
    }
    if (this.#timeout !== undefined && this.#wakeAt <= next) return; // waking in vain is cheaper than a new timer each turn
    // With nothing to poll for, a timer must not be early: it would only have to be set again.
    const milliseconds = this.#spin === 0 ? Math.ceil(left / 1000) : Math.floor((left - this.#spin) / 1000);
    if (this.#timeout !== undefined) platform.clearTimeout(this.#timeout);
    this.#wakeAt = next;
    this.#timeout = platform.setTimeout(
      () => {
        this.#timeout = undefined;
        this.#wakeAt = Number.POSITIVE_INFINITY;
        if (!this.#hasTurn) this.#run();
      },
      Math.min(milliseconds, MAX_TIMEOUT),
    );
    this.#refer();
  }

  /** Gives up what was asked for. */
  #rest(): void {
    if (this.#timeout !== undefined) platform.clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  /** One turn: what is due, until the budget is used up. */
  #run(): void {
    this.#end = this.update() + this.#budget;
    this.#goOn();
  }

  /**
   * Runs what is due, and where that woke an application, lets it run and goes on behind it, in the same task: a task costs as much as
   * a packet.
   */
  #goOn(): void {
    if (this.#closed) return;
    this.#hasTurn = true; // what is made in this turn needs no other
    this.#woke = false;
    this.#isDraining = true;
    try {
      this.#drain();
    } finally {
      this.#isDraining = false;
      if (this.#woke && this.#afterwards !== undefined && this.update() < this.#end) {
        this.#afterwards(this.#resume);
      } else {
        this.#hasTurn = false;
        if (this.#dueCount > 0 || this.#wheel.hasExpired) this.#ask();
        else if (this.#wheel.count > 0) this.#sleep();
        else this.#rest();
      }
    }
  }

  #drain(): void {
    for (let count = 1; !this.#woke; count++) {
      const event = this.#take();
      if (event === undefined) return;
      const { run, argument } = event;
      event.run = undefined;
      event.argument = undefined;
      if (this.#onError === undefined) run?.(argument as never);
      else this.#guard(run, argument, this.#onError);
      if (count % EVENTS_PER_LOOK === 0 && this.update() >= this.#end) return;
    }
  }

  #guard(run: Run | undefined, argument: unknown, onError: (error: unknown) => void): void {
    try {
      run?.(argument as never);
    } catch (error) {
      onError(error);
    }
  }

  /** The next event that is due: by time, and of one time, the one that was made first. */
  #take(): RealEvent | undefined {
    const due = this.#first;
    // Where both have the same time, the wheel's was made when it was still to come, and so before the other.
    this.#wheel.expire(due === undefined ? this.#now : due.expires);
    const event = this.#wheel.shift();
    if (event !== undefined) return event;
    if (due === undefined) return this.#overdue();
    this.#first = due.next;
    due.next = undefined;
    if (this.#first === undefined) this.#last = undefined;
    this.#dueCount--;
    return due;
  }

  /** An event of the wheel that became due since the time was looked at. */
  #overdue(): RealEvent | undefined {
    if (this.#wheel.count === 0) return undefined;
    this.#wheel.expire(this.update());
    return this.#wheel.shift();
  }

  /** Holds on to the process, or lets go of it. */
  #refer(): void {
    const isWanted = this.#keepAlive === 'always' || (this.#keepAlive === 'waiting' && this.#waiting > 0);
    refer(this.#timeout, isWanted);
  }
}

type Run = (argument: never) => void;

/** What {@link RealClock.at} hands out. */
class RealEvent extends WheelEntry {
  /** `undefined` once it ran or was cancelled. */
  run: Run | undefined;
  argument: unknown;

  constructor(time: number, run: Run, argument: unknown) {
    super();
    this.expires = time;
    this.run = run;
    this.argument = argument;
  }
}

function refer(handle: TimerHandle | undefined, isWanted: boolean): void {
  if (typeof handle !== 'object') return;
  if (isWanted) handle.ref?.();
  else handle.unref?.();
}

function nothing(): void {}

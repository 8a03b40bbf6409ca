/**
 * A host's timers: Linux's `timer_list`, on one {@link Wheel} and one event of the clock.
 * @module
 */
import type { Clock } from './clock.ts';
import { UNLINKED, Wheel, WheelEntry } from './wheel.ts';

/** A timer: armed, it fires once. */
export interface Timer {
  /** Whether it is armed. False already while it fires. */
  readonly pending: boolean;
  /** When it fires or was to fire last, µs. */
  readonly expires: number;
  /**
   * Arms it for `expires`, µs, whether it was armed or not. A time that has passed fires as soon as possible, never from inside this
   * call. @throws RangeError if it is not an integer.
   */
  mod(expires: number): void;
  /** Disarms it; whether it was armed. */
  del(): boolean;
}

/** Where timers come from. */
export interface Timers {
  /** A timer that calls `fire(now, argument)`. It is not armed yet, and costs nothing but its memory while it is not. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
}

/** How {@link TimingWheel} is made. */
export interface TimingWheelOptions {
  /** Called with what fires the timers that are due: a place to enter and leave the kernel. Default: it is just called. */
  run?: (expire: () => void) => void;
}

/**
 * Timers in any number: arming and disarming take constant time and allocate nothing, and whatever their number, one event of the
 * clock waits for the first of them. Timers fire in the order of their times, those of one time in the order in which they were armed.
 */
export class TimingWheel implements Timers {
  readonly #clock: Clock;
  readonly #wheel: Wheel<WheelTimer>;
  readonly #run: (expire: () => void) => void;
  readonly #expire: () => void;
  /** The event of the clock, and its time; Infinity without one. It may be too early, never too late. */
  #handle: object | undefined = undefined;
  #wakeAt: number = Number.POSITIVE_INFINITY;

  /** @throws RangeError if the clock starts below 0. */
  constructor(clock: Clock, options: TimingWheelOptions = {}) {
    if (clock.now() < 0) throw new RangeError(`timers: a clock at ${clock.now()} µs`);
    this.#clock = clock;
    this.#wheel = new Wheel(clock.now());
    this.#run = options.run ?? call;
    this.#expire = () => this.#fireExpired();
  }

  /** Timers armed. */
  get pending(): number {
    return this.#wheel.count;
  }

  /** See {@link Timers.timer}. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    return new WheelTimer(this, fire as (now: number, argument: never) => void, argument as never);
  }

  /** {@link Timer.mod}. @internal */
  mod(timer: WheelTimer, expires: number): void {
    if (!Number.isSafeInteger(expires))
      throw new RangeError(`timers: ${expires} is not a whole number of µs`);
    const wheel = this.#wheel;
    if (timer.slot !== UNLINKED) wheel.remove(timer);
    timer.expires = expires;
    wheel.add(timer);
    if (expires < this.#wakeAt) this.#wake(expires);
  }

  /** {@link Timer.del}. @internal */
  del(timer: WheelTimer): boolean {
    if (timer.slot === UNLINKED) return false;
    this.#wheel.remove(timer);
    // A last event for nothing would move virtual time, or keep a process busy. One among many is not worth looking for.
    if (this.#wheel.count === 0) this.#wake(Number.POSITIVE_INFINITY);
    return true;
  }

  /** Moves the event of the clock to `time`. */
  #wake(time: number): void {
    if (time === this.#wakeAt) return;
    if (this.#handle !== undefined) this.#clock.cancel(this.#handle);
    this.#handle = Number.isFinite(time) ? this.#clock.at(time, wakeUp, this) : undefined;
    this.#wakeAt = time;
  }

  /** The event of the clock. @internal */
  wakeUp(): void {
    this.#handle = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    this.#wheel.expire(now);
    try {
      if (this.#wheel.hasExpired) this.#run(this.#expire);
    } finally {
      // What one timer threw keeps the others: the next event is for them.
      if (this.#wheel.count > 0) this.#wake(this.#wheel.next());
    }
  }

  #fireExpired(): void {
    const now = this.#clock.now();
    for (let timer = this.#wheel.shift(); timer !== undefined; timer = this.#wheel.shift()) timer.fire(now);
  }
}

/** A timer of a {@link TimingWheel}: the entry of the wheel itself. @internal */
class WheelTimer extends WheelEntry implements Timer {
  readonly #timers: TimingWheel;
  readonly #fire: (now: number, argument: never) => void;
  readonly #argument: never;

  constructor(timers: TimingWheel, fire: (now: number, argument: never) => void, argument: never) {
    super();
    this.#timers = timers;
    this.#fire = fire;
    this.#argument = argument;
  }

  get pending(): boolean {
    return this.slot !== UNLINKED;
  }

  mod(expires: number): void {
    this.#timers.mod(this, expires);
  }

  del(): boolean {
    return this.#timers.del(this);
  }

  fire(now: number): void {
    this.#fire(now, this.#argument);
  }
}

function wakeUp(timers: TimingWheel): void {
  timers.wakeUp();
}

function call(expire: () => void): void {
  expire();
}

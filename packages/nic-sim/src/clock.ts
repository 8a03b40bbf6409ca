/**
 * Time: what the simulator asks of a clock, and a virtual one that moves only when told.
 * @module
 */

/** A clock as devices, wires and switches need it. Time is integer microseconds and never goes back. */
export interface Clock {
  /** Microseconds since some fixed moment. */
  now(): number;
  /**
   * Calls `run(argument)` once at `time`, or as soon as possible if that has passed; never from inside this call. Events of
   * the same time run in the order of these calls. The argument is there so that nobody needs a closure per packet.
   */
  at<A>(time: number, run: (argument: A) => void, argument: A): object;
  /** Forgets an event. One that ran or was cancelled before is no error. */
  cancel(handle: object): void;
}

/**
 * Lets the error of a callback out of the clock, now and in an event of its own: whoever runs the clock sees it, and what called
 * the callback goes on as if nothing had happened.
 */
export function throwFrom(clock: Clock, error: unknown): void {
  clock.at(clock.now(), rethrow, error);
}

function rethrow(error: unknown): void {
  throw error;
}

/** Events one call of {@link VirtualClock.run} runs before it takes the simulation for one that never ends. */
export const MAX_EVENTS = 10_000_000;

/** What {@link Clock.at} hands out. */
interface Event {
  readonly time: number;
  /** Order of insertion: decides between events of the same time. */
  readonly order: number;
  /** `undefined` once it ran or was cancelled. */
  run: ((argument: never) => void) | undefined;
  argument: unknown;
  /** Place in the heap; -1 when it is not there any more. */
  slot: number;
}

/** A clock that stands still between events: a run is a function of its inputs and nothing else. */
export class VirtualClock implements Clock {
  readonly #heap: Event[] = [];
  #now: number;
  #order = 0;

  /** @param start First value of {@link now}, µs. @throws RangeError if it is not an integer. */
  constructor(start = 0) {
    if (!Number.isSafeInteger(start))
      throw new RangeError(`clock: start ${start} is not a whole number of µs`);
    this.#now = start;
  }

  /** The virtual time, µs. */
  now(): number {
    return this.#now;
  }

  /** Events waiting. */
  get pending(): number {
    return this.#heap.length;
  }

  /** See {@link Clock.at}. @throws RangeError if `time` is not an integer. */
  at<A>(time: number, run: (argument: A) => void, argument: A): object {
    if (!Number.isSafeInteger(time)) throw new RangeError(`clock: time ${time} is not a whole number of µs`);
    const slot = this.#heap.length;
    const event: Event = {
      time: Math.max(time, this.#now),
      order: this.#order++,
      run,
      argument,
      slot,
    };
    this.#heap.push(event);
    this.#up(event, slot);
    return event;
  }

  /** See {@link Clock.cancel}. */
  cancel(handle: object): void {
    const event = handle as Event;
    if (this.#heap[event.slot] !== event) return;
    this.#remove(event);
    event.run = undefined;
    event.argument = undefined;
  }

  /** Moves to the next event and runs it. False when none is waiting. */
  step(): boolean {
    const event = this.#heap[0];
    if (event === undefined) return false;
    this.#remove(event);
    this.#now = event.time;
    const { run, argument } = event;
    event.run = undefined;
    event.argument = undefined;
    run?.(argument as never);
    return true;
  }

  /**
   * Runs events until none is left and returns how many ran. @throws RangeError after `maxEvents`: something keeps
   * scheduling.
   */
  run(maxEvents: number = MAX_EVENTS): number {
    return this.#drain(Number.POSITIVE_INFINITY, maxEvents);
  }

  /**
   * Runs the events up to and including `time`, moves the clock there, and returns how many ran.
   * @throws RangeError if `time` is no integer, lies in the past, or after `maxEvents`.
   */
  runUntil(time: number, maxEvents: number = MAX_EVENTS): number {
    if (!Number.isSafeInteger(time) || time < this.#now) {
      throw new RangeError(`clock: cannot run until ${time}, it is ${this.#now}`);
    }
    const count = this.#drain(time, maxEvents);
    if (time > this.#now) this.#now = time; // an event may have run the clock further
    return count;
  }

  #drain(until: number, maxEvents: number): number {
    let count = 0;
    for (let next = this.#heap[0]; next !== undefined && next.time <= until; next = this.#heap[0]) {
      if (count === maxEvents) throw new RangeError(`clock: still busy after ${maxEvents} events`);
      this.step();
      count++;
    }
    return count;
  }

  #remove(event: Event): void {
    const last = this.#heap.pop() as Event;
    const { slot } = event;
    event.slot = -1;
    if (last === event) return;
    this.#heap[slot] = last;
    last.slot = slot;
    this.#up(last, slot);
    this.#down(last, last.slot);
  }

  #up(event: Event, from: number): void {
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      const above = this.#heap[parent] as Event;
      if (isBefore(above, event)) break;
      this.#heap[slot] = above;
      above.slot = slot;
      slot = parent;
    }
    this.#heap[slot] = event;
    event.slot = slot;
  }

  #down(event: Event, from: number): void {
    const heap = this.#heap;
    let slot = from;
    for (;;) {
      let child = 2 * slot + 1;
      const right = heap[child + 1];
      let below = heap[child];
      if (below === undefined) break;
      if (right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (isBefore(event, below)) break;
      heap[slot] = below;
      below.slot = slot;
      slot = child;
    }
    heap[slot] = event;
    event.slot = slot;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

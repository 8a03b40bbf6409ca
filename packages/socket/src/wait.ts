/**
 * Waiting. Calls of one direction of a socket are served one after the other, in the order in which they were made; the first of
 * them tries again at each event, until it has what it waits for, its time is over, or somebody calls it off.
 * @module
 */
import type { Core } from './core.ts';
import type { Signal } from './platform.ts';
import type { Timer } from './ports.ts';

/** What an attempt answers that is to be made again at the next event. */
export const WAIT: unique symbol = Symbol('wait');

/** Why a call got nothing: its time is over, its signal was aborted, its socket was closed. */
export type Interrupt = typeof TIMED_OUT | typeof ABORTED | typeof CLOSED;
export const TIMED_OUT: unique symbol = Symbol('timed out');
export const ABORTED: unique symbol = Symbol('aborted');
export const CLOSED: unique symbol = Symbol('closed');

/** The lane of a call: those that receive and accept, and those that send and connect. */
export type Side = 'readers' | 'writers';

/** How a call waits. */
export interface Patience {
  /** Longest wait, µs; 0 = not at all, Infinity = for ever. */
  readonly timeout: number;
  readonly signal: Signal | undefined;
}

/** Whether a result is an {@link Interrupt}. */
export function isInterrupt(result: unknown): result is Interrupt {
  return result === TIMED_OUT || result === ABORTED || result === CLOSED;
}

/** One direction of a socket: who waits, in order. Only the first is served. */
export class Lane {
  first: Waiter | undefined = undefined;
  last: Waiter | undefined = undefined;

  push(waiter: Waiter): void {
    waiter.prev = this.last;
    if (this.last === undefined) this.first = waiter;
    else this.last.next = waiter;
    this.last = waiter;
  }

  remove(waiter: Waiter): void {
    const { next, prev } = waiter;
    if (prev === undefined) this.first = next;
    else prev.next = next;
    if (next === undefined) this.last = prev;
    else next.prev = prev;
    if (prev === undefined) this.first?.wake(); // its turn
  }

  /** The socket is closed: ends all waits. */
  close(): void {
    for (let waiter = this.first; waiter !== undefined; waiter = waiter.next) waiter.end(CLOSED);
  }
}

/** A call that waits. */
export class Waiter {
  next: Waiter | undefined = undefined;
  prev: Waiter | undefined = undefined;
  /** Why it is to give up, once it is. */
  ended: Interrupt | undefined = undefined;
  readonly #core: Core;
  readonly #signal: Signal | undefined;
  readonly #timer: Timer | undefined;
  readonly #abort: (() => void) | undefined;
  #resume: (() => void) | undefined = undefined;

  constructor(core: Core, { timeout, signal }: Patience) {
    this.#core = core;
    const { kernel } = core;
    kernel.waiting(1);
    if (timeout !== Number.POSITIVE_INFINITY) {
      this.#timer = kernel.timer(timeOut, this);
      this.#timer.mod(kernel.now() + timeout);
    }
    this.#signal = signal;
    if (signal === undefined) return;
    this.#abort = () => this.end(ABORTED);
    signal.addEventListener('abort', this.#abort);
  }

  /** Sleeps until {@link wake}. */
  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  wake(): void {
    const resume = this.#resume;
    if (resume === undefined) return;
    this.#resume = undefined;
    this.#core.kernel.woke();
    resume();
  }

  end(why: Interrupt): void {
    this.ended ??= why;
    this.wake();
  }

  /** Gives back what it took. */
  dispose(): void {
    this.#timer?.del();
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort);
    this.#core.kernel.waiting(-1);
  }
}

/**
 * Makes `attempt` until it answers something else than {@link WAIT}. With a {@link Patience.timeout} of 0 it is made once, and not at
 * all while others wait in the lane. An event between an attempt and the sleep after it is not lost.
 */
export function serve<T>(
  core: Core,
  side: Side,
  patience: Patience,
  attempt: () => T | typeof WAIT,
): T | Interrupt | Promise<T | Interrupt> {
  if (patience.signal?.aborted) return ABORTED;
  if (core.isClosed) return CLOSED;
  const lane = core[side];
  if (lane?.first === undefined) {
    const result = tryOnce(core, side, attempt);
    if (result !== WAIT) return result;
  }
  if (patience.timeout === 0) return TIMED_OUT;
  return wait(core, side, patience, attempt);
}

async function wait<T>(
  core: Core,
  side: Side,
  patience: Patience,
  attempt: () => T | typeof WAIT,
): Promise<T | Interrupt> {
  const lane = core.lane(side);
  const waiter = new Waiter(core, patience);
  lane.push(waiter);
  try {
    for (;;) {
      await waiter.sleep();
      if (waiter.ended === CLOSED) return CLOSED;
      if (lane.first === waiter) {
        const result = tryOnce(core, side, attempt);
        if (result !== WAIT) return result;
      }
      if (waiter.ended !== undefined) return waiter.ended;
    }
  } finally {
    lane.remove(waiter);
    waiter.dispose();
  }
}

/** Attempts, and again while events came in during the attempt. */
function tryOnce<T>(core: Core, side: Side, attempt: () => T | typeof WAIT): T | typeof WAIT {
  for (;;) {
    core.clear(side);
    const result = attempt();
    if (result !== WAIT || !core.hadEvent(side)) return result;
  }
}

function timeOut(_now: number, waiter: Waiter): void {
  waiter.end(TIMED_OUT);
}

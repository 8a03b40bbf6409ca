/**
 * `poll`: several sockets at once.
 * @module
 */
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from './constants/messages.ts';
import type { Core, Poller } from './core.ts';
import type { Signal } from './platform.ts';
import type { Kernel, Timer } from './ports.ts';

/** What is told, asked or not. */
const ALWAYS = POLLERR | POLLHUP | POLLNVAL;

/** One socket, and what is asked and told of it. */
export interface Polled {
  readonly core: Core;
  readonly events: number;
  revents: number;
}

/**
 * Waits until at least one of `list` has one of its events; how many have. 0 after `timeout` µs. `undefined` when the signal was
 * aborted. Several pollers of a socket are all told.
 */
export async function poll(
  kernel: Kernel,
  list: readonly Polled[],
  timeout: number,
  signal: Signal | undefined,
): Promise<number | undefined> {
  if (signal?.aborted) return undefined;
  const count = look(list);
  if (count > 0 || timeout === 0) return count;
  const sleeper = new Sleeper(kernel, list, timeout, signal);
  try {
    for (;;) {
      await sleeper.sleep();
      const found = look(list);
      if (found > 0) return found;
      if (sleeper.isAborted) return undefined;
      if (sleeper.isOver) return 0;
    }
  } finally {
    sleeper.dispose();
  }
}

/** What is true of a socket now. */
export function revents(core: Core, events: number): number {
  if (core.isClosed) return POLLNVAL;
  const mask = core.proto.poll();
  const normal = (mask & POLLIN ? POLLRDNORM : 0) | (mask & POLLOUT ? POLLWRNORM : 0);
  return (mask | normal) & (events | ALWAYS);
}

function look(list: readonly Polled[]): number {
  let count = 0;
  for (const entry of list) {
    entry.revents = revents(entry.core, entry.events);
    if (entry.revents !== 0) count++;
  }
  return count;
}

class Sleeper implements Poller {
  isAborted = false;
  isOver = false;
  readonly #kernel: Kernel;
  readonly #list: readonly Polled[];
  readonly #signal: Signal | undefined;
  readonly #abort: () => void;
  readonly #timer: Timer | undefined;
  #resume: (() => void) | undefined;

  constructor(kernel: Kernel, list: readonly Polled[], timeout: number, signal: Signal | undefined) {
    this.#kernel = kernel;
    this.#list = list;
    this.#signal = signal;
    this.#abort = () => {
      this.isAborted = true;
      this.wake();
    };
    signal?.addEventListener('abort', this.#abort);
    kernel.waiting(1);
    for (const { core } of list) {
      core.pollers ??= new Set();
      core.pollers.add(this);
    }
    if (timeout === Number.POSITIVE_INFINITY) return;
    this.#timer = kernel.timer(timeOut, this);
    this.#timer.mod(kernel.now() + timeout);
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  wake(): void {
    if (this.#resume === undefined) return;
    this.#kernel.woke();
    this.#resume();
    this.#resume = undefined;
  }

  dispose(): void {
    for (const { core } of this.#list) core.pollers?.delete(this);
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#timer?.del();
    this.#kernel.waiting(-1);
  }
}

function timeOut(_now: number, sleeper: Sleeper): void {
  sleeper.isOver = true;
  sleeper.wake();
}

/**
 * Entry and exit: what Linux's softirqs are to system calls and interrupts. Whatever must not happen in the middle of something
 * else (a poll of a device, a send that a freed packet made possible) is raised, and runs when the outermost entry is left.
 * @module
 */
import type { Clock } from './clock/clock.ts';

/** Deferred work. The kernel keeps it in a list while `raised`. */
export interface Softirq {
  /** Whether it waits to run. Set by {@link Kernel.raise}, cleared before {@link run}. */
  raised: boolean;
  /** Does the work, or a share of it and raises itself again. */
  run(now: number): void;
}

/** Rounds of raised work one exit does before the rest is left to an event of its own (Linux's `ksoftirqd`). */
const MAX_RESTART = 10;

/** The one thread of a host's kernel: who is in it, and what waits for them to leave. */
export class Kernel {
  readonly clock: Clock;
  #depth = 0;
  #raised: Softirq[] = [];
  #spare: Softirq[] = [];
  #scheduled = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The host's time, µs. */
  now(): number {
    return this.clock.now();
  }

  /** A system call, a timer or an interrupt begins. Calls nest; every one has its {@link exit}. */
  enter(): void {
    this.#depth++;
  }

  /** It ends; the outermost exit runs what was raised. */
  exit(): void {
    if (this.#depth === 1 && this.#raised.length > 0) this.#runRaised();
    this.#depth--;
  }

  /** Runs `body` between {@link enter} and {@link exit}; for calls that are not made per packet. */
  run<T>(body: () => T): T {
    this.enter();
    try {
      return body();
    } finally {
      this.exit();
    }
  }

  /** Has `softirq` run at the outermost exit; outside of the kernel, in an event of its own, at once. */
  raise(softirq: Softirq): void {
    if (softirq.raised) return;
    softirq.raised = true;
    this.#raised.push(softirq);
    if (this.#depth === 0) this.#schedule();
  }

  #runRaised(): void {
    for (let round = 0; this.#raised.length > 0; round++) {
      if (round === MAX_RESTART) {
        this.#schedule();
        return;
      }
      const list = this.#raised;
      this.#raised = this.#spare;
      const now = this.clock.now();
      for (let i = 0; i < list.length; i++) {
        const softirq = list[i] as Softirq;
        softirq.raised = false;
        softirq.run(now);
      }
      list.length = 0;
      this.#spare = list;
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.clock.at(this.clock.now(), runLater, this);
  }

  /** The event that {@link raise} asked for. @internal */
  runScheduled(): void {
    this.#scheduled = false;
    this.enter();
    this.exit();
  }
}

function runLater(kernel: Kernel): void {
  kernel.runScheduled();
}

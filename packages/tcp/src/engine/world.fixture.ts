/**
 * For tests: virtual time and seeded numbers.
 * @module
 */
import type { Timer, Timers } from './ports.ts';

/** Whoever has work to do after each event. */
interface Worker {
  softirq(): void;
}

/** xorshift32: a random u32 from a seed. */
export function seeded(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

interface Event {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Virtual time: events in order of time, then of insertion. */
export class World implements Timers {
  now = 1_000_000;
  /** Timers that are armed. */
  timersPending = 0;
  readonly workers: Worker[] = [];
  readonly #heap: Event[] = [];
  #order = 0;

  at(time: number, run: () => void): Event {
    const event: Event = { time: Math.max(time, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(event, heap[up] as Event)) break;
      heap[at] = heap[up] as Event;
      at = up;
    }
    heap[at] = event;
    return event;
  }

  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer {
    const world = this;
    let event: Event | undefined;
    const timer: { -readonly [K in keyof Timer]: Timer[K] } = {
      pending: false,
      expires: 0,
      mod(expires: number): void {
        if (event !== undefined) event.run = undefined;
        if (!timer.pending) world.timersPending++;
        timer.pending = true;
        timer.expires = expires;
        event = world.at(expires, () => {
          timer.pending = false;
          event = undefined;
          world.timersPending--;
          fire(world.now, argument);
        });
      },
      del(): boolean {
        if (!timer.pending) return false;
        if (event !== undefined) event.run = undefined;
        event = undefined;
        timer.pending = false;
        world.timersPending--;
        return true;
      },
    };
    return timer;
  }

  /** Runs events until nothing is left, or `until`, and is then at `until`. @throws if there is no end to them. */
  run(until: number = Infinity): void {
    for (let steps = 0; ; steps++) {
      const first = this.#heap[0];
      if (first === undefined || first.time > until) break;
      if (steps > 20_000_000) throw new Error('the world does not come to rest');
      this.#pop();
      if (first.run === undefined) continue;
      this.now = first.time;
      first.run();
      for (const worker of this.workers) worker.softirq();
    }
    if (until !== Infinity && until > this.now) this.now = until;
  }

  /** Runs `us` further. */
  advance(us: number): void {
    this.run(this.now + us);
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!before(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

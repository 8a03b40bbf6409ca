/**
 * Every frame on a wire, and what becomes of it.
 * @module
 */
import type { Captured, VirtualClock as Clock, Direction } from '@stack/nic-sim';
import type { Cable, HostName } from './network.ts';

/** A frame that was put on a wire. */
export interface Passage {
  from: HostName;
  to: HostName;
  /** When, µs. */
  time: number;
  /** Without the frame check sequence. */
  bytes: Uint8Array;
  /** What befell it: `lost`, `corrupted`, `duplicated`, `held back`. */
  fate: string[];
}

/** Calls `listener` with every frame of a cable once its fate is sealed, until the function returned is called. */
export function watchWire(
  { wire, a, b }: Cable,
  clock: Pick<Clock, 'at' | 'now'>,
  listener: (passage: Passage) => void,
): () => void {
  const halves = {
    aToB: new Half(wire.aToB, a, b, listener),
    bToA: new Half(wire.bToA, b, a, listener),
  };
  return wire.onFrame((captured) => {
    const half = halves[captured.direction];
    half.sent(captured);
    clock.at(clock.now(), settle, half);
  });
}

/** One direction. The wire decides as a frame is sent, behind the back of who watches: its counters tell what. */
class Half {
  readonly #direction: Direction;
  readonly #from: HostName;
  readonly #to: HostName;
  readonly #listener: (passage: Passage) => void;
  #pending: Captured | undefined;
  #before = { lost: 0, corrupted: 0, duplicated: 0, reordered: 0 };

  constructor(direction: Direction, from: HostName, to: HostName, listener: (passage: Passage) => void) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#listener = listener;
  }

  sent(captured: Captured): void {
    this.settle();
    this.#pending = captured;
    this.#before = this.#counters();
  }

  settle(): void {
    if (this.#pending === undefined) return;
    const { time, bytes } = this.#pending;
    this.#pending = undefined;
    const before = this.#before;
    const now = this.#counters();
    const fate: string[] = [];
    if (now.lost > before.lost) fate.push('lost');
    if (now.corrupted > before.corrupted) fate.push('corrupted');
    if (now.duplicated > before.duplicated) fate.push('duplicated');
    if (now.reordered > before.reordered) fate.push('held back');
    this.#listener({ from: this.#from, to: this.#to, time, bytes, fate });
  }

  #counters(): { lost: number; corrupted: number; duplicated: number; reordered: number } {
    const { drops, corrupted, duplicated, reordered } = this.#direction.stats;
    return { lost: drops.WIRE_LOSS, corrupted, duplicated, reordered };
  }
}

function settle(half: Half): void {
  half.settle();
}

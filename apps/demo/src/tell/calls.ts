/**
 * Tells the system calls of the two programs, a line each as they end.
 * @module
 */
import { formatSyscall, type Syscall } from '@stack/socket';
import type { Station } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';

/** Longest string of a call in a line, bytes. */
const STRINGS = 32;

/** A line for each call; of a transfer's many receives only some. */
export function tellCalls(scene: Scene, ears: Ears): void {
  for (const station of scene.network.stations) {
    if (station === scene.network.router) continue;
    const lines = new CallLines(scene, station);
    ears.join(station.callListeners, { exit: (call) => lines.ended(call) });
  }
}

/** Lines of one program's calls. */
class CallLines {
  readonly #scene: Scene;
  readonly #station: Station;
  #receives = 0;

  constructor(scene: Scene, station: Station) {
    this.#scene = scene;
    this.#station = station;
  }

  ended(call: Syscall): void {
    if (!this.#isTold(call)) return;
    const text = formatSyscall(call, { time: false, strings: STRINGS }).replace(/ {2,}= /, ' = ');
    this.#scene.tell({ kind: 'line', time: call.end, side: this.#station.name, about: 'call', text });
  }

  /** Of a transfer's many receives the first, the last, and those that fail. */
  #isTold(call: Syscall): boolean {
    if (call.name !== 'recvfrom' || this.#scene.everyFrame) return true;
    return this.#receives++ === 0 || call.result <= 0;
  }
}

/**
 * What Node, browsers, Deno and Bun share, as far as clocks need it, and nothing more. It is read off `globalThis` under types of
 * its own, so that it meets neither the DOM's declarations nor Node's.
 * @module
 */

/** What `setTimeout` and `setImmediate` hand out: an object where the process can be let go of, else a number. */
export type TimerHandle = number | { ref?(): unknown; unref?(): unknown };

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
}

interface Platform {
  readonly performance: { now(): number };
  setTimeout(run: () => void, milliseconds: number): TimerHandle;
  clearTimeout(handle: TimerHandle): void;
  setImmediate?(run: () => void): TimerHandle;
  clearImmediate?(handle: TimerHandle): void;
  queueMicrotask(run: () => void): void;
  readonly process?: { nextTick?(run: () => void): void };
  readonly MessageChannel?: new () => { readonly port1: Port; readonly port2: Port };
}

/** The platform; its functions are looked up at each call, so that a test may put its own in their place. */
export const platform: Platform = globalThis as unknown as Platform;

/** Calls `run` in a task of its own: after all microtasks, and after I/O had its turn. */
export type Defer = (run: () => void) => TimerHandle | undefined;

/**
 * The quickest way to a task of one's own here: `setImmediate`, else a message to oneself, else a timer (which browsers slow down
 * to 4 ms).
 */
export function deferrer(): Defer {
  if (platform.setImmediate !== undefined) return (run) => platform.setImmediate?.(run);
  if (platform.MessageChannel === undefined) return (run) => platform.setTimeout(run, 0);
  const { port1, port2 } = new platform.MessageChannel();
  const queue: (() => void)[] = [];
  port1.onmessage = () => queue.shift()?.();
  return (run) => {
    queue.push(run);
    port2.postMessage(null);
    return undefined;
  };
}

/**
 * How to run something behind all that promises have ready to run, and behind what that makes ready, but in the present task;
 * `undefined` where the platform has no such thing. Node takes ticks only when there is no microtask left.
 */
export function afterwards(): ((run: () => void) => void) | undefined {
  if (platform.process?.nextTick === undefined) return undefined;
  return (run) => platform.queueMicrotask(() => platform.process?.nextTick?.(run));
}

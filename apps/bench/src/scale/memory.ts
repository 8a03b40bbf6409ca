/**
 * What something costs in memory, when nothing is left to collect.
 * @module
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes. */
export interface Memory {
  /** Live objects of JavaScript. */
  heap: number;
  /** Their buffers, where packets are. */
  arrayBuffers: number;
  /** What the process takes of the machine. */
  rss: number;
}

/** Memory now, after a collection. */
export function memory(): Memory {
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, arrayBuffers, rss };
}

/** What each of `count` things costs that were made since `before`. */
export function each(before: Memory, after: Memory, count: number): Memory {
  return {
    heap: (after.heap - before.heap) / count,
    arrayBuffers: (after.arrayBuffers - before.arrayBuffers) / count,
    rss: (after.rss - before.rss) / count,
  };
}

/** More than once: what finalizers free is found by the next collection. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = globalThis.gc ?? (runInNewContext('gc') as () => void);
  for (let i = 0; i < 3; i++) gc();
}

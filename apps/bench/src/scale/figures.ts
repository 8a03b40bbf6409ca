/**
 * What a measurement of scale comes to.
 * @module
 */

/** One number. */
export interface Figure {
  name: string;
  value: number;
  unit: 'B' | 'ns' | 'us' | 'x';
  /** A gate: it must not be more. */
  most?: number;
}

/** CPU time that `run` takes for each of `count` things, ns: the quickest of several times, where it is done so often. */
export function nanoseconds(count: number, run: () => void, times = 1): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / count);
  }
  return best;
}

/**
 * Measures one variant in the process it has to itself.
 * @module
 */
import { measure } from 'mitata';

/** One variant over one set, ready to be timed: a call of `run` handles all its packets (or sums all its bytes) once. */
export interface Pass {
  run: () => void;
  /** Packets, or calls of a checksum, in a run. */
  packets: number;
  /** Bytes a run covers, for GB/s; 0 where that says nothing. */
  bytes: number;
}

/** What one process measured. */
export interface Sample {
  /** Nanoseconds of CPU time a packet, garbage collection included. */
  ns: number;
  /** Bytes allocated on the JavaScript heap a packet. */
  heap: number;
  /** Bytes covered a packet. */
  bytes: number;
}

const WARM_UP_MS = 250;

/** A sample is long enough to hold its share of the garbage collections that it causes. */
const SAMPLE_MS = 5;

/** Times a pass for about `milliseconds` after a warm-up in which V8 has compiled it. Needs `--expose-gc`. */
export async function sample(pass: Pass, milliseconds: number): Promise<Sample> {
  repeat(() => {}, 1);
  let warm = 0;
  for (const until = performance.now() + WARM_UP_MS; performance.now() < until; warm++) repeat(pass.run, 1);
  const repeats = Math.max(1, Math.round((warm * SAMPLE_MS) / WARM_UP_MS));
  const runs = (): void => repeat(pass.run, repeats);
  const stats = await measure(runs, { now: cpuTime, min_cpu_time: milliseconds * 1e6, batch_threshold: 0 });
  // The mean, so that collections count in full.
  const ns = stats.avg / repeats / pass.packets;
  return { ns, heap: allocated(pass), bytes: pass.bytes / pass.packets };
}

/** Having called two functions, V8 inlines neither: the pass is compiled alone, not as part of this loop. */
function repeat(run: () => void, times: number): void {
  for (let i = 0; i < times; i++) run();
}

/** CPU time of this process and its collector's threads, ns: what another process takes is not counted. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Bytes allocated a packet: the smallest growth of the heap over several spans, each too short for a collection. */
function allocated(pass: Pass): number {
  const first = grown(pass, 1);
  // About 2 MB a span, of the 16 MB that a young generation has; a pass that allocates nothing runs 200 times.
  const runs = Math.max(1, Math.min(200, Math.floor(2e6 / Math.max(first, 1))));
  let least = Number.POSITIVE_INFINITY;
  for (let span = 0; span < 5; span++) least = Math.min(least, grown(pass, runs) - grown(pass, 0));
  // The counters themselves leave a few bytes behind now and then.
  return Math.max(0, Math.round((least / runs / pass.packets) * 10) / 10);
}

function grown(pass: Pass, runs: number): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < runs; i++) pass.run();
  return process.memoryUsage().heapUsed - before;
}

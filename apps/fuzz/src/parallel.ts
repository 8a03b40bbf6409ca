/**
 * Each target in a thread of its own, so that a decoder or a host that hangs can be named and ended.
 * @module
 */
import { Worker } from 'node:worker_threads';
import { fuzz, type Report, toHex } from './fuzz.ts';
import { MAX_LENGTH } from './mutator.ts';
import { TARGETS } from './targets/index.ts';

/** What a thread is told. */
export interface Job {
  name: string;
  runs: number;
  seed: number;
  /** {@link HEADER} and the input that is being tried. */
  shared: SharedArrayBuffer;
}

/** Before the input: how many were begun, and the length of this one; two int32. */
const HEADER = 8;

/** Nothing that is bounded takes this long, ms. */
const HANG = 10_000;

/** Runs one target in a thread; `program` becomes that thread by calling {@link work}. An input may take `hang` ms. */
export function fuzzInThread(
  program: string,
  { name, runs, seed }: Omit<Job, 'shared'>,
  hang: number = HANG,
): Promise<Report> {
  const shared = new SharedArrayBuffer(HEADER + MAX_LENGTH);
  const state = new Int32Array(shared, 0, 2);
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { workerData: { name, runs, seed, shared } satisfies Job });
    let last = -1;
    const watch = setInterval(() => {
      const begun = Atomics.load(state, 0);
      if (begun !== last) {
        last = begun;
        return;
      }
      if (begun === 0) return; // still making its seeds
      const input = toHex(new Uint8Array(shared).slice(HEADER, HEADER + state[1]!));
      const failure = { index: begun - 1, message: `hangs: ${hang} ms and more`, input, smallest: input };
      finish();
      resolve({ name, seed, runs: begun, seconds: 0, outcomes: {}, failure });
    }, hang);
    const finish = (): void => {
      clearInterval(watch);
      void worker.terminate();
    };
    worker.on('message', (report: Report) => {
      finish();
      resolve(report);
    });
    worker.on('error', (error) => {
      finish();
      reject(error);
    });
  });
}

/** What a thread does. */
export function work({ name, runs, seed, shared }: Job): Promise<Report> {
  const state = new Int32Array(shared, 0, 2);
  const input = new Uint8Array(shared, HEADER);
  const announce = (bytes: Uint8Array): void => {
    input.set(bytes);
    state[1] = bytes.length;
    Atomics.add(state, 0, 1);
  };
  return fuzz(targetOf(name), { runs, seed, announce });
}

/** The target of that name. @throws RangeError when there is none. */
export function targetOf(name: string): (typeof TARGETS)[number] {
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) {
    throw new RangeError(`no codec ${name}: ${TARGETS.map((each) => each.name).join(', ')}`);
  }
  return target;
}

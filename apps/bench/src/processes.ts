/**
 * A process for each measurement: V8's feedback from one would change the machine code of another. Rounds interleave, so that what
 * disturbs the machine disturbs all alike.
 * @module
 */
import { fork } from 'node:child_process';

/** One thing to measure. */
export interface Job {
  /** For people who wait. */
  title: string;
  /** What its process is told, and with it the round; see `worker.ts`. */
  order: object;
}

/** How to run jobs. */
export interface JobOptions {
  rounds: number;
  /** Told what happens next. */
  progress: (line: string) => void;
  /** What to fork: this program, which becomes a worker when its first argument says so. */
  program: string;
  /** How long a worker may take to end once it has answered, ms: one that does not has left something behind. Default 5000. */
  patience?: number;
}

/** What a worker answers; no sample where the job is not to be had. */
export interface Answer<T> {
  sample?: T;
  error?: string;
}

/** The samples of each job, one a round; none where it is not to be had. @throws Error what a worker answered. */
export async function runJobs<T>(jobs: readonly Job[], options: JobOptions): Promise<T[][]> {
  const samples: T[][] = jobs.map(() => []);
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, { title, order }] of jobs.entries()) {
      options.progress(`round ${round}/${options.rounds}  ${title}`);
      const sample = await inOwnProcess<T>(options, { ...order, round });
      if (sample !== undefined) samples[index]?.push(sample);
    }
  }
  return samples;
}

/** What a worker does: sends what `make` gives to the parent, and then has nothing more to do. */
export async function answer<T>(make: () => Promise<T | undefined>): Promise<void> {
  process.send?.(await attempt(make));
  process.disconnect?.();
}

async function attempt<T>(make: () => Promise<T | undefined>): Promise<Answer<T>> {
  try {
    const sample = await make();
    return sample === undefined ? {} : { sample };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function inOwnProcess<T>({ program, patience = 5000 }: JobOptions, order: object): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const name = `worker ${JSON.stringify(order)}`;
    const child = fork(program, ['worker', JSON.stringify(order)], {
      execArgv: ['--expose-gc', '--no-warnings'],
    });
    let told: Answer<T> | undefined;
    let late: NodeJS.Timeout | undefined;
    child.on('message', (message) => {
      told = message as Answer<T>;
      late = setTimeout(() => {
        told = { error: 'does not end by itself' };
        child.kill();
      }, patience);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(late);
      if (told === undefined) reject(new Error(`${name} ended with ${code}, no answer`));
      else if (told.error !== undefined) reject(new Error(`${name}: ${told.error}`));
      else resolve(told.sample);
    });
  });
}

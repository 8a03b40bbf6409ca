/**
 * Runs every variant in a process of its own, round after round, so that what disturbs the machine disturbs all alike.
 * @module
 */
import { fork } from 'node:child_process';
import type { Sample } from './measure.ts';
import type { Group, Variant } from './variants.ts';
import type { Answer, Order } from './worker.ts';

/** The samples of one variant over one set, one a round. */
export interface Cell {
  group: Group;
  subject: string;
  set: string;
  samples: Sample[];
}

/** How to run. */
export interface RoundsOptions {
  rounds: number;
  /** How long each process measures, ms. */
  milliseconds: number;
  /** Leaves cells out. */
  wanted: (variant: Variant, set: string) => boolean;
  /** Told what happens next. */
  progress: (line: string) => void;
  /** What to fork: this program, which becomes a worker when its first argument says so. */
  program: string;
}

/** All wanted cells; those of variants that are not to be had are left out. */
export async function runRounds(variants: readonly Variant[], options: RoundsOptions): Promise<Cell[]> {
  const cells = new Map<string, Cell>();
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, { group, subject, sets }] of variants.entries()) {
      for (const set of sets) {
        if (!options.wanted(variants[index]!, set)) continue;
        options.progress(`round ${round}/${options.rounds}  ${group}  ${subject}  ${set}`);
        const order = { variant: index, set, milliseconds: options.milliseconds };
        const sample = await inOwnProcess(options.program, order);
        if (sample === undefined) continue;
        const key = `${index} ${set}`;
        const cell = cells.get(key) ?? { group, subject, set, samples: [] };
        cell.samples.push(sample);
        cells.set(key, cell);
      }
    }
  }
  return [...cells.values()];
}

function inOwnProcess(program: string, order: Order): Promise<Sample | undefined> {
  return new Promise((resolve, reject) => {
    const child = fork(program, ['worker', JSON.stringify(order)], {
      execArgv: ['--expose-gc', '--no-warnings'],
    });
    let answer: Answer | undefined;
    child.on('message', (message) => {
      answer = message as Answer;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (answer === undefined)
        reject(new Error(`worker ${JSON.stringify(order)} ended with ${code}, no answer`));
      else if (answer.error !== undefined)
        reject(new Error(`worker ${JSON.stringify(order)}: ${answer.error}`));
      else resolve(answer.sample);
    });
  });
}

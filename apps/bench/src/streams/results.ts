/**
 * Medians and gates of what was measured of TCP.
 * @module
 */
import type { Gate } from '../results.ts';
import { median } from '../spread.ts';
import { NET, type StreamSample, type Task, VETH, VETH_PLAIN } from './streams.ts';

/** The samples of one stream, one a round. */
export interface StreamCell {
  task: Task;
  subject: string;
  samples: StreamSample[];
}

/** One line of the table. Rates are Gbit/s of `bulk`, else times a second. */
export interface StreamResult {
  task: Task;
  subject: string;
  /** By the clock: median, least and most over the rounds. */
  rate: number;
  least: number;
  most: number;
  /** By CPU time, of all processes that took part: what a machine gives that does nothing else, and another one also. */
  perCpuSecond: number;
}

/** The median of each cell over its rounds; cells without samples are left out. */
export function streamResults(cells: readonly StreamCell[]): StreamResult[] {
  return cells
    .filter(({ samples }) => samples.length > 0)
    .map(({ task, subject, samples }) => {
      const unit = task === 'bulk' ? 1e9 / 8 : 1;
      const rates = samples.map(({ count, seconds }) => count / unit / seconds).sort(ascending);
      const perCpu = samples.map(({ count, cpuSeconds }) => count / unit / cpuSeconds).sort(ascending);
      return {
        ...{ task, subject, rate: median(rates), perCpuSecond: median(perCpu) },
        ...{ least: rates[0] as number, most: rates.at(-1) as number },
      };
    });
}

/**
 * What bulk must reach. The larger of the two rates counts: who shares the machine slows the clock's, and the collector's and compiler's
 * threads, which run beside the stack on a machine with room, add to CPU time. Each is a lower bound of what the stack can do.
 */
export function streamGates(results: readonly StreamResult[]): Gate[] {
  const best = (subject: string): number | undefined => {
    const found = results.find((result) => result.task === 'bulk' && result.subject === subject);
    return found && Math.max(found.rate, found.perCpuSecond);
  };
  const gate = (subject: string, must: number, aim: number): Gate => {
    const value = best(subject);
    const pass = value !== undefined && value >= must;
    return { name: `1 GiB over ${subject}`, unit: 'Gbit/s', must, aim, value, pass };
  };
  return [gate(VETH, 8, 30), gate(VETH_PLAIN, 2, 8)];
}

/** How many times as fast as Node's `net` in two processes, by the clock and by CPU time. */
export function againstNet(
  result: StreamResult,
  all: readonly StreamResult[],
): [rate: number, perCpuSecond: number] | undefined {
  const net = all.find(({ task, subject }) => task === result.task && subject === NET);
  return net && [result.rate / net.rate, result.perCpuSecond / net.perCpuSecond];
}

function ascending(a: number, b: number): number {
  return a - b;
}

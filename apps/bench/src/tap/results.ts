/**
 * Medians, ratios and gates of what was measured over a TAP.
 * @module
 */
import type { Gate } from '../results.ts';
import { type Spread, spread } from '../spread.ts';
import type { StreamSample } from '../streams/streams.ts';
import { IPERF, IPERF_PLAIN, KERNELS, TAP, TAP_GRO, TAP_PLAIN, TAP_THREAD, type TapTask } from './taps.ts';

const WITHOUT_OFFLOADS: readonly string[] = [TAP_PLAIN, TAP_GRO, TAP_THREAD];

/** The samples of one row, one a round. */
export interface TapCell {
  task: TapTask;
  subject: string;
  samples: StreamSample[];
}

/** One line of the table. Rates are Gbit/s of bulk, else times a second. */
export interface TapResult {
  task: TapTask;
  subject: string;
  /** By the clock: median, least and most over the rounds. */
  rate: number;
  least: number;
  most: number;
  /** By CPU time of both ends; what the kernel does for them in interrupts may not be in it. */
  perCpuSecond: number;
  /** Times the kernel with itself: median, least and most of the ratios within each round; `undefined` without both. */
  ratio: Spread | undefined;
}

/** Whether a task is bulk. */
export function isBulk(task: TapTask): boolean {
  return task === 'in' || task === 'out';
}

/** All rows that were measured. */
export function tapResults(cells: readonly TapCell[]): TapResult[] {
  return cells
    .filter(({ samples }) => samples.length > 0)
    .map((cell) => {
      const { task, subject } = cell;
      const { median, least, most } = spread(rates(cell)) as Spread;
      const perCpu = cell.samples.map(({ count, cpuSeconds }) => count / unit(task) / cpuSeconds);
      return {
        ...{ task, subject, rate: median, least, most },
        perCpuSecond: (spread(perCpu) as Spread).median,
        ratio: againstKernel(cell, cells),
      };
    });
}

/** What it must reach. */
export function tapGates(cells: readonly TapCell[]): Gate[] {
  const find = (task: TapTask, subject: string): TapCell | undefined =>
    cells.find((cell) => cell.task === task && cell.subject === subject);
  const gate = (name: string, unit: 'x' | 'Gbit/s', must: number, aim: number, value?: number): Gate => ({
    ...{ name, unit, must, aim, value },
    pass: value !== undefined && value >= must,
  });
  const ratio = (task: TapTask, name: string, must: number, aim: number): Gate => {
    const cell = find(task, TAP);
    return gate(name, 'x', must, aim, cell && againstKernel(cell, cells)?.median);
  };
  const rate = (task: TapTask, name: string): Gate => {
    const cell = find(task, TAP_PLAIN);
    return gate(name, 'Gbit/s', 2, 2, cell && spread(rates(cell))?.median);
  };
  return [
    ratio('out', 'TAP, offloads, to the kernel, against iperf3 over veth', 0.7, 1),
    ratio('in', 'TAP, offloads, from the kernel, against iperf3 over veth', 0.7, 1),
    rate('out', 'TAP, MTU 1500, no offloads, to the kernel'),
    rate('in', 'TAP, MTU 1500, no offloads, from the kernel'),
    ratio('connect', 'connections over TAP, against the kernel over veth', 0.3, 0.5),
    ratio('request', 'round trips over TAP, against the kernel over veth', 1 / 3, 0.5),
  ];
}

/** Ratios within each round to the kernel's own row of the same kind. */
function againstKernel(cell: TapCell, cells: readonly TapCell[]): Spread | undefined {
  const [task, subject] = kernelOf(cell);
  const kernel = cells.find((other) => other.task === task && other.subject === subject);
  if (kernel === undefined || kernel === cell || cell.subject === IPERF_PLAIN) return undefined;
  const theirs = rates(kernel);
  return spread(
    rates(cell)
      .slice(0, theirs.length)
      .map((rate, round) => rate / (theirs[round] as number)),
  );
}

function kernelOf({ task, subject }: TapCell): [task: TapTask, subject: string] {
  if (isBulk(task)) return ['in', WITHOUT_OFFLOADS.includes(subject) ? IPERF_PLAIN : IPERF];
  return [task === 'connect' || task === 'connect out' ? 'connect' : 'request', KERNELS];
}

function rates({ task, samples }: TapCell): number[] {
  return samples.map(({ count, seconds }) => count / unit(task) / seconds);
}

/** What one of a rate is. */
function unit(task: TapTask): number {
  return isBulk(task) ? 1e9 / 8 : 1;
}

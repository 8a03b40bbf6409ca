/**
 * The tables of TAP, for people.
 * @module
 */
import { align } from '../table.ts';
import { isBulk, type TapCell, type TapResult, tapResults } from './results.ts';
import type { TapTask } from './taps.ts';

const TABLES: readonly (readonly [title: string, tasks: readonly TapTask[]])[] = [
  ['bulk through one TCP connection', ['out', 'in']],
  ['a connection opened, a byte there and back, closed; one after the other', ['connect', 'connect out']],
  ['a byte there and a byte back, again and again', ['request', 'request out']],
];

const DIRECTIONS: Record<TapTask, string> = {
  out: 'to the kernel',
  in: 'from the kernel',
  connect: "the kernel's client",
  'connect out': 'our client',
  request: "the kernel's client",
  'request out': 'our client',
};

/** A table for each kind of task. */
export function tapReport(cells: readonly TapCell[]): string {
  const results = tapResults(cells);
  return TABLES.map(([title, tasks]) => {
    const rows = results.filter(({ task }) => tasks.includes(task));
    return rows.length === 0 ? undefined : table(title, rows);
  })
    .filter((text) => text !== undefined)
    .join('\n\n');
}

function table(title: string, rows: readonly TapResult[]): string {
  const bulk = isBulk((rows[0] as TapResult).task);
  const unit = bulk ? 'Gbit/s' : '/s';
  const number = (rate: number): string => (bulk ? rate.toFixed(2) : Math.round(rate).toLocaleString('en'));
  const head = ['', '', unit, 'spread', `${unit} CPU`, 'x kernel', 'spread'];
  const lines = rows.map(({ task, subject, rate, least, most, perCpuSecond, ratio }) => [
    ...[subject, subject.startsWith('TAP') ? DIRECTIONS[task] : ''],
    ...[number(rate), `${number(least)}..${number(most)}`, number(perCpuSecond)],
    ...(ratio === undefined
      ? ['-', '-']
      : [ratio.median.toFixed(2), `${ratio.least.toFixed(2)}..${ratio.most.toFixed(2)}`]),
  ]);
  return `${title}   (CPU: a second of both ends' CPU time; x kernel: the kernel with itself over a veth, in the same round = 1)\n${align([head, ...lines])}`;
}

/**
 * The tables of TCP, for people.
 * @module
 */
import { align, times } from '../table.ts';
import { againstNet, type StreamResult } from './results.ts';
import type { Task } from './streams.ts';

const TITLES: Record<Task, string> = {
  bulk: '1 GiB through one TCP connection',
  request: 'a byte there and a byte back, again and again',
  connect: 'a connection opened and closed, one after the other',
};

/** A table for each task. */
export function streamReport(results: readonly StreamResult[]): string {
  const tasks = [...new Set(results.map(({ task }) => task))];
  return tasks.map((task) => table(task, results)).join('\n\n');
}

function table(task: Task, all: readonly StreamResult[]): string {
  const unit = task === 'bulk' ? 'Gbit/s' : '/s';
  const head = ['', unit, 'spread', `${unit} CPU`, 'x net', 'x net CPU'];
  const rows = all
    .filter((result) => result.task === task)
    .map((result) => {
      const ratios = againstNet(result, all);
      return [
        ...[result.subject, number(task, result.rate)],
        `${number(task, result.least)}..${number(task, result.most)}`,
        number(task, result.perCpuSecond),
        ...(ratios === undefined ? ['-', '-'] : ratios.map(times)),
      ];
    });
  const note = '   (CPU: a second of CPU time; x net: Node net in two processes = 1)';
  return `${TITLES[task]}${note}\n${align([head, ...rows])}`;
}

function number(task: Task, rate: number): string {
  return task === 'bulk' ? rate.toFixed(2) : Math.round(rate).toLocaleString('en');
}

/**
 * The table of goodput over bad wires, for people.
 * @module
 */
import type { Spread } from '../spread.ts';
import { align } from '../table.ts';
import { type GoodputCell, goodputResults } from './results.ts';

/** One table; nothing without samples. */
export function goodputReport(cells: readonly GoodputCell[]): string {
  const results = goodputResults(cells);
  if (results.length === 0) return '';
  const head = ['loss', '', 'Mbit/s', 'spread', 'x kernel', 'spread'];
  const lines = results.map(({ loss, sender, goodput, ratio }) => [
    ...[`${loss} %`, sender, ...columns(goodput)],
    ...(ratio === undefined ? ['-', '-'] : columns(ratio)),
  ]);
  return `goodput to the kernel, round trip 40 ms, 100 Mbit/s   (x kernel: the same of the kernel with the same losses, in the same round = 1)\n${align([head, ...lines])}`;
}

function columns({ median, least, most }: Spread): [string, string] {
  return [median.toFixed(2), `${least.toFixed(2)}..${most.toFixed(2)}`];
}

/**
 * What many of something cost, for people.
 * @module
 */
import { align } from '../table.ts';
import type { Figure } from './figures.ts';

/** The figures of one measurement; where there were several rounds, the median of each. */
export interface ScaleResult {
  title: string;
  figures: Figure[];
}

/** The median of each figure over the rounds; what was not measured is left out. */
export function scaleResults(titles: readonly string[], samples: readonly Figure[][][]): ScaleResult[] {
  return titles.flatMap((title, index) => {
    const rounds = samples[index] ?? [];
    const [first] = rounds;
    if (first === undefined) return [];
    const figures = first.map((figure, i) => {
      const values = rounds.map((round) => (round[i] as Figure).value).sort((a, b) => a - b);
      return { ...figure, value: values[values.length >> 1] as number };
    });
    return [{ title, figures }];
  });
}

/** Whether every figure is within its limit. */
export function scalePasses(results: readonly ScaleResult[]): boolean {
  return results.every(({ figures }) => figures.every(isWithin));
}

/** A table for each measurement. */
export function scaleReport(results: readonly ScaleResult[]): string {
  return results
    .map(({ title, figures }) => {
      const rows = figures.map((figure) => [
        figure.name,
        `${digits(figure.value)} ${figure.unit}`,
        ...(figure.most === undefined
          ? ['', '']
          : [`at most ${figure.most}`, isWithin(figure) ? 'pass' : 'MISS']),
      ]);
      return `${title}\n${align(rows)}`;
    })
    .join('\n\n');
}

function isWithin({ value, most }: Figure): boolean {
  return most === undefined || value <= most;
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

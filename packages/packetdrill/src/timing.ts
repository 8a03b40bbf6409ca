/**
 * When events may happen. All times are µs of the script.
 * @module
 */
import type { Config } from './config.ts';
import { formatTime } from './packet/format.ts';
import type { EventTime } from './script/script.ts';

/** When an event may happen. */
export interface Window {
  from: number;
  to: number;
  tolerance: number;
}

/** The window of a line's time, where relative times count from `base`. */
export function windowOf(time: EventTime, base: number, config: Config): Window {
  if (time.kind === 'any') return { from: 0, to: Number.POSITIVE_INFINITY, tolerance: 0 };
  const isRelative = time.kind === 'relative' || time.kind === 'relative range';
  const from = time.time + (isRelative ? base : 0);
  const to = 'end' in time ? time.end + (isRelative ? base : 0) : from;
  return { from, to, tolerance: toleranceOf(from - base, config) };
}

/** How far off an event may be that comes `elapsed` after another. */
export function toleranceOf(elapsed: number, { tolerance, tolerancePercent }: Config): number {
  return Math.max(tolerance, (elapsed * tolerancePercent) / 100);
}

/** Why an event that happened at `actual` is too early or too late, behind its subject; `undefined` = it is not. */
export function timeFault({ from, to, tolerance }: Window, actual: number): string | undefined {
  if (actual >= from - tolerance && actual <= to + tolerance) return undefined;
  const span = from === to ? formatTime(from) : `${formatTime(from)}~${formatTime(to)}`;
  return `happened at ${formatTime(actual)}, not at ${span} (tolerance ${formatTime(tolerance)})`;
}

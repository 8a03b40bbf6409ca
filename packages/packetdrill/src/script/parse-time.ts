/**
 * Times: `0.1`, `+.1`, `*`, `+.3~+.4`, and `+0...0.2` for calls that wait.
 * @module
 */
import type { Cursor } from './cursor.ts';
import type { EventTime } from './script.ts';

const NUMBER = /\d+(?:\.(?!\.)\d*)?|\.\d+/y;
const SECOND = 1_000_000;
/** Seconds of a time. */
const MOST = 1_000_000;

/** A time, and the time of return. */
export interface BlockingTime {
  time: EventTime;
  returns: number | undefined;
}

/** The time in front of an event. */
export function readTime(cursor: Cursor): BlockingTime {
  const start = cursor.position;
  if (cursor.accept('*')) return { time: { kind: 'any' }, returns: undefined };
  const isRelative = cursor.accept('+');
  const time = readSeconds(cursor);
  if (cursor.accept('~')) {
    if (cursor.accept('+') !== isRelative)
      cursor.fail('both ends of a range are relative, or none is', start);
    const end = readSeconds(cursor);
    if (end < time) cursor.fail('the range ends before it begins', start);
    return {
      time: { kind: isRelative ? 'relative range' : 'absolute range', time, end },
      returns: undefined,
    };
  }
  let returns: number | undefined;
  if (cursor.accept('...')) {
    cursor.accept('+');
    returns = readSeconds(cursor);
    if (returns < time) cursor.fail('the call returns before it is made', start);
  }
  return { time: { kind: isRelative ? 'relative' : 'absolute', time }, returns };
}

function readSeconds(cursor: Cursor): number {
  const text = cursor.take(NUMBER);
  if (text === undefined) cursor.fail(`expected a time in seconds, found ${cursor.here()}`);
  if (Number(text) > MOST) cursor.fail(`a time is at most ${MOST} seconds`, cursor.position - text.length);
  return Math.round(Number(text) * SECOND);
}

/**
 * The loop: input after input until a law breaks.
 * @module
 */
import { Mutator } from './mutator.ts';
import { hashOf } from './random.ts';
import type { Target } from './target.ts';

/** How to run. */
export interface FuzzOptions {
  runs: number;
  seed: number;
  /** Most a single input may take, ms; one that takes longer is tried again before it counts. */
  limit?: number;
  /** Told each input before it is tried: what hangs can then be named from outside. */
  announce?: (bytes: Uint8Array) => void;
}

/** What a run found. */
export interface Report {
  name: string;
  seed: number;
  /** Inputs tried, the failing one included. */
  runs: number;
  seconds: number;
  /** How many inputs ended how: `accepted`, or the code of a refusal. */
  outcomes: Record<string, number>;
  failure: Failure | undefined;
}

/** An input that broke a law, and the smallest found that still does. */
export interface Failure {
  /** Which input it was, from 0. */
  index: number;
  message: string;
  input: string;
  smallest: string;
}

const encoder = new TextEncoder();

/** Tries `runs` inputs; the same seed gives the same inputs. Stops at the first failure. */
export function fuzz(target: Target, { runs, seed, limit = 250, announce }: FuzzOptions): Report {
  const mutator = new Mutator(target.seeds(seed), seed ^ hashOf(encoder.encode(target.name)));
  const outcomes = new Map<string, number>();
  const start = performance.now();
  const report = (tried: number, failure: Failure | undefined): Report => ({
    ...{ name: target.name, seed, runs: tried, seconds: (performance.now() - start) / 1000 },
    ...{ outcomes: Object.fromEntries([...outcomes].sort((a, b) => b[1] - a[1])), failure },
  });
  for (let index = 0; index < runs; index++) {
    const bytes = mutator.next();
    announce?.(bytes);
    const outcome = attempt(target, bytes, limit);
    if (typeof outcome !== 'string') {
      const smallest = toHex(shrink(target, bytes, limit));
      return report(index + 1, { index, message: outcome.message, input: toHex(bytes), smallest });
    }
    const count = outcomes.get(outcome) ?? 0;
    if (count === 0) mutator.keep(bytes); // something new: worth building on
    outcomes.set(outcome, count + 1);
  }
  return report(runs, undefined);
}

/** Tries one input: what became of it, or what is wrong. */
export function attempt(target: Target, bytes: Uint8Array, limit = 250): string | { message: string } {
  // A stack trace takes longer than everything else, and hostile input is refused by throwing.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const before = performance.now();
    const outcome = target.trial(bytes);
    return performance.now() - before <= limit ? outcome : slow(target, bytes, limit, outcome);
  } catch (error) {
    return { message: error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}` };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A machine can be busy once, not four times in a row. */
function slow(
  target: Target,
  bytes: Uint8Array,
  limit: number,
  outcome: string,
): string | { message: string } {
  for (let again = 0; again < 3; again++) {
    const before = performance.now();
    target.trial(bytes);
    if (performance.now() - before <= limit) return outcome;
  }
  return { message: `took more than ${limit} ms, four times` };
}

/** Cuts and clears bytes as long as the input still fails. */
function shrink(target: Target, bytes: Uint8Array, limit: number): Uint8Array {
  const fails = (candidate: Uint8Array): boolean => typeof attempt(target, candidate, limit) !== 'string';
  let best = bytes;
  for (let length = best.length; length >= 1; length >>= 1) {
    for (let at = 0; at + length <= best.length; ) {
      const cut = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + length)]);
      if (fails(cut)) best = cut;
      else at += length;
    }
  }
  for (let at = 0; at < best.length; at++) {
    const clear = best.slice();
    clear[at] = 0;
    if (best[at] !== 0 && fails(clear)) best = clear;
  }
  return best;
}

/** Bytes as hex digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Hex digits as bytes. @throws RangeError for anything else. */
export function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new RangeError(`not hex digits in pairs: ${text}`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

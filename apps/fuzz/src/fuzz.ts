/**
 * The loop: input after input until a law breaks.
 * @module
 */
import { Mutator } from './mutator.ts';
import { hashOf } from './random.ts';
import type { Outcome, Target } from './target.ts';

/** How to run. */
export interface FuzzOptions {
  runs: number;
  seed: number;
  /** Most a single input may take, ms; one that takes longer is tried again before it counts. Default 250, or what the target says. */
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

/** Most a single input may take unless said, ms. */
const LIMIT = 250;

/** Tries `runs` inputs, or the target's share of them; the same seed gives the same inputs. Stops at the first failure. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<Report> {
  const { seed, limit = target.limit ?? LIMIT, announce } = options;
  const runs = Math.ceil(options.runs * (target.share ?? 1));
  const mutator = new Mutator(target.seeds(seed), seed ^ hashOf(encoder.encode(target.name)));
  const outcomes = new Map<string, number>();
  const features = new Set<string>();
  const start = performance.now();
  const report = (tried: number, failure: Failure | undefined): Report => ({
    ...{ name: target.name, seed, runs: tried, seconds: (performance.now() - start) / 1000 },
    ...{ outcomes: Object.fromEntries([...outcomes].sort((a, b) => b[1] - a[1])), failure },
  });
  for (let index = 0; index < runs; index++) {
    const bytes = mutator.next();
    announce?.(bytes);
    const result = await attempt(target, bytes, limit);
    if (typeof result !== 'string' && 'message' in result) {
      const smallest = toHex(await shrink(target, bytes, limit));
      return report(index + 1, { index, message: result.message, input: toHex(bytes), smallest });
    }
    const outcome = typeof result === 'string' ? result : result.outcome;
    const count = outcomes.get(outcome) ?? 0;
    // Something new: worth building on.
    if (count === 0 || (typeof result !== 'string' && learn(features, result.features))) mutator.keep(bytes);
    outcomes.set(outcome, count + 1);
  }
  return report(runs, undefined);
}

/** Adds features; whether one was new. */
function learn(known: Set<string>, features: readonly string[]): boolean {
  const before = known.size;
  for (const feature of features) known.add(feature);
  return known.size > before;
}

/** Tries one input: what became of it, or what is wrong. */
export async function attempt(
  target: Target,
  bytes: Uint8Array,
  limit: number = target.limit ?? LIMIT,
): Promise<Outcome | { message: string }> {
  // A stack trace takes longer than everything else, and hostile input is refused by throwing.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const before = performance.now();
    const outcome = await target.trial(bytes);
    return performance.now() - before <= limit ? outcome : await slow(target, bytes, limit, outcome);
  } catch (error) {
    return { message: error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}` };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A machine can be busy once, not four times in a row. */
async function slow(
  target: Target,
  bytes: Uint8Array,
  limit: number,
  outcome: Outcome,
): Promise<Outcome | { message: string }> {
  for (let again = 0; again < 3; again++) {
    const before = performance.now();
    await target.trial(bytes);
    if (performance.now() - before <= limit) return outcome;
  }
  return { message: `took more than ${limit} ms, four times` };
}

/** Cuts and clears bytes as long as the input still fails. */
async function shrink(target: Target, bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const fails = async (candidate: Uint8Array): Promise<boolean> => {
    const result = await attempt(target, candidate, limit);
    return typeof result !== 'string' && 'message' in result;
  };
  let best = bytes;
  for (let length = best.length; length >= 1; length >>= 1) {
    for (let at = 0; at + length <= best.length; ) {
      const cut = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + length)]);
      if (await fails(cut)) best = cut;
      else at += length;
    }
  }
  for (let at = 0; at < best.length; at++) {
    const clear = best.slice();
    clear[at] = 0;
    if (best[at] !== 0 && (await fails(clear))) best = clear;
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

/**
 * `npm start`: runs the two programs over the network, tells what happens, and compares the bytes.
 * @module
 */
import { readFileSync } from 'node:fs';
import { isSysctlError } from '@stack/sysctl';
import pc from 'picocolors';
import { Capture } from './capture.ts';
import { CommandError, explain } from './errors.ts';
import { REQUEST } from './http.ts';
import { describe } from './network.ts';
import { Renderer } from './render.ts';
import { renderOutcome, renderVerdicts } from './render-outcome.ts';
import { type Outcome, type RunOptions, run } from './run.ts';
import type { Told } from './story.ts';
import { StraceLines } from './strace-lines.ts';

/** Bytes sent where something is to be lost, or a buffer to fill up, unless a file is given. */
const PATTERN_BYTES = 256 * 1024;
/** Bytes in a line of what is sent then. */
const LINE = 34;

/** What the command is given; times in µs, probabilities as fractions. */
export interface WalkOptions {
  /** File whose bytes are sent, and sent back, instead of {@link REQUEST} and a reply. */
  data?: string | undefined;
  routed?: boolean | undefined;
  loss?: number | undefined;
  delay?: number | undefined;
  reorder?: number | undefined;
  duplicate?: number | undefined;
  corrupt?: number | undefined;
  /** Bits per second. */
  rate?: number | undefined;
  seed?: number | undefined;
  /** Largest send buffer of the client, bytes. */
  wmem?: number | undefined;
  sysctl?: Readonly<Record<string, string>> | undefined;
  /** Hand the payload down by reference. */
  zerocopy?: boolean | undefined;
  /** File that gets what crossed the client's wire. */
  pcap?: string | undefined;
  /** Print system calls instead of the story. */
  strace?: boolean | undefined;
  /** One JSON document instead of text. */
  json?: boolean | undefined;
  /** Tell every frame. */
  verbose?: boolean | undefined;
  color?: boolean | undefined;
}

/** Runs it and prints to `out`, a line a call. Returns the exit code: 0 when everything that arrived is what was sent. @throws CommandError */
export async function walk(options: WalkOptions, out: (line: string) => void): Promise<number> {
  const data = dataOf(options);
  const capture = options.pcap === undefined ? undefined : new Capture(options.pcap);
  const colors = pc.createColors(options.color ?? false);
  try {
    const outcome = await runAndPrint(options, data, capture, colors, out);
    capture?.save();
    return isIdentical(outcome) ? 0 : 1;
  } catch (error) {
    capture?.discard();
    if (isSysctlError(error)) throw new CommandError(error.message);
    throw error;
  }
}

/** Whether everything arrived as it was sent, and nothing failed. */
function isIdentical({ errors, deliveries }: Outcome): boolean {
  return errors.length === 0 && deliveries.every(({ identical }) => identical);
}

async function runAndPrint(
  options: WalkOptions,
  data: Uint8Array,
  capture: Capture | undefined,
  colors: ReturnType<typeof pc.createColors>,
  out: (line: string) => void,
): Promise<Outcome> {
  const steps: Told[] = [];
  const renderer = new Renderer(colors);
  const { json, strace } = options;
  const made = settings(options, data);
  let isBegun = json || strace;
  const tell = (told: Told): void => {
    if (json) steps.push(told);
    else if (!strace) {
      if (!isBegun) out(colors.bold(describe(made)));
      isBegun = true;
      for (const line of renderer.render(told)) out(line);
    }
  };
  const calls: string[] = [];
  const tracer = new StraceLines(json ? (line) => calls.push(line) : out);
  const outcome = await run({
    ...made,
    tell,
    capture,
    ...((strace || json) && { calls: tracer }),
  });
  if (json)
    out(
      JSON.stringify({ options: given(options), steps, calls, ...outcome, identical: isIdentical(outcome) }),
    );
  else {
    if (strace) out('');
    for (const line of strace ? renderVerdicts(outcome, colors) : renderOutcome(outcome, colors)) out(line);
  }
  return outcome;
}

/** How the network and the programs are made. */
function settings(options: WalkOptions, data: Uint8Array): Omit<RunOptions, 'tell'> {
  const { loss, delay, reorder, duplicate, corrupt, rate } = options;
  const wire = Object.fromEntries(
    Object.entries({ loss, delay, reorder, duplicate, corrupt, rate }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const isRequest = isClassic(options);
  return {
    data,
    program: isRequest ? 'request' : 'transfer',
    routed: options.routed ?? false,
    zerocopy: options.zerocopy ?? false,
    seed: options.seed ?? 1,
    wire,
    sysctl: options.sysctl ?? {},
    wmem: options.wmem,
    verbose: options.verbose ?? false,
  };
}

/** What is sent: a file, the request, or, where that would be too little to see anything, bytes without end. */
function dataOf(options: WalkOptions): Uint8Array {
  if (options.data !== undefined) return load(options.data);
  return isClassic(options) ? new TextEncoder().encode(REQUEST) : pattern(PATTERN_BYTES);
}

/** Whether it is the classic example: no file, nothing to be lost, nothing to fill up. */
function isClassic({ data, loss = 0, reorder = 0, duplicate = 0, corrupt = 0, wmem }: WalkOptions): boolean {
  return data === undefined && wmem === undefined && loss + reorder + duplicate + corrupt === 0;
}

function load(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path}: ${explain(error)}`);
  }
}

/** Numbered lines: whatever is missing shows. */
function pattern(length: number): Uint8Array {
  const lines = Array.from(
    { length: Math.ceil(length / LINE) },
    (_, i) => `${String(i * LINE).padStart(10)} bytes were sent before\n`,
  );
  return new TextEncoder().encode(lines.join('').slice(0, length));
}

/** The options that were given, without those that change only the form. */
function given({ json: _json, color: _color, ...rest }: WalkOptions): object {
  return rest;
}

/**
 * `npm start`: walks one request, or a file, down to the wire and back, and compares.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fromMicroseconds, LINKTYPE, PcapWriter } from '@stack/pcap';
import pc from 'picocolors';
import { CommandError, explain } from './errors.ts';
import { renderOutcome, renderStep } from './render.ts';
import { type Outcome, run } from './scenario.ts';
import type { Step } from './story.ts';

/** The request of the classic example, 37 bytes. */
export const REQUEST = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';

/** What the command is given. */
export interface WalkOptions {
  /** File whose bytes are sent instead of {@link REQUEST}. */
  data?: string | undefined;
  /** File that gets what crossed the wire. */
  pcap?: string | undefined;
  /** One JSON document instead of text. */
  json?: boolean | undefined;
  /** Hand the payload down by reference. */
  zerocopy?: boolean | undefined;
  color?: boolean | undefined;
}

/** Runs it and prints to `out`, a line a call. Returns the exit code: 0 when what arrived is what was sent. */
export function walk(options: WalkOptions, out: (line: string) => void): number {
  const data = options.data === undefined ? new TextEncoder().encode(REQUEST) : load(options.data);
  const colors = pc.createColors(options.color ?? false);
  const steps: Step[] = [];
  const capture = options.pcap === undefined ? undefined : new Capture();
  const tell = (step: Step): void => {
    steps.push(step);
    if (!options.json) for (const line of renderStep(step, steps.length, colors)) out(line);
  };
  const outcome = run({
    data,
    zerocopy: options.zerocopy ?? false,
    tell,
    ...(capture && { onFrame: (bytes, time) => capture.add(bytes, time) }),
  });
  if (options.pcap !== undefined) capture?.save(options.pcap);
  const difference = firstDifference(data, outcome.received);
  if (options.json)
    out(
      JSON.stringify({
        steps,
        ...summary(outcome),
        bytes: data.length,
        identical: difference < 0,
        difference,
      }),
    );
  else {
    for (const line of renderOutcome(outcome, colors)) out(line);
    out(verdict(data, outcome.received));
  }
  return difference < 0 ? 0 : 1;
}

/** The outcome without the bytes themselves. */
function summary({ received, ...rest }: Outcome): Omit<Outcome, 'received'> & { arrived: number } {
  return { ...rest, arrived: received.length };
}

/** Index of the first byte in which two arrays differ, the shorter length where one is a prefix; -1 where they are equal. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let at = 0; at < common; at++) if (a[at] !== b[at]) return at;
  return a.length === b.length ? -1 : common;
}

/** The last line: whether what arrived is what was sent, or where they part. */
export function verdict(sent: Uint8Array, received: Uint8Array): string {
  const at = firstDifference(sent, received);
  if (at < 0) return `identical: ${sent.length} bytes`;
  const byte = (bytes: Uint8Array): string => {
    const value = bytes[at];
    return value === undefined ? 'nothing' : `0x${value.toString(16).padStart(2, '0')}`;
  };
  return `different: at byte ${at} of ${sent.length}, sent ${byte(sent)}, received ${byte(received)}`;
}

function load(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path}: ${explain(error)}`);
  }
}

/** Frames gathered for a capture file. */
class Capture {
  readonly #writer = new PcapWriter({ linkType: LINKTYPE.ETHERNET });
  readonly #chunks: Uint8Array[] = [this.#writer.header()];

  add(bytes: Uint8Array, time: number): void {
    this.#chunks.push(this.#writer.write({ data: bytes, timestamp: fromMicroseconds(time) }));
  }

  save(path: string): void {
    try {
      writeFileSync(path, Buffer.concat(this.#chunks));
    } catch (error) {
      throw new CommandError(`${path}: ${explain(error)}`);
    }
  }
}

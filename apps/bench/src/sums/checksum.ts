/**
 * RFC 1071 over byte runs of one length: ours, and the loop that anybody writes first.
 * @module
 */
import { csumPartial } from '@stack/skbuff/checksum';
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import { type Runs, runsOf } from './runs.ts';

/** `csumPartial`. */
export function prepare(length: number): Pass {
  return pass(runsOf(length), csumPartial);
}

/** `DataView.getUint16` in a loop. */
export function prepareNaive(length: number): Pass {
  return pass(runsOf(length), naive);
}

function pass(runs: Runs, sum: (view: DataView, at: number, length: number) => number): Pass {
  const { view, at, length } = runs;
  for (const start of at) {
    if (sum(view, start, length) !== naive(view, start, length))
      throw new Error(`sum of ${length} bytes is wrong`);
  }
  const run = (): void => {
    let total = 0;
    for (let i = 0; i < at.length; i++) total ^= sum(view, at[i]!, length);
    sink.number = total;
  };
  return { run, packets: at.length, bytes: at.length * length };
}

function naive(view: DataView, at: number, length: number): number {
  let sum = 0;
  for (let i = at; i < at + length; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return sum;
}

/**
 * The floor: a bare loop that reads the header bytes, word by word, and does nothing with them.
 * @module
 */
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import type { PacketSet } from '../workload.ts';

/** Sums the 32-bit words of the three headers; their length is given, not parsed. */
export function prepare(set: PacketSet): Pass {
  const { view, at, count } = set;
  const stop = at.map((start, i) => start + 14 + 20 + 4 * set.fields[i]!.doff);
  const run = (): void => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const end = stop[i]!;
      let word = at[i]!;
      for (const last = end - 4; word <= last; word += 4) sum = (sum + view.getInt32(word)) | 0;
      if (word < end) sum = (sum + view.getUint16(word)) | 0;
    }
    sink.number = sum;
  };
  return { run, packets: count, bytes: 0 };
}

/**
 * The floor: a bare loop that writes as many header bytes, word by word, from words at hand.
 * @module
 */
import type { Pass } from '../measure.ts';
import type { PacketSet } from '../workload.ts';
import { copyOf } from './verify.ts';

/** Writes the 32-bit words of the three headers. */
export function prepare(set: PacketSet): Pass {
  const { at, count } = set;
  const { view } = copyOf(set);
  const stop = at.map((start, i) => start + 14 + 20 + 4 * set.fields[i]!.doff);
  const run = (): void => {
    for (let i = 0; i < count; i++) {
      const end = stop[i]!;
      let word = at[i]!;
      for (const last = end - 4; word <= last; word += 4) view.setInt32(word, word);
      if (word < end) view.setUint16(word, word);
    }
  };
  return { run, packets: count, bytes: 0 };
}

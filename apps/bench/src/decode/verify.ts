/**
 * Decoders are compared only when they say the same.
 * @module
 */
import { allWords, digest, type Fields, networkWords } from '../fields.ts';
import type { PacketSet } from '../workload.ts';

/** Throws unless `fieldsOf` gives, for every packet of the set, the fields it was made with. */
export function verifyAll(set: PacketSet, fieldsOf: (index: number) => Fields): void {
  verify(set, fieldsOf, allWords);
}

/** {@link verifyAll} for a decoder of Ethernet and IPv4 alone. */
export function verifyNetwork(set: PacketSet, fieldsOf: (index: number) => Fields): void {
  verify(set, fieldsOf, networkWords);
}

function verify(set: PacketSet, fieldsOf: (index: number) => Fields, words: (f: Fields) => number[]): void {
  for (let i = 0; i < set.count; i++) {
    if (digest(words(fieldsOf(i))) === digest(words(set.fields[i]!))) continue;
    throw new Error(
      `packet ${i} of ${set.name}: decoded ${words(fieldsOf(i))}, made of ${words(set.fields[i]!)}`,
    );
  }
}

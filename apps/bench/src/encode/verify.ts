/**
 * Encoders are compared only when they write the same bytes.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import type { PacketSet } from '../workload.ts';

/** A second arena with the payloads of the set, and noise where the headers go. */
export function copyOf(set: PacketSet): { bytes: Uint8Array; view: DataView } {
  const bytes = set.bytes.slice();
  for (let i = 0; i < set.count; i++) {
    const at = set.at[i]!;
    bytes.fill(0xa5, at, at + 14 + 20 + 4 * set.fields[i]!.doff);
  }
  return { bytes, view: viewOf(bytes) };
}

/** Throws unless `bytes` now hold the frame that the set has there. */
export function verifyFrame(set: PacketSet, index: number, bytes: Uint8Array, at: number): void {
  const frame = set.bytes.subarray(set.at[index], set.end[index]);
  for (const [i, byte] of frame.entries()) {
    if (bytes[at + i] === byte) continue;
    throw new Error(`packet ${index} of ${set.name}: byte ${i} is ${bytes[at + i]}, not ${byte}`);
  }
}

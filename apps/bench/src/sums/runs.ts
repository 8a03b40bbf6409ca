/**
 * Byte runs to be summed.
 * @module
 */
import { randomFrom } from '../random.ts';

/** Runs of one length in one buffer of random bytes, beginning at 2 mod 4 as IP payload may. */
export interface Runs {
  view: DataView;
  at: Int32Array;
  length: number;
}

/** About 128 KiB of runs, so that they stay in the cache and a pass takes tens of microseconds. */
export function runsOf(length: number): Runs {
  const random = randomFrom(length);
  const count = Math.min(1024, Math.max(1, Math.floor(0x2_0000 / length)));
  const stride = (length + 7) & ~3;
  const bytes = new Uint8Array(count * stride + 8).map(random);
  return {
    view: new DataView(bytes.buffer),
    at: Int32Array.from({ length: count }, (_, i) => 2 + i * stride),
    length,
  };
}

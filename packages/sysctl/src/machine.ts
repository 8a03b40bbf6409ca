/**
 * The model of a machine: how the defaults that Linux derives at boot follow from memory.
 *
 * All of memory counts as free at boot, pages are 4 KiB, and timers tick a thousand times a second (HZ = 1000), so that every
 * millisecond can be set exactly. The connection hash has one bucket for each 128 KiB, rounded up to a power of two and at
 * most 524,288.
 * @module
 */
import type { Triple } from './definition.ts';

/** Defaults that depend on memory, by the name of their sysctl. */
export interface Machine {
  readonly tcp_mem: Triple;
  readonly tcp_rmem: Triple;
  readonly tcp_wmem: Triple;
  readonly udp_mem: Triple;
  readonly tcp_max_orphans: number;
  readonly tcp_max_tw_buckets: number;
  readonly tcp_max_syn_backlog: number;
}

/** Bytes of memory unless told: 8 GiB. */
export const MEMORY: number = 8 * 2 ** 30;

const PAGE = 4096;
const SMALLEST = 16 * 2 ** 20;
const BUCKET_SPAN = 128 * 1024;
const MAX_BUCKETS = 512 * 1024;

/**
 * The defaults of a machine with `memory` bytes, 16 MiB to 2^53-1. @throws RangeError outside.
 */
export function machine(memory: number): Machine {
  if (!Number.isSafeInteger(memory) || memory < SMALLEST) {
    throw new RangeError(`sysctl: memory of ${memory} bytes is not an integer from ${SMALLEST}`);
  }
  const pages = Math.floor(memory / PAGE);
  const buckets = powerOfTwo(Math.min(memory / BUCKET_SPAN, MAX_BUCKETS));
  const share = Math.floor(memory / 128); // the most one socket's buffer may default to
  return {
    tcp_mem: thresholds(Math.floor(pages / 16)),
    tcp_rmem: [4096, 131_072, Math.max(131_072, Math.min(32 * 2 ** 20, share))],
    tcp_wmem: [4096, 16_384, Math.max(65_536, Math.min(4 * 2 ** 20, share))],
    udp_mem: thresholds(Math.floor(pages / 8)),
    tcp_max_orphans: buckets / 2,
    tcp_max_tw_buckets: buckets / 2,
    tcp_max_syn_backlog: Math.max(128, buckets / 128),
  };
}

/** Low, pressure, high, in pages: 3/4 of the limit, the limit, twice the low. */
function thresholds(limit: number): Triple {
  const pressure = Math.max(limit, 128);
  const low = Math.floor(pressure / 4) * 3;
  return [low, pressure, low * 2];
}

function powerOfTwo(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power;
}

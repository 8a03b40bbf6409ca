import type { Timestamp } from './records.ts';

const BILLION = 1_000_000_000n;

/** Microseconds in a second. */
const MILLION = 1_000_000;

/** Ticks a second for an if_tsresol byte: a power of ten, or of two when the top bit is set. */
export function ticksPerSecond(resolution: number): bigint {
  return (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f);
}

/** The moment `ticks` (u64, in two halves) after `offset` seconds; below a nanosecond is cut off. */
export function fromTicks(high: number, low: number, rate: bigint, offset: number): Timestamp {
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  return {
    seconds: Number(ticks / rate) + offset,
    nanoseconds: Number(((ticks % rate) * BILLION) / rate),
  };
}

/**
 * Ticks of `time` as [high, low] u32 halves. Powers of two round up to a tick, so that reading cuts back to the same
 * nanosecond; powers of ten need no rounding or cut. Throws RangeError if the time does not fit 64 bits.
 */
export function toTicks(time: Timestamp, resolution: number, offset: number): [high: number, low: number] {
  const { seconds, nanoseconds } = checkTimestamp(time);
  const rate = ticksPerSecond(resolution);
  const up = (resolution & 0x80) === 0 ? 0n : BILLION - 1n;
  const ticks = BigInt(seconds - offset) * rate + (BigInt(nanoseconds) * rate + up) / BILLION;
  if (ticks < 0n || ticks >> 64n !== 0n) {
    throw new RangeError(`pcap: ${seconds} s does not fit a timestamp of this interface`);
  }
  return [Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)];
}

/** `time`, or RangeError where it is not a whole number of seconds and 0..999_999_999 ns. */
export function checkTimestamp(time: Timestamp): Timestamp {
  const { seconds, nanoseconds } = time;
  if (!Number.isSafeInteger(seconds)) throw new RangeError(`pcap: ${seconds} is not whole seconds`);
  if (!Number.isInteger(nanoseconds) || nanoseconds < 0 || nanoseconds >= 1_000_000_000) {
    throw new RangeError(`pcap: ${nanoseconds} is not nanoseconds within a second`);
  }
  return time;
}

/**
 * The moment `us` microseconds after 1970-01-01T00:00:00Z, or before where negative: what clocks of microseconds tell. Throws
 * RangeError where it is not whole, or above 2^53 - 1.
 */
export function fromMicroseconds(us: number): Timestamp {
  if (!Number.isSafeInteger(us)) throw new RangeError(`pcap: ${us} is not whole microseconds`);
  const rest = ((us % MILLION) + MILLION) % MILLION;
  return { seconds: (us - rest) / MILLION, nanoseconds: rest * 1000 };
}

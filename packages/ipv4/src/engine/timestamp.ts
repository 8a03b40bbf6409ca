/**
 * The time in a timestamp option.
 * @module
 */
import type { Ipv4 } from './ipv4.ts';

/** Milliseconds since midnight UT; without a clock that knows, any time with the high bit set (RFC 791 §3.1). */
export function timestamp(ip: Ipv4, now: number): number {
  const { timeOfDay } = ip.ports;
  if (timeOfDay !== undefined) return timeOfDay(now) >>> 0;
  return (0x8000_0000 | (Math.floor(now / 1000) & 0x7fff_ffff)) >>> 0;
}

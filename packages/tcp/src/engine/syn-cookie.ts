/**
 * SYN cookies: what a SYN said, kept in the sequence number and the timestamp that answer it, so that the host need not remember it
 * (RFC 4987 §3.6, Linux net/ipv4/syncookies.c).
 *
 * The number is `hash(connection) + peer's number + minute << 24 + (hash(connection, minute) + index) mod 2^24`, where `index` tells
 * an MSS of {@link COOKIE_MSS}. The low bits of the timestamp tell the other options; without timestamps there are none.
 * @module
 */
import { SipHash } from './siphash.ts';

/** The MSS that a cookie can tell, bytes, ascending: the greatest that the peer's is not below. */
export const COOKIE_MSS: readonly number[] = [536, 1300, 1440, 1460];

/** µs that the clock of cookies stands still. */
const PERIOD = 60_000_000;
/** Periods a cookie is good for, the one it was made in among them. */
const MAX_AGE = 2;
/** s after the last cookie in which one may come back. */
export const COOKIE_VALID: number = (MAX_AGE * PERIOD) / 1_000_000;
/** The period stands above this many bits. */
const BITS = 24;
const MASK = 0xff_ffff;

/** Low bits of a timestamp: the peer's window shift, or that it scales not; SACK-permitted; ECN. */
const TS_WSCALE = 0xf;
const TS_SACK = 0x10;
const TS_ECN = 0x20;
const TS_MASK = 0x3f;

/** Makes and checks the numbers. An address is one 32-bit word, `ports` the peer's and ours in another. */
export class SynCookies {
  readonly #connection: SipHash;
  readonly #minute: SipHash;

  /** `random` gives a random u32. */
  constructor(random: () => number) {
    this.#connection = new SipHash(random(), random(), random(), random());
    this.#minute = new SipHash(random(), random(), random(), random());
  }

  /** The number, int32, for a SYN numbered `seq` of a peer that takes `mss` bytes. */
  make(now: number, saddr: number, daddr: number, ports: number, seq: number, mss: number): number {
    const period = periodOf(now);
    let index = COOKIE_MSS.length - 1;
    while (index > 0 && (COOKIE_MSS[index] as number) > mss) index--;
    const low = (this.#minute.hash4(saddr, daddr, ports, period) + index) & MASK;
    return (this.#connection.hash4(saddr, daddr, ports, 0) + seq + (period << BITS) + low) | 0;
  }

  /** The MSS that `cookie` tells; 0 where it is none of ours for that connection and `seq`, or too old. */
  check(now: number, saddr: number, daddr: number, ports: number, seq: number, cookie: number): number {
    const rest = (cookie - this.#connection.hash4(saddr, daddr, ports, 0) - seq) | 0;
    const period = periodOf(now);
    const age = (period - (rest >>> BITS)) & (0xffff_ffff >>> BITS);
    if (age >= MAX_AGE) return 0;
    return COOKIE_MSS[(rest - this.#minute.hash4(saddr, daddr, ports, period - age)) & MASK] ?? 0;
  }
}

/** Options that a timestamp tells. */
export interface CookieOptions {
  sackOk: boolean;
  wscaleOk: boolean;
  sndWscale: number;
  ecnOk: boolean;
}

/**
 * The newest value of the timestamp clock, not after `clock`, that tells `options`, and of ECN whether there is any. Both int32, without
 * the connection's offset.
 */
export function cookieTimestamp(clock: number, options: CookieOptions, ecn: boolean = options.ecnOk): number {
  const { sackOk, sndWscale, wscaleOk } = options;
  const bits = (wscaleOk ? sndWscale : TS_WSCALE) | (sackOk ? TS_SACK : 0) | (ecn ? TS_ECN : 0);
  const stamp = (clock & ~TS_MASK) | bits;
  return bits > (clock & TS_MASK) ? (stamp - TS_MASK - 1) | 0 : stamp;
}

/** What an echoed one tells. */
export function readCookieTimestamp(stamp: number, options: CookieOptions): void {
  const wscale = stamp & TS_WSCALE;
  options.wscaleOk = wscale !== TS_WSCALE;
  options.sndWscale = options.wscaleOk ? wscale : 0;
  options.sackOk = (stamp & TS_SACK) !== 0;
  options.ecnOk = (stamp & TS_ECN) !== 0;
}

function periodOf(now: number): number {
  return Math.floor(now / PERIOD) | 0;
}

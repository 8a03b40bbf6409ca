/**
 * What a stranger must not guess about a connection: its first sequence number (RFC 6528), its timestamp offset (RFC 7323 §5.4) and its
 * port (RFC 6056 §3.3.3). Each is a keyed hash of what names the connection (Linux net/core/secure_seq.c).
 *
 * An address goes in as one 32-bit word: an IPv4 address as it is; a longer one as what {@link SecureSeq.fold} makes of it, which
 * nobody without the key can bring to collide.
 * @module
 */
import { SipHash } from './siphash.ts';

/** The secrets of one host. They are drawn when first needed, so that a host whose random numbers are seeded later has good ones. */
export class SecureSeq {
  /** Upper 32 bits of what {@link ephemeral} gave last, int32. */
  ephemeralHigh = 0;
  readonly #random: () => number;
  #isn: SipHash | undefined;
  #timestamp: SipHash | undefined;
  #port: SipHash | undefined;
  #fold: SipHash | undefined;

  /** `random` gives a random u32. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * First sequence number of a connection, int32: a hash of the four-tuple plus a clock (RFC 6528 §3). Linux: the clock ticks every
   * 64 ns, not every 4 µs as in RFC 9293 §3.4.1; it still takes 274 s around, and an old incarnation at 10 Gbit/s stays behind it.
   */
  seq(now: number, saddr: number, daddr: number, sport: number, dport: number): number {
    this.#isn ??= this.#draw();
    return (this.#isn.hash4(saddr, daddr, (sport << 16) | dport, 0) + ticks(now)) | 0;
  }

  /**
   * What is added to the timestamp clock of all connections between two hosts, int32. Without ports, as Linux does: a port that is
   * used again goes on where it was, so that the peer's PAWS lets the new connection in.
   */
  tsOffset(saddr: number, daddr: number): number {
    this.#timestamp ??= this.#draw();
    return this.#timestamp.hash4(saddr, daddr, 0, 0);
  }

  /**
   * Where the search for a free port starts, int32 (RFC 6056 §3.3.3: algorithm 3's `F()`); the upper half of the hash, for a table of
   * counters as in algorithm 4, is then in {@link ephemeralHigh}.
   */
  ephemeral(saddr: number, daddr: number, dport: number): number {
    this.#port ??= this.#draw();
    const offset = this.#port.hash4(saddr, daddr, dport, 0);
    this.ephemeralHigh = this.#port.high;
    return offset;
  }

  /** One int32 that stands for an address of `count` words. */
  fold(words: Int32Array, count: number = words.length): number {
    this.#fold ??= this.#draw();
    return this.#fold.hash(words, count << 2);
  }

  #draw(): SipHash {
    const random = this.#random;
    return new SipHash(random(), random(), random(), random());
  }
}

/** Ticks of 64 ns in `now` µs, int32. Exact: 125 ticks are 8 µs, and what lies above 2^35 µs falls out of 32 bits of ticks. */
function ticks(now: number): number {
  return Math.floor(((now % 0x8_0000_0000) * 125) / 8) | 0;
}

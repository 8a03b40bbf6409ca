/**
 * A token bucket, exact.
 * @module
 */

/** Microbits in a byte: the unit of tokens, in which every µs brings `rate` of them. */
const BYTE = 8_000_000;

/** Fills at a rate and holds so much. Full at first. All products stay below 2^53 with a rate up to 10^12 bit/s and a size up to 2^30 bytes. */
export class Bucket {
  /** Bits per second. */
  readonly #rate: number;
  readonly #full: number;
  #tokens: number;
  /** When it was filled last, µs; -1 = never. */
  #filled = -1;

  /** @param rate Bits per second. @param size Bytes. */
  constructor(rate: number, size: number) {
    this.#rate = rate;
    this.#full = size * BYTE;
    this.#tokens = this.#full;
  }

  /** Puts in what time brought. */
  fill(now: number): void {
    const elapsed = this.#filled < 0 ? 0 : now - this.#filled;
    this.#filled = now;
    // Too large to be exact only where it is larger than any bucket.
    const brought = elapsed * this.#rate;
    this.#tokens = brought >= this.#full - this.#tokens ? this.#full : this.#tokens + brought;
  }

  /** Whether there is enough for so many bytes. */
  has(bytes: number): boolean {
    return this.#tokens >= bytes * BYTE;
  }

  /** Takes it out. */
  take(bytes: number): void {
    this.#tokens -= bytes * BYTE;
  }

  /** Whole µs from `now` until there will be enough, which must not be more than it holds; 0 if there is. */
  wait(now: number, bytes: number): number {
    const missing = bytes * BYTE - this.#tokens;
    if (missing <= 0) return 0;
    // A quotient of doubles may be one off; its product with the rate tells.
    let us = Math.floor(missing / this.#rate);
    while (us * this.#rate < missing) us++;
    while (us > 0 && (us - 1) * this.#rate >= missing) us--;
    return this.#filled + us - now;
  }
}

/**
 * What the peer has, beyond what it acknowledged: runs of sequence numbers, in order (RFC 6675's scoreboard). A block is compared with
 * them, so that nothing that was told before is walked over again, in whatever order blocks come and however long they are.
 * @module
 */

/** Disjoint runs `[start, end)` that do not touch, in order; int32 numbers within half of their space. */
export class SackRuns {
  #starts: number[] = [];
  #ends: number[] = [];

  /** How many. */
  get length(): number {
    return this.#starts.length;
  }

  /** First number of a run. */
  start(index: number): number {
    return this.#starts[index] as number;
  }

  /** One past its last number. */
  end(index: number): number {
    return this.#ends[index] as number;
  }

  /** Index of the first run that ends behind `seq`; {@link length} where none does. */
  behind(seq: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((((this.#ends[middle] as number) - seq) | 0) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Adds `[start, end)`, which is not empty, and joins what it touches. */
  add(start: number, end: number): void {
    const first = this.behind((start - 1) | 0);
    let last = first;
    let low = start;
    let high = end;
    for (; last < this.length && ((this.start(last) - end) | 0) <= 0; last++) {
      if (((this.start(last) - low) | 0) < 0) low = this.start(last);
      if (((this.end(last) - high) | 0) > 0) high = this.end(last);
    }
    if (last === first + 1) {
      this.#starts[first] = low;
      this.#ends[first] = high;
      return;
    }
    this.#starts.splice(first, last - first, low);
    this.#ends.splice(first, last - first, high);
  }

  /** Forgets what ends at `seq` or before. */
  dropBelow(seq: number): void {
    const gone = this.behind(seq);
    if (gone === 0) return;
    this.#starts.splice(0, gone);
    this.#ends.splice(0, gone);
  }

  /** Forgets all. */
  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
  }
}

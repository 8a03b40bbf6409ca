/**
 * Blocks of a few equal units within one growing Int32Array: what a trie's nodes and results lie in. Freed blocks wait in a list
 * for each size, linked through their first word.
 * @module
 */

const LARGEST = 32;
const NONE = -1;

/** An allocator of blocks of 1 to 32 units. */
export class Arena {
  /** All units, one after the other. Another array after each {@link alloc}: read it anew. */
  words: Int32Array;
  readonly #unit: number;
  readonly #free = new Int32Array(LARGEST + 1).fill(NONE);
  #top = 0;
  #used = 0;

  /** `unit`: words in a unit. */
  constructor(unit: number) {
    this.#unit = unit;
    this.words = new Int32Array(unit * 16);
  }

  /** Units in blocks that are not free. */
  get used(): number {
    return this.#used;
  }

  /** The index, in units, of a block of `size` units with any content. */
  alloc(size: number): number {
    this.#used += size;
    const free = this.#free[size] as number;
    if (free !== NONE) {
      this.#free[size] = this.words[free * this.#unit] as number;
      return free;
    }
    const block = this.#top;
    this.#top += size;
    if (this.#top * this.#unit > this.words.length) this.#grow();
    return block;
  }

  /** Takes a block back, of the size it was allocated with. */
  free(block: number, size: number): void {
    this.#used -= size;
    this.words[block * this.#unit] = this.#free[size] as number;
    this.#free[size] = block;
  }

  /** A block of one more unit: a gap of any content at `index`. Frees the old one. */
  insert(block: number, size: number, index: number): number {
    const larger = this.alloc(size + 1);
    this.#copy(block, larger, index);
    this.#copy(block + index, larger + index + 1, size - index);
    if (size > 0) this.free(block, size);
    return larger;
  }

  /** A block without the unit at `index`; 0 where that was the only one. Frees the old one. */
  remove(block: number, size: number, index: number): number {
    const smaller = size > 1 ? this.alloc(size - 1) : 0;
    this.#copy(block, smaller, index);
    this.#copy(block + index + 1, smaller + index, size - 1 - index);
    this.free(block, size);
    return smaller;
  }

  #copy(from: number, to: number, count: number): void {
    const unit = this.#unit;
    this.words.copyWithin(to * unit, from * unit, (from + count) * unit);
  }

  #grow(): void {
    const grown = new Int32Array(Math.floor(this.words.length * 1.5) + LARGEST * this.#unit);
    grown.set(this.words);
    this.words = grown;
  }
}

/**
 * Inputs: legal bytes, broken in the ways that break parsers.
 * @module
 */
import { Random } from './random.ts';

/** No input is longer, bytes. */
export const MAX_LENGTH = 8192;

/** Values at the edges of what a byte may mean: nothing, a sign, a nibble, a header length, everything. */
const EDGES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 0x3f, 0x40, 0x45, 0x4f, 0x50, 0x7f, 0x80, 0xf0, 0xfe, 0xff];

/** Makes one input after another from a corpus; what it makes follows from corpus and seed. */
export class Mutator {
  readonly #corpus: Uint8Array[];
  readonly #random: Random;
  readonly #bytes: Uint8Array = new Uint8Array(MAX_LENGTH);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(corpus: readonly Uint8Array[], seed: number) {
    this.#corpus = corpus.filter((bytes) => bytes.length <= MAX_LENGTH);
    this.#random = new Random(seed);
  }

  /** Adds an input to build on: one that did something new. */
  keep(bytes: Uint8Array): void {
    this.#corpus.push(bytes);
  }

  /** A fresh array with a buffer of exactly its size, so that reading beyond it is an error. */
  next(): Uint8Array {
    const random = this.#random;
    const way = random.below(16);
    this.#length = 0;
    if (way === 0 || this.#corpus.length === 0) {
      this.#insertNoise(0, random.below(random.below(4) === 0 ? 600 : 80));
    } else {
      this.#splice(0, this.#pick(), 0);
      // Now and then a legal input as it is; else one change or, more and more seldom, up to eight.
      if (way > 1) for (let n = 1 << (random.below(4) & random.below(4)); n > 0; n--) this.#change();
    }
    return this.#bytes.slice(0, this.#length);
  }

  #pick(): Uint8Array {
    return this.#corpus[this.#random.below(this.#corpus.length)]!;
  }

  /** A place in the input; every other time one near its start, where headers are. */
  #place(): number {
    const length = Math.max(1, this.#length);
    return this.#random.below((this.#random.word() & 1) === 0 ? Math.min(length, 64) : length);
  }

  #change(): void {
    const random = this.#random;
    const at = this.#place();
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2:
        this.#bytes[at]! ^= 1 << random.below(8);
        break;
      case 3:
        this.#bytes[at] = random.word();
        break;
      case 4:
      case 5:
        this.#bytes[at] = EDGES[random.below(EDGES.length)]!;
        break;
      case 6:
        this.#bytes[at]! += random.below(9) - 4;
        break;
      case 7:
        if (at + 2 <= this.#length) this.#view.setUint16(at, this.#extreme(), random.below(2) === 0);
        break;
      case 8:
        if (at + 4 <= this.#length) this.#view.setUint32(at, this.#extreme(), random.below(2) === 0);
        break;
      case 9:
        this.#length =
          random.below(2) === 0
            ? Math.min(this.#length, at)
            : Math.max(0, this.#length - 1 - random.below(4));
        break;
      case 10:
        this.#insertNoise(random.below(2) === 0 ? at : this.#length, 1 + random.below(16));
        break;
      case 11:
        this.#remove(at, 1 + random.below(16));
        break;
      case 12:
        this.#splice(at, this.#pick(), random.below(64));
        break;
      default:
        this.#repeat(at, 1 + random.below(40));
    }
  }

  /** A length that is just right, just wrong, or absurd. */
  #extreme(): number {
    const near = [
      0,
      1,
      this.#length,
      this.#length - 1,
      this.#length + 1,
      0xffff,
      0x7fff,
      0x8000,
      0xffff_ffff,
      0x8000_0000,
    ];
    return near[this.#random.below(near.length)]!;
  }

  /** Everything from `at` becomes the tail of another input. */
  #splice(at: number, other: Uint8Array, from: number): void {
    const tail = from === 0 ? other : other.subarray(from);
    const room = Math.min(tail.length, MAX_LENGTH - at);
    this.#bytes.set(room === tail.length ? tail : tail.subarray(0, room), at);
    this.#length = Math.min(at, this.#length) + room;
  }

  #insertNoise(at: number, wanted: number): void {
    const length = this.#open(at, wanted);
    for (let i = at; i < at + length; i++) this.#bytes[i] = this.#random.word();
  }

  /** The bytes at `at` a second time: options, tags and blocks that come twice. */
  #repeat(at: number, wanted: number): void {
    const length = this.#open(at, Math.min(wanted, this.#length - at));
    this.#bytes.copyWithin(at, at + length, at + 2 * length);
  }

  #remove(at: number, wanted: number): void {
    const length = Math.min(wanted, this.#length - at);
    this.#bytes.copyWithin(at, at + length, this.#length);
    this.#length -= length;
  }

  /** Makes room at `at` and gives how much there is. */
  #open(at: number, wanted: number): number {
    const length = Math.max(0, Math.min(wanted, MAX_LENGTH - this.#length));
    this.#bytes.copyWithin(at + length, at, this.#length);
    this.#length += length;
    return length;
  }
}

/**
 * An input as a program: hosts are told what to do by bytes. Any bytes are a program, and it ends where they do, so that cutting and
 * splicing inputs cuts and splices programs.
 * @module
 */
import { Random } from '../random.ts';

/** Reads an input; past its end everything is 0. */
export class Program {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether nothing is left. */
  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  u16(): number {
    return (this.u8() << 8) | this.u8();
  }

  /** int32. */
  i32(): number {
    return (this.u16() << 16) | this.u16();
  }

  /** One of several. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.u8() % choices.length] as T;
  }

  /** Up to `length` bytes as they stand; fewer at the end. */
  bytes(length: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** A number that is small, large or at an edge. */
  size(): number {
    const kind = this.u8();
    if (kind < 128) return kind;
    if (kind < 192) return this.u16() & 0x3fff;
    return [0, 1, 1448, 1460, 1461, 4095, 4096, 65_535][kind & 7] as number;
  }
}

/** Programs to begin with: noise, for every byte means something. */
export function programs(seed: number, count = 60): Uint8Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length: 20 + random.below(400) }, () =>
      random.below(3) === 0 ? random.below(8) : random.word(),
    ),
  );
}

/**
 * Frames on their way into a stream: gathered, so that many go with one system call.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { LENGTH_SIZE } from './frame-reader.ts';

/** Bytes of a batch: more than the longest frame there is, and more than a socket takes at once. */
const CAPACITY = 131_072;

/**
 * Frames with their lengths, one behind the other. Copying them costs less than telling Node of each: gathered, a frame of 1514 bytes takes
 * 0.7 µs of both ends' time, as two pieces of a `writev` 1.2 µs.
 */
export class Batch {
  /** Frames in it. */
  frames = 0;
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #used = 0;

  /** Bytes of the frames, without their lengths. */
  get payload(): number {
    return this.#used - this.frames * LENGTH_SIZE;
  }

  /** Copies a frame behind the others. False if there is no room. */
  add(skb: SkBuff): boolean {
    const { len } = skb;
    const at = this.#used;
    const end = at + LENGTH_SIZE + len;
    if (end > CAPACITY) return false;
    const bytes = this.#bytes;
    bytes[at] = len >>> 24;
    bytes[at + 1] = len >>> 16;
    bytes[at + 2] = len >>> 8;
    bytes[at + 3] = len;
    skb.copyBits(0, bytes, at + LENGTH_SIZE, len);
    this.#used = end;
    this.frames++;
    return true;
  }

  /** What there is to write: a view. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  clear(): void {
    this.#used = 0;
    this.frames = 0;
  }
}

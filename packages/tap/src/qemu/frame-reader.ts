/**
 * Frames out of a stream: each is preceded by its length, four bytes, big-endian.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** Bytes of the length before each frame. */
export const LENGTH_SIZE = 4;

/** Where frames go. */
export interface FrameSink {
  /** Memory for a frame of `length` bytes; `undefined` to skip it. */
  allocate(length: number): SkBuff | undefined;
  /** A frame is complete; it is given away. */
  arrived(skb: SkBuff): void;
}

/** Puts frames together from pieces of a stream, cut anywhere. Holds one frame at most, in the sink's memory. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #min: number;
  readonly #max: number;
  /** The length's bytes so far, and how many. */
  #length = 0;
  #have = 0;
  /** Bytes missing of the frame. */
  #left = 0;
  /** The frame; `undefined` while one is skipped. */
  #skb: SkBuff | undefined = undefined;

  /** @param min, max A length outside of these is refused. */
  constructor(sink: FrameSink, min: number, max: number) {
    this.#sink = sink;
    this.#min = min;
    this.#max = max;
  }

  /** Whether a frame, or its length, has begun and not ended. */
  get isInside(): boolean {
    return this.#left > 0 || this.#have > 0;
  }

  /** Takes the first `end` bytes of `bytes`. A length that is refused is returned; nothing behind it makes sense. */
  feed(bytes: Uint8Array, end: number): number | undefined {
    let at = 0;
    while (at < end) {
      if (this.#left > 0) {
        at += this.#fill(bytes, at, end);
        continue;
      }
      this.#length = this.#length * 256 + (bytes[at++] as number);
      if (++this.#have < LENGTH_SIZE) continue;
      const length = this.#length;
      this.#length = 0;
      this.#have = 0;
      if (length < this.#min || length > this.#max) return length;
      this.#left = length;
      this.#skb = this.#sink.allocate(length);
    }
    return undefined;
  }

  /** Drops a frame that is not complete. */
  close(): void {
    this.#skb?.free();
    this.#skb = undefined;
    this.#left = 0;
    this.#have = 0;
    this.#length = 0;
  }

  /** Copies what there is of the frame; returns how much. */
  #fill(bytes: Uint8Array, at: number, end: number): number {
    const n = Math.min(this.#left, end - at);
    const skb = this.#skb;
    if (skb !== undefined) {
      const to = skb.put(n);
      skb.bytes.set(bytes.subarray(at, at + n), to);
    }
    this.#left -= n;
    if (this.#left === 0 && skb !== undefined) {
      this.#skb = undefined;
      this.#sink.arrived(skb);
    }
    return n;
  }
}

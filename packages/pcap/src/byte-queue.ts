import { viewOf } from '@stack/skbuff';

/** Bytes that came in and were not consumed yet, always contiguous; it grows to the largest record and no further. */
export class ByteQueue {
  bytes: Uint8Array = new Uint8Array(4096);
  view: DataView = viewOf(this.bytes);
  /** Index in `bytes` of the first byte not consumed. */
  start = 0;
  #end = 0;
  /** Bytes consumed so far: where `start` is in the file. */
  position = 0;

  /** Bytes held and not consumed. */
  get length(): number {
    return this.#end - this.start;
  }

  /** Takes a copy of `chunk`. */
  push(chunk: Uint8Array): void {
    const length = this.length;
    if (this.#end + chunk.length > this.bytes.length) {
      let size = this.bytes.length;
      while (size < length + chunk.length) size *= 2;
      const target = size === this.bytes.length ? this.bytes : new Uint8Array(size);
      target.set(this.bytes.subarray(this.start, this.#end));
      if (target !== this.bytes) {
        this.bytes = target;
        this.view = viewOf(target);
      }
      this.start = 0;
      this.#end = length;
    }
    this.bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Steps over the first `count` bytes, of which there are at least as many. */
  consume(count: number): void {
    this.start += count;
    this.position += count;
    if (this.start === this.#end) {
      this.start = 0;
      this.#end = 0;
    }
  }
}

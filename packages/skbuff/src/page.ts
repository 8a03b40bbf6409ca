/**
 * Memory: arenas, and the reference-counted pages cut out of them.
 * @module
 */
import type { Pool } from './pool.ts';

/** Bytes with the one `Uint8Array` and the one `DataView` that are kept for their whole life; both span the same range. */
export interface Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Whether `value` is a `Uint8Array`, of whatever realm; Node's own kind of array is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** @throws TypeError if `bytes` is no `Uint8Array`: the likeliest first mistake, with a name. */
export function refuseOther(bytes: Uint8Array): void {
  if (!isBytes(bytes)) throw new TypeError('skb: bytes must be a Uint8Array');
}

let lastBytes: Uint8Array | undefined;
let lastLength = 0;
let lastView: DataView | undefined;

/**
 * A `DataView` over exactly the bytes of `bytes`. The only way to one: it cannot forget `byteOffset` or `byteLength`. Remembers
 * the last array, and so keeps it reachable until the next call: whoever decodes the headers of a frame asks for the same
 * one each time, and a view costs more than a header (`decode` of three headers: 230 -> 146 ns).
 */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes === lastBytes && bytes.byteLength === lastLength) return lastView as DataView;
  const view = freshView(bytes);
  lastBytes = bytes;
  lastLength = bytes.byteLength;
  lastView = view;
  return view;
}

function freshView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Makes an arena of `bytes`: no copy. */
export function arenaOf(bytes: Uint8Array): Arena {
  return { bytes, view: freshView(bytes) };
}

/** A large arena that a pool cuts into pages of one size. */
export interface Chunk {
  readonly arena: Arena;
  /** Which of the pool's sizes; another once all its pages came back and that size is needed. */
  sizeClass: number;
  /** Pages given out. */
  out: number;
}

/**
 * A reference-counted run of bytes in an arena: the head of an skb, and what a frag points into. A head's bytes can so
 * become another skb's frag without a copy (Linux's `head_frag`).
 */
export class Page {
  /** Where the bytes are. */
  readonly arena: Arena;
  /** First byte, absolute in the arena. */
  readonly start: number;
  /** Bytes in the page. */
  readonly size: number;
  /** References held: by heads, frags and whoever called {@link hold}. 0 = free. */
  refs = 1;
  /** Called once, when the last reference goes: a zero-copy completion. Cleared by that call. */
  onRelease: ((page: Page) => void) | undefined = undefined;
  /** Somebody on the way copied what a sender lent, see {@link SkBuff.lentCopied}; for {@link onRelease} to tell. */
  copied = false;
  /** The pool it goes back to; `undefined` for a user's own bytes. */
  readonly pool: Pool | undefined;
  /** What it was cut from; `undefined` for a page that has its memory to itself. @internal */
  readonly chunk: Chunk | undefined;

  constructor(arena: Arena, start: number, size: number, pool?: Pool, chunk?: Chunk) {
    this.arena = arena;
    this.start = start;
    this.size = size;
    this.pool = pool;
    this.chunk = chunk;
  }

  /** Takes one more reference and returns the page. @throws RangeError on a freed page. */
  hold(): Page {
    if (this.refs <= 0) throw new RangeError('page: held after its last put');
    this.refs++;
    return this;
  }

  /** Drops one reference; the last one frees the page. @throws RangeError on a freed page: a double free. */
  put(): void {
    if (this.refs <= 0) throw new RangeError('page: put more often than held');
    if (--this.refs > 0) return;
    const { onRelease } = this;
    this.onRelease = undefined;
    if (onRelease !== undefined) onRelease(this);
    this.pool?.release(this);
  }
}

/** What an skb holds beyond its linear part: a run inside a page. Linux's `skb_frag_t`. */
export interface Frag {
  page: Page;
  /** First byte, absolute in `page.arena`. */
  offset: number;
  /** Bytes. */
  length: number;
}

/** A user's own bytes as a page of one reference, for {@link SkBuff.addFrag}: no copy, and no pool to go back to. */
export function wrapPage(bytes: Uint8Array): Page {
  refuseOther(bytes);
  return new Page(arenaOf(bytes), 0, bytes.byteLength);
}

/** What a freed skb, and a frag entry out of use, point to: no bytes, and no user's memory kept alive. */
export const NOWHERE: Page = /* @__PURE__ */ wrapPage(/* @__PURE__ */ new Uint8Array(0));

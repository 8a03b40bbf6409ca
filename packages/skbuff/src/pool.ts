/**
 * Where heads and pages come from: free lists over large chunks, so that the packet path neither allocates nor collects.
 * @module
 */
import { arenaOf, type Chunk, Page, wrapPage } from './page.ts';
import { SkBuff } from './skbuff.ts';

/** How a {@link Pool} gets and gives memory. */
export interface PoolOptions {
  /** Bytes by which the pool grows at a time; a multiple of 65,536. Default 1 MiB. */
  chunkSize?: number;
  /** Most bytes it may take, at least one chunk. Past it `alloc` and `page` answer `undefined`. Default: no limit. */
  limit?: number;
  /**
   * Test mode: freed memory is filled with 0x6b and checked when it is given out again, fresh memory is filled with 0x5a,
   * and neither pages nor skbs are recycled as objects, so that a use after free or a double free is found. Default false.
   */
  poison?: boolean;
  /**
   * Gives `bytes` bytes of memory for a chunk, for good: for instance a slice of a `WebAssembly.Memory`. Default: a fresh
   * `Uint8Array`. Pages larger than 65,536 bytes have an array of their own in any case.
   */
  memory?: (bytes: number) => Uint8Array;
}

/** What a {@link Pool} has given out. A stack at rest has `inUse` and `skbs` at 0. */
export interface PoolStats {
  /** Pages given out and not yet freed. */
  inUse: number;
  /** Skbs given out and not yet freed. */
  skbs: number;
  /** Bytes taken from memory: chunks, and pages larger than the largest class while they live. */
  bytes: number;
  /** Allocations refused at the limit. */
  failed: number;
}

/** Bytes per page of each class: an ACK, a frame, a super-packet. */
const CLASSES = [256, 2048, 65_536] as const;
type SizeClass = 0 | 1 | 2;
const LARGEST = 65_536;
const POISON_FREE = 0x6b;
const POISON_INUSE = 0x5a;

/** A source of heads and pages with a limit. One per host; see {@link alloc} for the one that needs no thought. */
export class Pool {
  /** What is out. Read it; do not write it. */
  readonly stats: PoolStats = { inUse: 0, skbs: 0, bytes: 0, failed: 0 };
  readonly #chunkSize: number;
  readonly #limit: number;
  readonly #poison: boolean;
  readonly #memory: (bytes: number) => Uint8Array;
  readonly #free: [Page[], Page[], Page[]] = [[], [], []];
  readonly #chunks: Chunk[] = [];
  readonly #skbs: SkBuff[] = [];

  constructor(options: PoolOptions = {}) {
    const {
      chunkSize = 1 << 20,
      limit = Infinity,
      poison = false,
      memory = (bytes) => new Uint8Array(bytes),
    } = options;
    if (!Number.isInteger(chunkSize) || chunkSize < LARGEST || chunkSize % LARGEST !== 0) {
      throw new RangeError(`pool: chunkSize ${chunkSize} is not a multiple of ${LARGEST}`);
    }
    if (!(limit >= chunkSize)) throw new RangeError(`pool: limit ${limit} is below chunkSize ${chunkSize}`);
    this.#chunkSize = chunkSize;
    this.#limit = limit;
    this.#poison = poison;
    this.#memory = memory;
  }

  /**
   * An empty skb with `headroom` bytes in front and room for at least `size` behind: `data = tail = head + headroom`.
   * `undefined` at the pool's limit. @throws RangeError if a number is not a count of bytes.
   */
  alloc(size: number, headroom = 0): SkBuff | undefined {
    if (!isCount(size) || !isCount(headroom))
      throw new RangeError(`skb: cannot allocate ${headroom} + ${size} bytes`);
    const page = this.page(headroom + size);
    if (page === undefined) return undefined;
    const skb = this.shell();
    skb.attach(page, headroom, 0);
    skb.chargeHead(headroom + size);
    return skb;
  }

  /** A page of at least `size` bytes holding one reference; `undefined` at the limit. @throws RangeError if it is no count. */
  page(size: number): Page | undefined {
    if (!isCount(size)) throw new RangeError(`pool: no page has ${size} bytes`);
    if (size > LARGEST) return this.#large(size);
    const sizeClass = size <= 256 ? 0 : size <= 2048 ? 1 : 2;
    const list = this.#free[sizeClass];
    if (list.length === 0 && !this.#grow(sizeClass)) return undefined;
    const page = list.pop() as Page;
    page.refs = 1;
    (page.chunk as Chunk).out++;
    this.stats.inUse++;
    if (this.#poison) unpoison(page);
    return page;
  }

  /** A user's bytes as the linear data of an skb: no copy, no headroom; this pool serves it if it must grow. */
  wrap(bytes: Uint8Array): SkBuff {
    const skb = new SkBuff(this);
    skb.attach(wrapPage(bytes), 0, bytes.byteLength);
    skb.chargeHead(bytes.byteLength);
    return skb;
  }

  /**
   * An skb whose head is `page`, taking over one of the caller's references: `headroom` bytes in front, then `length` bytes that are
   * there already (Linux `build_skb`). Charged as `alloc(length, headroom)` is. @throws RangeError, and the reference is still the
   * caller's, if the page is free or shorter.
   */
  build(page: Page, headroom: number, length: number): SkBuff {
    if (page.refs <= 0) throw new RangeError('skb: built on a page after its last put');
    if (!isCount(headroom) || !isCount(length) || headroom + length > page.size) {
      throw new RangeError(`skb: ${headroom} + ${length} bytes in a page of ${page.size}`);
    }
    const skb = this.shell();
    skb.attach(page, headroom, length);
    skb.chargeHead(headroom + length);
    return skb;
  }

  /** An skb without memory, for the operations of this package. @internal */
  shell(): SkBuff {
    this.stats.skbs++;
    const skb = this.#skbs.pop() ?? new SkBuff(this);
    skb.pooled = true;
    skb.users = 1;
    return skb;
  }

  /** Takes back an skb whose last user went. @internal */
  reclaim(skb: SkBuff): void {
    if (!skb.pooled) return;
    this.stats.skbs--;
    if (!this.#poison) this.#skbs.push(skb);
  }

  /** Takes back a page whose last reference went. @internal */
  release(page: Page): void {
    const { arena, chunk, start, size } = page;
    this.stats.inUse--;
    if (this.#poison) arena.bytes.fill(POISON_FREE, start, start + size);
    if (chunk === undefined) {
      this.stats.bytes -= size;
      return;
    }
    chunk.out--;
    // In poison mode a stale `Page` stays dead.
    this.#free[chunk.sizeClass as SizeClass].push(
      this.#poison ? new Page(arena, start, size, this, chunk) : page,
    );
  }

  /** Counts `bytes` more as taken. False at the limit. */
  #charge(bytes: number): boolean {
    if (this.stats.bytes + bytes > this.#limit) return false;
    this.stats.bytes += bytes;
    return true;
  }

  #grow(sizeClass: SizeClass): boolean {
    const chunk = this.#newChunk() ?? this.#emptyChunk();
    if (chunk === undefined) {
      this.stats.failed++;
      return false;
    }
    chunk.sizeClass = sizeClass;
    const size = CLASSES[sizeClass];
    const list = this.#free[sizeClass];
    for (let start = this.#chunkSize - size; start >= 0; start -= size) {
      const page = new Page(chunk.arena, start, size, this, chunk);
      page.refs = 0;
      list.push(page);
    }
    return true;
  }

  #newChunk(): Chunk | undefined {
    if (!this.#charge(this.#chunkSize)) return undefined;
    const memory = this.#memory(this.#chunkSize);
    if (memory.byteLength !== this.#chunkSize) {
      this.stats.bytes -= this.#chunkSize;
      throw new RangeError(`pool: asked for ${this.#chunkSize} bytes, got ${memory.byteLength}`);
    }
    if (this.#poison) memory.fill(POISON_FREE);
    const chunk = { arena: arenaOf(memory), sizeClass: 0, out: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** At the limit: a chunk all of whose pages came back, taken from the size it served, so that no burst of one starves the others. */
  #emptyChunk(): Chunk | undefined {
    const chunk = this.#chunks.find(({ out }) => out === 0);
    if (chunk === undefined) return undefined;
    const served = chunk.sizeClass as SizeClass;
    this.#free[served] = this.#free[served].filter((page) => page.chunk !== chunk);
    return chunk;
  }

  #large(size: number): Page | undefined {
    if (!this.#charge(size)) {
      this.stats.failed++;
      return undefined;
    }
    const arena = arenaOf(new Uint8Array(size));
    if (this.#poison) arena.bytes.fill(POISON_INUSE);
    this.stats.inUse++;
    return new Page(arena, 0, size, this);
  }
}

/** Checks that nobody wrote to a free page, and marks it as given out. */
function unpoison(page: Page): void {
  const { bytes } = page.arena;
  const end = page.start + page.size;
  for (let at = page.start; at < end; at++) {
    if (bytes[at] !== POISON_FREE)
      throw new RangeError(`pool: byte ${at - page.start} of a free page was written to`);
  }
  bytes.fill(POISON_INUSE, page.start, end);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

let shared: Pool | undefined;

/** The pool behind {@link alloc} and {@link wrap}: made at first use, without a limit. */
function defaultPool(): Pool {
  shared ??= new Pool();
  return shared;
}

/**
 * An empty skb with `headroom` bytes in front and room for at least `size` behind, from a pool without a limit. Free it
 * with `skb.free()` to have its memory used again. @throws RangeError if a number is not a count of bytes.
 */
export function alloc(size: number, headroom = 0): SkBuff {
  return defaultPool().alloc(size, headroom) as SkBuff; // without a limit there is no refusal
}

/** `bytes` as the linear data of an skb: no copy, headroom 0, and no need to free it. */
export function wrap(bytes: Uint8Array): SkBuff {
  return defaultPool().wrap(bytes);
}

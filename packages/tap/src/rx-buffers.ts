/**
 * Where a device's next packet will lie. Nothing is copied but the smallest packets, and no memory is held that has no packet in it: a head of
 * 2 KiB that takes a whole frame of the usual MTU, and behind it what is left of a page of 64 KiB, which longer packets share one after the
 * other, and one page more.
 *
 * ```text
 *  | header |     head: 66 free, 1982     |   page: used | rest      |       spare, 64 KiB       |
 *       ^ judged and forgotten  ^ linear               ^ frag              ^ frag
 * ```
 * @module
 */
import { type Arena, type Page, type Pool, type SkBuff, wrapPage } from '@stack/skbuff';
import type { IoVector } from './io-vector.ts';

/** Bytes of a head, the pool's middle class. */
const HEAD_SIZE = 2048;
/** Bytes of a page, the pool's largest class. */
const PAGE_SIZE = 65_536;
/** In front of a packet, so that a router may push what is longer than what it pulled (Linux `NET_SKB_PAD`). */
const HEADROOM = 64;
/** Bytes of the pool's smallest class, which a packet is copied to where it fits: an ACK must not hold 2 KiB. */
const SMALL_SIZE = 256;
/** A page with less left is not worth a frag. */
const MIN_REST = 1024;

/** The buffers one device has ready. */
export class RxBuffers {
  /** The header in front of each packet, as it was read last. */
  readonly header: DataView;
  readonly #pool: Pool;
  readonly #headroom: number;
  readonly #headerArena: Arena;
  readonly #headerLength: number;
  #head: Page;
  #page: Page;
  /** First byte of {@link #page} that no packet has, absolute in its arena. */
  #at: number;
  #spare: Page;

  private constructor(pool: Pool, pages: [Page, Page, Page], linkHeader: number, headerLength: number) {
    this.#pool = pool;
    this.#headroom = HEADROOM + ((16 - (linkHeader % 16)) % 16); // the network header at a multiple of 16
    this.#headerLength = headerLength;
    this.#headerArena = wrapPage(new Uint8Array(headerLength)).arena;
    this.header = this.#headerArena.view;
    [this.#head, this.#page, this.#spare] = pages;
    this.#at = this.#page.start;
  }

  /** Buffers of `pool`; `undefined` where it has none. `linkHeader`: bytes in front of the network header. */
  static create(pool: Pool, linkHeader: number, headerLength: number): RxBuffers | undefined {
    const pages = [pool.page(HEAD_SIZE), pool.page(PAGE_SIZE), pool.page(PAGE_SIZE)];
    const [head, page, spare] = pages;
    if (head === undefined || page === undefined || spare === undefined) {
      for (const got of pages) got?.put();
      return undefined;
    }
    return new RxBuffers(pool, [head, page, spare], linkHeader, headerLength);
  }

  /** Says where to read the next packet to. One that fills all of it may have been longer. */
  fill(vector: IoVector): void {
    vector.clear();
    if (this.#headerLength > 0) vector.add(this.#headerArena, 0, this.#headerLength);
    const head = this.#head;
    vector.add(head.arena, head.start + this.#headroom, head.size - this.#headroom);
    const page = this.#page;
    vector.add(page.arena, this.#at, page.start + page.size - this.#at);
    const spare = this.#spare;
    vector.add(spare.arena, spare.start, spare.size);
  }

  /** The packet of `length` bytes that was read; `undefined`, and the buffers are as before, where the pool has no others for the next one. */
  take(length: number): SkBuff | undefined {
    const headroom = this.#headroom;
    if (length <= SMALL_SIZE - headroom) return this.#copy(length);
    const linear = Math.min(length, this.#head.size - headroom);
    const rest = this.#page.start + this.#page.size - this.#at;
    const inPage = Math.min(length - linear, rest);
    const inSpare = length - linear - inPage;
    const isUsedUp = inSpare > 0 || rest - inPage < MIN_REST;
    const head = this.#pool.page(HEAD_SIZE);
    const spare = isUsedUp ? this.#pool.page(PAGE_SIZE) : undefined;
    if (head === undefined || (isUsedUp && spare === undefined)) {
      head?.put();
      return undefined;
    }
    const skb = this.#pool.build(this.#head, headroom, linear);
    this.#head = head;
    if (inPage > 0) skb.addFrag(this.#page.hold(), this.#at, inPage);
    this.#at += inPage;
    if (spare === undefined) return skb;
    if (inSpare > 0) skb.addFrag(this.#spare.hold(), this.#spare.start, inSpare);
    this.#page.put();
    this.#page = this.#spare;
    this.#at = this.#page.start + inSpare;
    this.#spare = spare;
    return skb;
  }

  /** Gives all of it back. */
  release(): void {
    this.#head.put();
    this.#page.put();
    this.#spare.put();
  }

  /** A small packet, word by word: for so few bytes that is faster than `set` and the view it needs. */
  #copy(length: number): SkBuff | undefined {
    const skb = this.#pool.alloc(length, this.#headroom);
    if (skb === undefined) return undefined;
    const from = this.#head.arena.view;
    const start = this.#head.start + this.#headroom;
    const at = skb.put(length);
    let i = 0;
    for (; i + 4 <= length; i += 4) skb.view.setInt32(at + i, from.getInt32(start + i));
    for (; i < length; i++) skb.view.setUint8(at + i, from.getUint8(start + i));
    return skb;
  }
}

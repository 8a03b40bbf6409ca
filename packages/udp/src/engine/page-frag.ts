/**
 * Where the bytes of large datagrams are copied to: pages carved piece by piece (Linux `page_frag`).
 * @module
 */
import type { Page, Pool } from '@stack/skbuff';

/** Bytes of a page that is carved. */
const PAGE_SIZE = 65_536;

/** One page at a time, shared by all sockets of an engine; each piece holds a reference of its own. */
export class PageFrag {
  /** The page {@link take} took from last. */
  page: Page | undefined = undefined;
  /** Where that piece starts, absolute in the page's arena. */
  offset = 0;
  readonly #pool: Pool;
  #next = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Takes up to `wanted` bytes, at least one, at {@link page} and {@link offset}. How many it got; 0 at the pool's limit. */
  take(wanted: number): number {
    let { page } = this;
    // Everything sent from it is gone: it is as good as new.
    if (page !== undefined && page.refs === 1) this.#next = page.start;
    if (page === undefined || this.#next === page.start + page.size) {
      this.release();
      page = this.#pool.page(PAGE_SIZE);
      if (page === undefined) return 0;
      this.page = page;
      this.#next = page.start;
    }
    const n = Math.min(wanted, page.start + page.size - this.#next);
    this.offset = this.#next;
    this.#next += n;
    return n;
  }

  /** Gives the page back, for an engine at rest. */
  release(): void {
    this.page?.put();
    this.page = undefined;
  }
}

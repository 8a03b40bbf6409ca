/**
 * The physical memory that driver and device share, and the IOMMU in front of it: a device sees nothing that was not mapped
 * for it.
 *
 * A bus address has 64 bits, kept as two halves so that no BigInt is needed: the high half names a window, the low half is
 * the offset in that window's arena. A window's name changes each time its place is used again (65,536 times, then names
 * recur), so an address kept too long faults instead of hitting someone else's bytes.
 * @module
 */
import { type Arena, Page, viewOf } from '@stack/skbuff';

/** Windows open at one time, at most: the low 16 bits of a window's name are its place. */
export const MAX_WINDOWS = 65_535;

/** Memory for a ring's descriptors. */
export interface Region extends Arena {
  /** Name of its window: the high half of its bus address; the low half is 0. */
  readonly window: number;
}

interface Window {
  /** Place and generation; 0 while the place is free. */
  name: number;
  arena: Arena;
  /** First byte the device may touch. */
  from: number;
  /** One past the last. */
  to: number;
  writable: boolean;
  /** What frags over this window refer to. */
  page: Page | undefined;
}

const NOTHING: Arena = /* @__PURE__ */ region(0);

/** One simulated physical memory with its IOMMU. Several NICs may share one. */
export class Memory {
  readonly #windows: Window[] = [
    { name: 0, arena: NOTHING, from: 0, to: 0, writable: false, page: undefined },
  ];
  readonly #free: number[] = [];
  readonly #arenas: Map<Arena, number> = new Map();
  #mapped = 0;
  #aborts = 0;

  /** Mappings made for one transmission, one posted buffer or one ring, and not taken back. 0 when every NIC is closed. */
  get mapped(): number {
    return this.#mapped;
  }

  /** Arenas of pools that stay mapped, readable, for the memory's life. */
  get kept(): number {
    return this.#arenas.size;
  }

  /** Accesses that hit no window (master aborts). */
  get aborts(): number {
    return this.#aborts;
  }

  /**
   * Memory for descriptors, zeroed, that driver and device both write; but no buffer can be made of it for the device to write
   * to. `undefined` when no window is left.
   */
  alloc(bytes: number): Region | undefined {
    const { bytes: memory, view } = region(bytes);
    const arena: Arena = { bytes: memory, view };
    const window = this.#open(arena, 0, bytes, false, undefined);
    return window === 0 ? undefined : { bytes: memory, view, window };
  }

  /**
   * Maps a page for the device to read and returns the window; offsets in it are those in the page's arena. A pool's chunks
   * are mapped whole, once, and kept; a page of the user's own bytes is mapped until {@link unmap}. 0 when no window is left.
   */
  mapForRead(page: Page): number {
    if (page.chunk === undefined) {
      return this.#open(page.arena, page.start, page.start + page.size, false, page);
    }
    return this.#arenas.get(page.arena) ?? this.#keep(page.arena);
  }

  /** Maps `length` bytes at `offset` of a page for the device to write, until {@link unmap}. 0 when no window is left. */
  mapForWrite(page: Page, offset: number, length: number): number {
    return this.#open(page.arena, offset, offset + length, true, page);
  }

  /** Closes a window made for one use; the window of a pool's chunk stays. False if there is no such window. */
  unmap(name: number): boolean {
    const slot = name & 0xffff;
    const window = this.#windows[slot];
    if (window === undefined || window.name !== name || name === 0) return false;
    if (this.#arenas.get(window.arena) === name) return true;
    window.name = 0;
    window.arena = NOTHING;
    window.page = undefined;
    this.#free.push(name);
    this.#mapped--;
    return true;
  }

  /** The arena behind [offset, offset + length) of a window, to read from; `undefined` is a counted master abort. */
  readable(name: number, offset: number, length: number): Arena | undefined {
    const window = this.#find(name, offset, length);
    if (window !== undefined) return window.arena;
    this.#aborts++;
    return undefined;
  }

  /** The same, to write to. */
  writable(name: number, offset: number, length: number): Arena | undefined {
    const window = this.#find(name, offset, length);
    if (window?.writable === true) return window.arena;
    this.#aborts++;
    return undefined;
  }

  /** The page behind a readable run, for an skb that refers to it; `undefined` is a counted master abort. No reference is taken. */
  pageOf(name: number, offset: number, length: number): Page | undefined {
    const window = this.#find(name, offset, length);
    if (window === undefined) {
      this.#aborts++;
      return undefined;
    }
    window.page ??= new Page(window.arena, 0, window.arena.bytes.byteLength);
    return window.page;
  }

  #find(name: number, offset: number, length: number): Window | undefined {
    const window = this.#windows[name & 0xffff];
    if (window === undefined || window.name !== name || name === 0) return undefined;
    return offset >= window.from && offset + length <= window.to ? window : undefined;
  }

  #keep(arena: Arena): number {
    const name = this.#open(arena, 0, arena.bytes.byteLength, false, undefined);
    if (name === 0) return 0;
    this.#mapped--;
    this.#arenas.set(arena, name);
    return name;
  }

  #open(arena: Arena, from: number, to: number, writable: boolean, page: Page | undefined): number {
    const old = this.#free.pop();
    let window: Window;
    let name: number;
    if (old === undefined) {
      const slot = this.#windows.length;
      if (slot > MAX_WINDOWS) return 0;
      name = slot;
      window = { name, arena, from, to, writable, page };
      this.#windows.push(window);
    } else {
      name = (old + 0x1_0000) | 0;
      window = this.#windows[old & 0xffff] as Window;
      window.name = name;
      window.arena = arena;
      window.from = from;
      window.to = to;
      window.writable = writable;
      window.page = page;
    }
    this.#mapped++;
    return name;
  }
}

function region(length: number): Arena {
  const bytes = new Uint8Array(length);
  return { bytes, view: viewOf(bytes) };
}

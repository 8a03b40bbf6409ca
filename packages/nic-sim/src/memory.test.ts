import { Pool, wrapPage } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { MAX_WINDOWS, Memory } from './memory.ts';

describe('Memory', () => {
  it('maps a pool chunk once and keeps it, and user bytes once per transmission', () => {
    const memory = new Memory();
    const pool = new Pool();
    const first = pool.page(100)!;
    const second = pool.page(100)!;
    const window = memory.mapForRead(first);
    expect(memory.mapForRead(second)).toBe(window);
    expect(memory.unmap(window)).toBe(true);
    expect(memory.readable(window, second.start, 100)).toBe(second.arena);
    expect([memory.kept, memory.mapped]).toEqual([1, 0]);

    const page = wrapPage(new Uint8Array(10));
    const a = memory.mapForRead(page);
    const b = memory.mapForRead(page);
    expect(a).not.toBe(b);
    expect(memory.mapped).toBe(2);
    expect(memory.readable(a, 0, 10)).toBe(page.arena);
    expect(memory.unmap(a)).toBe(true);
    expect(memory.readable(b, 0, 10)).toBe(page.arena);
    expect(memory.unmap(b)).toBe(true);
    expect([memory.kept, memory.mapped]).toEqual([1, 0]);
  });

  it('treats a page larger than any class as one use: its arena goes with it', () => {
    const memory = new Memory();
    const page = new Pool().page(100_000)!;
    memory.unmap(memory.mapForRead(page));
    expect([memory.kept, memory.mapped]).toEqual([0, 0]);
  });

  it('counts every access outside a window as a master abort', () => {
    const memory = new Memory();
    const page = wrapPage(new Uint8Array(10));
    const window = memory.mapForRead(page);
    for (const [name, offset, length] of [
      [0, 0, 1],
      [window + 1, 0, 1],
      [window, 0, 11],
      [window, 10, 1],
      [window, -1, 1],
      [window, 0x7fff_ffff, 1],
      [-1, 0, 1],
      [window | 0x10000, 0, 1],
    ] as const) {
      const before = memory.aborts;
      expect(memory.readable(name, offset, length)).toBeUndefined();
      expect(memory.writable(name, offset, length)).toBeUndefined();
      expect(memory.pageOf(name, offset, length)).toBeUndefined();
      expect(memory.aborts).toBe(before + 3);
    }
    expect(memory.readable(window, 10, 0)).toBe(page.arena);
  });

  it('lets the device write to posted buffers alone', () => {
    const memory = new Memory();
    const pool = new Pool();
    const sent = memory.mapForRead(wrapPage(new Uint8Array(10)));
    expect(memory.writable(sent, 0, 1)).toBeUndefined();
    const page = pool.page(100)!;
    const posted = memory.mapForWrite(page, page.start + 10, 20);
    expect(memory.writable(posted, page.start + 10, 20)).toBe(page.arena);
    expect(memory.writable(posted, page.start + 9, 1)).toBeUndefined();
    expect(memory.writable(posted, page.start + 10, 21)).toBeUndefined();
    expect(memory.writable(memory.mapForRead(page), page.start, 1)).toBeUndefined();
  });

  it('an address kept after unmap faults, also when its place is used again', () => {
    const memory = new Memory();
    const page = wrapPage(new Uint8Array(10));
    const old = memory.mapForRead(page);
    memory.unmap(old);
    expect(memory.unmap(old)).toBe(false);
    const fresh = memory.mapForRead(page);
    expect(fresh & 0xffff).toBe(old & 0xffff);
    expect(memory.readable(old, 0, 1)).toBeUndefined();
    expect(memory.readable(fresh, 0, 1)).toBe(page.arena);
  });

  it('gives a place 65,536 names in turn', () => {
    const memory = new Memory();
    const page = wrapPage(new Uint8Array(1));
    const names = new Set<number>();
    for (let i = 0; i < 65_536; i++) {
      const window = memory.mapForRead(page);
      expect(names.has(window)).toBe(false);
      names.add(window);
      memory.unmap(window);
    }
    expect(memory.mapped).toBe(0);
  });

  it('refuses when no window is left', () => {
    const memory = new Memory();
    const page = wrapPage(new Uint8Array(1));
    for (let i = 0; i < MAX_WINDOWS; i++) expect(memory.mapForRead(page)).not.toBe(0);
    expect(memory.mapForRead(page)).toBe(0);
    expect(memory.mapForWrite(page, 0, 1)).toBe(0);
    expect(memory.alloc(16)).toBeUndefined();
    expect(memory.mapForRead(new Pool().page(1)!)).toBe(0);
    expect(memory.kept).toBe(0);
    memory.unmap(1);
    expect(memory.mapForRead(page)).not.toBe(0);
  });

  it('gives rings zeroed memory with a window of its own', () => {
    const memory = new Memory();
    const ring = memory.alloc(128)!;
    expect(ring.bytes).toEqual(new Uint8Array(128));
    expect(memory.readable(ring.window, 0, 128)?.bytes).toBe(ring.bytes);
    expect(memory.writable(ring.window, 0, 1)).toBeUndefined();
    expect(memory.mapped).toBe(1);
    memory.unmap(ring.window);
    expect(memory.mapped).toBe(0);
  });

  it('gives a page over a run, the same one each time', () => {
    const memory = new Memory();
    const page = new Pool().page(100)!;
    const window = memory.mapForRead(page);
    const whole = memory.pageOf(window, page.start, 100)!;
    expect(whole.arena).toBe(page.arena);
    expect(memory.pageOf(window, page.start + 50, 50)).toBe(whole);
  });
});

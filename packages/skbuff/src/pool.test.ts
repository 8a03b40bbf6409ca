import { describe, expect, it } from 'vitest';
import { alloc, Pool, type SkBuff, wrap } from './index.ts';

describe('Pool', () => {
  it('recycles heads: memory does not grow with traffic', () => {
    const pool = new Pool();
    const first = pool.alloc(1500, 64) as SkBuff;
    const { page } = first;
    first.free();
    const { bytes } = pool.stats;
    for (let i = 0; i < 10_000; i++) (pool.alloc(1500, 64) as SkBuff).free();
    expect(pool.stats).toEqual({ inUse: 0, skbs: 0, bytes, failed: 0 });
    expect((pool.alloc(1500, 64) as SkBuff).page).toBe(page);
  });

  it.each([
    [0, 256],
    [256, 256],
    [257, 2048],
    [2048, 2048],
    [2049, 65_536],
    [65_536, 65_536],
    [65_537, 65_537],
  ])('has for %i bytes a page of %i', (wanted, size) => {
    const pool = new Pool();
    const page = pool.page(wanted);
    expect([page?.size, pool.stats.bytes]).toEqual([size, size > 65_536 ? size : 1 << 20]);
    page?.put();
    expect(pool.stats).toMatchObject({ inUse: 0, bytes: size > 65_536 ? 0 : 1 << 20 });
  });

  it('neither counts nor recycles an skb around bytes of the user', () => {
    const pool = new Pool();
    const wrapped = pool.wrap(new Uint8Array(4));
    const before = { ...pool.stats };
    wrapped.free();
    expect(pool.stats).toEqual(before);
    expect(pool.alloc(1)).not.toBe(wrapped);
  });

  it('gives a recycled skb out as new', () => {
    const pool = new Pool();
    const used = pool.alloc(100, 10) as SkBuff;
    const fresh = JSON.stringify({
      ...new Pool().alloc(100, 10),
      page: 0,
      view: 0,
      bytes: 0,
      pool: 0,
      frags: 0,
    });
    Object.assign(used, {
      mark: 1,
      priority: 2,
      hash: 3,
      vlanTci: 4,
      vlanProto: 5,
      tstamp: 6,
      ttl: 7,
      tos: 8,
      csum: 9,
    });
    Object.assign(used, {
      protocol: 1,
      ifindex: 2,
      pktType: 3,
      macHeader: 4,
      networkHeader: 5,
      transportHeader: 6,
    });
    Object.assign(used, {
      ipSummed: 2,
      csumStart: 3,
      csumOffset: 4,
      gsoSize: 5,
      gsoSegs: 6,
      gsoType: 7,
      dev: {},
    });
    used.cb.fill(3);
    used.next = used;
    used.prev = used;
    used.putData(Uint8Array.of(1, 2, 3));
    used.free();
    const again = pool.alloc(100, 10) as SkBuff;
    expect(again).toBe(used);
    const shift = { head: 0, data: 10, tail: 10, end: again.end - again.head };
    expect(JSON.stringify({ ...again, page: 0, view: 0, bytes: 0, pool: 0, frags: 0, ...shift })).toBe(
      JSON.stringify({ ...JSON.parse(fresh), ...shift }),
    );
  });

  it('answers undefined at its limit, counts it, and goes on when memory came back', () => {
    const pool = new Pool({ limit: 1 << 20 });
    const out: SkBuff[] = [];
    for (let skb = pool.alloc(2048); skb !== undefined; skb = pool.alloc(2048)) out.push(skb);
    expect(out.length).toBe(512);
    expect(pool.stats.failed).toBe(1);
    expect(pool.alloc(60_000)).toBeUndefined();
    const skb = out.pop() as SkBuff;
    expect(skb.copy(2000)).toBeUndefined();
    expect(skb.cow(5000)).toBe(false);
    expect(skb.expandHead(1, 0)).toBe(false);
    expect(skb.split(0)).toBeUndefined();
    expect(pool.stats).toMatchObject({ inUse: 512, skbs: 512 });
    skb.free();
    expect(pool.alloc(2048)).toBeDefined();
  });

  it('mayPull and linearize at the limit say no and leave the packet whole', () => {
    const pool = new Pool({ limit: 1 << 20 });
    const skb = pool.alloc(100) as SkBuff;
    const page = pool.page(10);
    if (page === undefined) throw new Error('no page');
    skb.addFrag(page, page.start, 10);
    const twin = skb.clone();
    while (pool.page(1) !== undefined);
    expect([skb.mayPull(1), skb.linearize(), skb.len, skb.nrFrags]).toEqual([false, false, 10, 1]);
    twin.free();
    expect(skb.mayPull(1)).toBe(true); // private again: its own tailroom serves
  });

  it('forgets who waited for a page, and gives it out only after it told', () => {
    const pool = new Pool();
    const page = pool.page(10);
    if (page === undefined) throw new Error('no page');
    let told = 0;
    page.onRelease = () => {
      told++;
      expect(pool.page(10)).not.toBe(page);
    };
    page.put();
    expect(pool.page(10)).toBe(page);
    page.put();
    expect(told).toBe(1);
  });

  it('makes a buffer of its own for more than 64 KiB, and gives it back', () => {
    const pool = new Pool();
    const skb = pool.alloc(100_000, 10) as SkBuff;
    expect(pool.stats.bytes).toBe(100_010);
    skb.put(100_000);
    skb.free();
    expect(pool.stats).toMatchObject({ bytes: 0, inUse: 0 });
  });

  it('cuts pages out of memory that it is given, such as a WebAssembly.Memory', () => {
    const memory = new Uint8Array(4 << 20);
    let used = 0;
    const pool = new Pool({
      memory: (size) => {
        used += size;
        return memory.subarray(used - size, used);
      },
    });
    const skb = pool.alloc(10) as SkBuff;
    skb.putData(Uint8Array.of(42));
    expect(memory[skb.data]).toBe(42);
    expect(() => new Pool({ memory: () => new Uint8Array(1) }).alloc(1)).toThrow(RangeError);
  });

  it.each([0, 1000, 65_537, 1.5])('refuses a chunk of %s bytes', (chunkSize) => {
    expect(() => new Pool({ chunkSize })).toThrow(RangeError);
  });

  it.each([-1, 0, (1 << 20) - 1, Number.NaN])('refuses a limit of %s, below one chunk', (limit) => {
    expect(() => new Pool({ limit })).toThrow(RangeError);
  });

  it('lets no burst of one size starve another: chunks that came back whole are cut anew', () => {
    const pool = new Pool({ chunkSize: 65_536, limit: 3 * 65_536, poison: true });
    const burst: SkBuff[] = [];
    for (let skb = pool.alloc(100); skb !== undefined; skb = pool.alloc(100)) burst.push(skb);
    expect(burst).toHaveLength(768);
    expect(pool.alloc(2000)).toBeUndefined();
    const [first] = burst.splice(300, 1) as [SkBuff]; // one chunk stays busy
    for (const skb of burst) skb.free();
    const large = [pool.alloc(60_000), pool.alloc(2000), pool.alloc(60_000)];
    expect(large.map((skb) => skb !== undefined)).toEqual([true, true, false]);
    for (const skb of [first, ...large]) skb?.free();
    expect(pool.stats).toMatchObject({ inUse: 0, skbs: 0, bytes: 3 * 65_536 });
    expect(pool.alloc(100)).toBeDefined();
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 60])('refuses to allocate %s bytes', (size) => {
    expect(() => new Pool().alloc(size)).toThrow(RangeError);
    expect(() => new Pool().alloc(0, size)).toThrow(RangeError);
    expect(() => new Pool().page(size)).toThrow(RangeError);
  });

  it('counts nothing where the memory it is given is of the wrong size', () => {
    const pool = new Pool({ memory: () => new Uint8Array(1) });
    expect(() => pool.alloc(1)).toThrow(RangeError);
    expect(pool.stats).toEqual({ inUse: 0, skbs: 0, bytes: 0, failed: 0 });
    expect(pool.alloc(100_000)).toBeDefined(); // too large for a chunk: not from there
  });
});

describe('alloc and wrap', () => {
  it('use one pool, without a limit', () => {
    const skb = alloc(1);
    expect(alloc(1).pool).toBe(skb.pool);
    expect(wrap(new Uint8Array(1)).pool).toBe(skb.pool);
  });
});

describe('poison', () => {
  it.each([0, 3, 255])('finds a write to freed memory, at byte %i of its page', (at) => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(10) as SkBuff;
    const { bytes, data } = skb;
    skb.free();
    bytes[data + at] = 1;
    expect(() => pool.alloc(10)).toThrow(/free page was written/);
  });

  it.each([256, 100_000])(
    'shows a read of freed memory, and of memory never written, of %i bytes',
    (size) => {
      const pool = new Pool({ poison: true });
      const skb = pool.alloc(size) as SkBuff;
      const { bytes } = skb;
      const at = skb.put(size);
      expect([bytes[at], bytes[at + size - 1]]).toEqual([0x5a, 0x5a]);
      skb.free();
      expect([bytes[at], bytes[at + size - 1]]).toEqual([0x6b, 0x6b]);
    },
  );

  it('recycles memory, not the objects that stale references point to', () => {
    const pool = new Pool({ poison: true });
    const skb = pool.alloc(10) as SkBuff;
    const { page } = skb;
    skb.free();
    const { bytes } = pool.stats;
    for (let i = 0; i < 3; i++) {
      const next = pool.alloc(10) as SkBuff;
      expect(next).not.toBe(skb);
      expect(next.page).not.toBe(page);
      expect([next.head, next.end]).toEqual([page.start, page.start + page.size]);
      next.free();
      expect(pool.stats).toEqual({ inUse: 0, skbs: 0, bytes, failed: 0 });
    }
  });

  it('finds a page that is put twice, also when it was given out again', () => {
    const pool = new Pool({ poison: true });
    const page = pool.page(10);
    page?.put();
    pool.page(10);
    expect(() => page?.put()).toThrow(RangeError);
  });
});

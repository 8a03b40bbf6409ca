/**
 * Packets for the skb laws: the same payload in every layout an skb allows, from a pool that notices misuse.
 * @module
 */
import { Pool, type SkBuff } from '@stack/skbuff';
import fc from 'fast-check';
import { same } from './assert.ts';

/** How bytes lie in an skb: the first `linear` of them in the head, the rest in frags of the given lengths. */
export interface Layout {
  linear: number;
  cuts: readonly number[];
}

/** Everything about an skb that a refused `push` or `pull` must leave alone, and that `pull` must restore after `push`. */
export interface Geometry {
  head: number;
  data: number;
  tail: number;
  end: number;
  len: number;
  dataLen: number;
  frags: (readonly [start: number, offset: number, length: number])[];
}

/** Payload bytes for the laws: empty, odd and even lengths up to 300. */
export function payloads(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc.uint8Array({ maxLength: 7 }),
    fc.uint8Array({ maxLength: 300 }),
  );
}

/** Wholly linear, wholly in frags, and anything between; cuts fall at odd places. */
export function layouts(): fc.Arbitrary<Layout> {
  const cuts = fc.array(fc.integer({ min: 1, max: 37 }), { maxLength: 6 });
  return fc.oneof(
    fc.constant<Layout>({ linear: Number.MAX_SAFE_INTEGER, cuts: [] }),
    fc.record<Layout>({ linear: fc.constant(0), cuts }, { noNullPrototype: true }),
    fc.record<Layout>({ linear: fc.nat(90), cuts }, { noNullPrototype: true }),
  );
}

/** An skb of `pool` that holds `bytes` as `layout` says; the last frag takes what the cuts leave. */
export function build(pool: Pool, bytes: Uint8Array, layout: Layout, headroom: number): SkBuff {
  const linear = Math.min(layout.linear, bytes.length);
  const skb = pool.alloc(linear, headroom);
  if (skb === undefined) throw new Error('the pool of a law has no limit');
  if (linear > 0) skb.putData(bytes.subarray(0, linear));
  let at = linear;
  for (const cut of [...layout.cuts, bytes.length]) {
    const length = Math.min(cut, bytes.length - at);
    if (length === 0) break;
    addFrag(pool, skb, bytes.subarray(at, at + length), cut % 3);
    at += length;
  }
  return skb;
}

/** Appends `bytes` as one frag that begins `lead` bytes into its page. */
export function addFrag(pool: Pool, skb: SkBuff, bytes: Uint8Array, lead: number): void {
  const page = pool.page(lead + bytes.length);
  if (page === undefined) throw new Error('the pool of a law has no limit');
  const offset = page.start + lead;
  page.arena.bytes.set(bytes, offset);
  skb.addFrag(page, offset, bytes.length);
}

/** The geometry of `skb` now. */
export function geometry(skb: SkBuff): Geometry {
  const { head, data, tail, end, len, dataLen } = skb;
  const frags = skb.frags
    .slice(0, skb.nrFrags)
    .map(({ page, offset, length }) => [page.start, offset, length] as const);
  return { head, data, tail, end, len, dataLen, frags };
}

/** Runs `body` with a poisoning pool and throws unless everything taken from it came back. */
export function withPool(body: (pool: Pool) => void): void {
  const pool = new Pool({ poison: true, chunkSize: 65_536 });
  body(pool);
  same(pool.stats.skbs, 0, 'skbs left in use');
  same(pool.stats.inUse, 0, 'pages left in use: a reference was leaked');
}

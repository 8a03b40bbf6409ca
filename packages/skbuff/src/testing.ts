/**
 * fast-check arbitraries for packets of any geometry, so that pipelines are tested with more than one tidy buffer.
 * @packageDocumentation
 */
import fc from 'fast-check';
import type { Pool } from './pool.ts';
import type { SkBuff } from './skbuff.ts';

/** A packet to be built: what is linear, what is in frags, and the room around it. */
export interface Shape {
  /** Free bytes in front. */
  headroom: number;
  /** Free bytes asked for behind the linear part. */
  tailroom: number;
  /** Bytes of the linear part. */
  linear: Uint8Array;
  /** Bytes of each frag; an empty one makes no frag. */
  frags: Uint8Array[];
}

/** Bounds for {@link shape}. */
export interface ShapeConstraints {
  /** Most bytes in the linear part, and in each frag. Default 96. */
  maxRun?: number;
  /** Most frags. Default 6. */
  maxFrags?: number;
  /** Most bytes of headroom. Default 128. */
  maxHeadroom?: number;
}

/** Packets of any geometry: empty, linear, all in frags, odd lengths, frags of one byte. */
export function shape(constraints: ShapeConstraints = {}): fc.Arbitrary<Shape> {
  const { maxRun = 96, maxFrags = 6, maxHeadroom = 128 } = constraints;
  const run = fc.uint8Array({ maxLength: maxRun });
  return fc.record(
    {
      headroom: fc.nat(maxHeadroom),
      tailroom: fc.nat(64),
      linear: run,
      frags: fc.array(run, { maxLength: maxFrags }),
    },
    { noNullPrototype: true },
  );
}

/** The bytes that a packet of this shape holds. */
export function shapeBytes({ linear, frags }: Shape): Uint8Array {
  return Uint8Array.from([linear, ...frags].flatMap((run) => [...run]));
}

/** Builds the packet. Each frag lies at an odd place in a page of its own. @throws RangeError at the pool's limit. */
export function build(pool: Pool, { headroom, tailroom, linear, frags }: Shape): SkBuff {
  const skb = pool.alloc(linear.length + tailroom, headroom);
  if (skb === undefined) throw new RangeError('testing: the pool is at its limit');
  skb.putData(linear);
  frags.forEach((run, index) => {
    const page = pool.page(run.length + 8);
    if (page === undefined) throw new RangeError('testing: the pool is at its limit');
    const at = page.start + (index % 8);
    page.arena.bytes.set(run, at);
    skb.addFrag(page, at, run.length);
  });
  return skb;
}

/**
 * Super-packets: cut at the last place that can (GSO), and grown on the way in (GRO).
 * @module
 */
import { appendRange } from './append-range.ts';
import { csumBlockAdd } from './checksum.ts';
import { CHECKSUM_COMPLETE, CHECKSUM_NONE } from './constants.ts';
import { copyMetadata, dropOffsetsBefore } from './metadata.ts';
import type { SkBuff } from './skbuff.ts';
import { SKB_STRUCT } from './truesize.ts';

/** Makes the headers of one segment right: `index` of `count`, its payload starting `offset` bytes into the whole. */
export type SegmentFixup = (segment: SkBuff, index: number, count: number, offset: number) => void;

/**
 * Cuts a super-packet into packets of `gsoSize` payload bytes, the last one shorter. Each gets a private copy of the first
 * `hlen` bytes (the headers), the payload by reference, and the metadata but for wanted timestamps; `fixup` then sets lengths, ids, sequence numbers
 * and checksums. Segments have no owner: the caller keeps `skb`, and frees it when they are gone if its destructor counts them. `undefined`, and nothing leaked, at the pool's limit.
 * @throws RangeError if `gsoSize` is not a positive integer, or there are fewer than `hlen` bytes. What `fixup` throws is passed on, nothing leaked.
 */
export function segment(skb: SkBuff, hlen: number, fixup: SegmentFixup): SkBuff[] | undefined {
  const { gsoSize } = skb;
  if (!Number.isInteger(gsoSize) || gsoSize < 1) throw new RangeError(`skb: segment with gsoSize ${gsoSize}`);
  if (!Number.isInteger(hlen) || hlen < 0 || hlen > skb.len) {
    throw new RangeError(`skb: segment with ${hlen} bytes of headers in ${skb.len}`);
  }
  const payload = skb.len - hlen;
  const count = Math.max(1, Math.ceil(payload / gsoSize));
  const segments: SkBuff[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const offset = index * gsoSize;
      const part = cut(skb, hlen, offset, Math.min(gsoSize, payload - offset));
      if (part === undefined) {
        freeAll(segments);
        return undefined;
      }
      segments.push(part);
      fixup(part, index, count, offset);
    }
  } catch (error) {
    freeAll(segments);
    throw error;
  }
  return segments;
}

function freeAll(segments: SkBuff[]): void {
  for (const part of segments) part.free();
}

/** One segment: the headers copied, `length` payload bytes from `offset` behind them shared. */
function cut(skb: SkBuff, hlen: number, offset: number, length: number): SkBuff | undefined {
  const part = skb.pool.alloc(hlen, skb.data - skb.head);
  if (part === undefined) return undefined;
  skb.copyBits(0, part.bytes, part.put(hlen), hlen);
  if (!share(part, skb, hlen + offset, length)) {
    part.free();
    return undefined;
  }
  copyMetadata(part, skb, part.data - skb.data);
  dropOffsetsBefore(part, part.data);
  part.gsoSize = 0;
  part.gsoSegs = 0;
  part.gsoType = 0;
  part.txFlags = 0; // it is one of them that the sender hears of
  if (part.ipSummed === CHECKSUM_COMPLETE) part.ipSummed = CHECKSUM_NONE; // it was over the whole
  return part;
}

/** Appends `length` bytes of `skb`, starting `offset` bytes after its `data`, to `part` by reference. */
function share(part: SkBuff, skb: SkBuff, offset: number, length: number): boolean {
  if (appendRange(part, skb, offset, length)) return true;
  // A run that begins in the head can need one frag more than the packet had: those bytes are made linear.
  const linear = skb.tail - skb.data - offset;
  return (
    appendRange(part, skb, offset, linear) &&
    part.linearize() &&
    appendRange(part, skb, offset + linear, length - linear)
  );
}

/**
 * Appends the bytes of `from` to `to` by reference and frees `from`. False, and nothing changed, where that cannot be:
 * too many frags, or `from` is held by others. Runs that touch in memory become one frag. `to` is charged what `from` cost but what
 * is freed with it; its owner's books are the caller's. @throws RangeError if `to` is freed.
 */
export function coalesce(to: SkBuff, from: SkBuff): boolean {
  to.refuseFreed();
  if (to === from || from.users !== 1) return false;
  const state = to.ipSummed;
  const length = to.len;
  const { truesize } = to;
  if (!appendRange(to, from, 0, from.len)) return false;
  // A head that became a frag is kept; one with nothing in it goes, and the struct in either case (Linux `skb_try_coalesce`).
  to.truesize = truesize + from.truesize - (from.tail > from.data ? SKB_STRUCT : from.headTruesize);
  if (state === from.ipSummed) {
    to.ipSummed = state;
    if (state === CHECKSUM_COMPLETE) to.csum = csumBlockAdd(to.csum, from.csum, length);
  } else to.ipSummed = CHECKSUM_NONE;
  from.free();
  return true;
}

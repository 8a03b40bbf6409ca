/**
 * A range of one packet's bytes on another, by reference: how segments, super-packets and transmissions share payload.
 * @module
 */
import { MAX_SKB_FRAGS } from './constants.ts';
import type { Frag, Page } from './page.ts';
import type { SkBuff } from './skbuff.ts';

/**
 * Appends `length` bytes of `from`, starting `offset` bytes after its `data`, to `to` by reference: pages gain references, `from`
 * is as before, a run that touches the last frag of `to` lengthens it. `to` is charged one byte of truesize a byte. False, and
 * nothing changed, where `to` would have more than {@link MAX_SKB_FRAGS}: nothing is made linear behind the caller's back.
 * @throws RangeError outside `from`, or where one of them is freed or both are the same.
 */
export function appendRange(to: SkBuff, from: SkBuff, offset: number, length: number): boolean {
  if (!(isCount(offset) && isCount(length)) || offset + length > from.len) {
    throw new RangeError(`skb: appendRange(${offset}, ${length}) of ${from.len} bytes`);
  }
  if (to === from) throw new RangeError('skb: appendRange of a packet to itself');
  to.refuseFreed();
  from.refuseFreed();
  // Only near the limit is it worth the time to know how many frags it takes.
  if (to.nrFrags + from.nrFrags >= MAX_SKB_FRAGS && !fits(to, from, offset, length)) return false;
  let left = length;
  let skip = offset;
  const linear = from.tail - from.data;
  if (skip < linear) {
    const n = Math.min(left, linear - skip);
    to.growFrag(from.page, from.data + skip, n); // a head is a page like any other
    left -= n;
    skip = linear;
  }
  skip -= linear;
  for (let i = 0; left > 0; i++) {
    const frag = from.frags[i] as Frag;
    if (skip >= frag.length) {
      skip -= frag.length;
      continue;
    }
    const n = Math.min(left, frag.length - skip);
    to.growFrag(frag.page, frag.offset + skip, n);
    left -= n;
    skip = 0;
  }
  return true;
}

/** Whether `to` has frags enough: the same walk, counting runs that touch nothing. */
function fits(to: SkBuff, from: SkBuff, offset: number, length: number): boolean {
  let count = to.nrFrags;
  const last = count > 0 ? (to.frags[count - 1] as Frag) : undefined;
  let page: Page | undefined = last?.page;
  let end = last === undefined ? 0 : last.offset + last.length;
  let left = length;
  let skip = offset;
  const linear = from.tail - from.data;
  for (let i = -1; left > 0; i++) {
    const frag = i < 0 ? undefined : (from.frags[i] as Frag);
    const size = frag === undefined ? linear : frag.length;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const source = frag === undefined ? from.page : frag.page;
    const start = (frag === undefined ? from.data : frag.offset) + skip;
    const n = Math.min(left, size - skip);
    if (source !== page || start !== end) count++;
    page = source;
    end = start + n;
    left -= n;
    skip = 0;
  }
  return count <= MAX_SKB_FRAGS;
}

function isCount(n: number): boolean {
  return Number.isInteger(n) && n >= 0;
}

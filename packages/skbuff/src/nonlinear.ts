/**
 * The operations that know both halves of an skb, the linear head and the frags. {@link SkBuff} has them as methods and
 * checks their arguments.
 * @module
 */
import { csumSkb } from './checksum.ts';
import { sumWithoutTail } from './complete.ts';
import { CHECKSUM_COMPLETE, CHECKSUM_NONE, CHECKSUM_PARTIAL } from './constants.ts';
import { copyMetadata, dropOffsetsBefore, shiftOffsets } from './metadata.ts';
import { type Frag, NOWHERE } from './page.ts';
import type { SkBuff } from './skbuff.ts';

/** Tailroom a head gets beyond the need when bytes are pulled out of frags: the next pull is then likely free. */
const PULL_SLACK = 128;

/** Copies bytes to a target that has room for them. */
export function copyBits(
  skb: SkBuff,
  offset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  let left = length;
  let skip = offset;
  let at = targetOffset;
  const linear = skb.tail - skb.data;
  if (skip < linear) {
    const n = Math.min(left, linear - skip);
    copyRun(skb.bytes, skb.data + skip, target, at, n);
    at += n;
    left -= n;
    skip = 0;
  } else skip -= linear;
  for (let i = 0; left > 0; i++) {
    const frag = skb.frags[i] as Frag;
    if (skip >= frag.length) {
      skip -= frag.length;
      continue;
    }
    const n = Math.min(left, frag.length - skip);
    copyRun(frag.page.arena.bytes, frag.offset + skip, target, at, n);
    at += n;
    left -= n;
    skip = 0;
  }
}

/** Short runs byte by byte: a view costs more than moving a header. */
function copyRun(source: Uint8Array, at: number, target: Uint8Array, targetAt: number, n: number): void {
  if (source === target) target.copyWithin(targetAt, at, at + n);
  else if (n > 64) target.set(source.subarray(at, at + n), targetAt);
  else for (let i = 0; i < n; i++) target[targetAt + i] = source[at + i] as number;
}

/** Cuts a packet with frags to `len` bytes, fewer than it has. */
export function shrink(skb: SkBuff, len: number): void {
  const linear = skb.tail - skb.data;
  let keep = Math.max(0, len - linear);
  let kept = 0;
  for (let i = 0; i < skb.nrFrags; i++) {
    const frag = skb.frags[i] as Frag;
    if (keep === 0) {
      frag.page.put();
      frag.page = NOWHERE;
      continue;
    }
    frag.length = Math.min(frag.length, keep);
    keep -= frag.length;
    kept++;
  }
  skb.nrFrags = kept;
  if (len < linear) skb.tail = skb.data + len;
  skb.len = len;
  skb.dataLen = len - (skb.tail - skb.data);
}

/**
 * Moves the bytes from `head` to `tail` into a new head, `nhead` bytes further in and with `room` bytes behind them. A
 * shared head is left to the others.
 */
function moveHead(skb: SkBuff, nhead: number, room: number): boolean {
  const size = nhead + (skb.tail - skb.head) + room;
  const page = skb.pool.page(size);
  if (page === undefined) return false;
  // The owner was charged for the old head; only without one may the books change.
  if (skb.destructor === undefined) skb.chargeHead(size);
  const old = skb.page;
  const headroom = skb.data - skb.head + nhead;
  const delta = page.start + headroom - skb.data;
  copyRun(skb.bytes, skb.head, page.arena.bytes, page.start + nhead, skb.tail - skb.head);
  skb.attach(page, headroom, skb.tail - skb.data);
  shiftOffsets(skb, delta);
  old.put();
  return true;
}

/** See {@link SkBuff.expandHead}. */
export function expandHead(skb: SkBuff, nhead: number, ntail: number): boolean {
  return moveHead(skb, nhead, skb.end - skb.tail + ntail);
}

/** See {@link SkBuff.cow}. */
export function cowHead(skb: SkBuff, headroom: number): boolean {
  const missing = Math.max(0, headroom - (skb.data - skb.head));
  if (missing === 0 && skb.page.refs === 1) return true;
  return moveHead(skb, missing, 0); // the page's rest is tailroom
}

/** Brings `missing` bytes of frags into the linear part. */
export function pullTail(skb: SkBuff, missing: number): boolean {
  const fits = missing <= skb.end - skb.tail;
  if (!fits || skb.page.refs > 1) {
    if (!moveHead(skb, 0, fits ? missing : missing + PULL_SLACK)) return false;
  }
  copyBits(skb, skb.tail - skb.data, skb.bytes, skb.tail, missing);
  let left = missing;
  let gone = 0;
  while (left > 0) {
    const frag = skb.frags[gone] as Frag;
    if (frag.length > left) {
      frag.offset += left;
      frag.length -= left;
      break;
    }
    left -= frag.length;
    frag.page.put();
    frag.page = NOWHERE;
    gone++;
  }
  // Entries that ran empty change places with the ones behind: the objects are kept for reuse.
  for (let i = gone; gone > 0 && i < skb.nrFrags; i++) swapFrags(skb.frags, i - gone, i);
  skb.nrFrags -= gone;
  skb.tail += missing;
  skb.dataLen -= missing;
  return true;
}

function swapFrags(frags: Frag[], a: number, b: number): void {
  const frag = frags[a] as Frag;
  frags[a] = frags[b] as Frag;
  frags[b] = frag;
}

/** See {@link SkBuff.copy}. */
export function copySkb(skb: SkBuff, headroom: number): SkBuff | undefined {
  const copy = skb.pool.alloc(skb.len, headroom);
  if (copy === undefined) return undefined;
  copyBits(skb, 0, copy.bytes, copy.put(skb.len), skb.len);
  const pulled = Math.min(headroom, skb.data - skb.head);
  copyRun(skb.bytes, skb.data - pulled, copy.bytes, copy.data - pulled, pulled);
  copyMetadata(copy, skb, copy.data - skb.data);
  dropOffsetsBefore(copy, copy.head);
  return copy;
}

/** See {@link SkBuff.split}. */
export function splitSkb(skb: SkBuff, len: number): SkBuff | undefined {
  const linear = skb.tail - skb.data;
  const moved = Math.max(0, linear - len);
  const rest = skb.pool.alloc(moved, skb.data - skb.head);
  if (rest === undefined) return undefined;
  copyMetadata(rest, skb, rest.data - skb.data);
  if (skb.ipSummed === CHECKSUM_COMPLETE) {
    const tailSum = csumSkb(skb, len, skb.len - len);
    skb.csum = sumWithoutTail(skb.csum, tailSum, len);
    rest.csum = tailSum;
  } else if (skb.ipSummed === CHECKSUM_PARTIAL) rest.ipSummed = CHECKSUM_NONE;
  if (moved > 0) copyBits(skb, len, rest.bytes, rest.tail, moved);
  rest.tail += moved;
  rest.len = moved;
  moveFrags(skb, rest, Math.max(0, len - linear));
  rest.macHeader = -1;
  rest.networkHeader = -1;
  rest.transportHeader = -1;
  skb.tail -= moved;
  skb.len = len;
  return rest;
}

/** Moves the frags behind the first `keep` bytes of them; one that is cut is shared. */
function moveFrags(skb: SkBuff, rest: SkBuff, keep: number): void {
  const { ipSummed } = rest;
  let left = keep;
  let kept = 0;
  for (let i = 0; i < skb.nrFrags; i++) {
    const frag = skb.frags[i] as Frag;
    const stay = Math.min(left, frag.length);
    if (left > 0) kept = i + 1;
    left -= stay;
    if (kept === i + 1 && stay === frag.length) continue;
    const moved = frag.length - stay;
    const cut = kept === i + 1;
    rest.addFrag(cut ? frag.page.hold() : frag.page, frag.offset + stay, moved);
    skb.truesize -= moved;
    frag.length = stay;
    if (!cut) frag.page = NOWHERE;
  }
  skb.nrFrags = kept;
  skb.dataLen = keep;
  rest.ipSummed = ipSummed; // addFrag took the sum for outdated
}

/**
 * One packet of all fragments: their bytes by reference where an skb can hold them, else in one run.
 * @module
 */
import { coalesce, MAX_SKB_FRAGS, type Pool, type SkBuff } from '@stack/skbuff';
import { headerLength, tos } from '../fields.ts';
import { FLAG_DF, sendCheck } from '../header.ts';
import { copyBytes } from './copy-bytes.ts';
import type { FragmentQueue } from './fragment-queue.ts';

/** The datagram, `data` at its header; the queue's fragments are used up then. `undefined` without memory, and nothing used. */
export function joinFragments(
  pool: Pool,
  queue: FragmentQueue,
  hlen: number,
  ecn: number,
): SkBuff | undefined {
  const head = runs(queue) <= MAX_SKB_FRAGS ? byReference(queue) : byCopy(pool, queue, hlen);
  if (head === undefined) return undefined;
  const { view } = head;
  const at = head.networkHeader;
  view.setUint16(at + 2, hlen + queue.length);
  // Linux: the largest had DF, so the sender discovers its path.
  const df = queue.largestDf !== 0 && queue.largestDf === queue.largest;
  view.setUint16(at + 6, df ? FLAG_DF << 13 : 0);
  view.setUint8(at + 1, tos(view, at) | ecn);
  sendCheck(view, at);
  head.tos = tos(view, at);
  return head;
}

/** Frags that the whole would have: the first fragment's linear part stays its head. What others hold cannot be taken apart. */
function runs({ fragments }: FragmentQueue): number {
  let count = 0;
  for (let i = 0; i < fragments.length; i++) {
    const one = fragments[i] as SkBuff;
    if (one.users !== 1) return MAX_SKB_FRAGS + 1;
    count += one.nrFrags + (i > 0 && one.headlen > headerLength(one.view, one.networkHeader) ? 1 : 0);
  }
  return count;
}

function byReference(queue: FragmentQueue): SkBuff | undefined {
  const { fragments } = queue;
  const first = fragments[0] as SkBuff;
  if (!first.cow()) return undefined; // its header is about to change
  for (let i = 1; i < fragments.length; i++) {
    const one = fragments[i] as SkBuff;
    one.pull(headerLength(one.view, one.networkHeader));
    coalesce(first, one);
  }
  return first;
}

function byCopy(pool: Pool, queue: FragmentQueue, hlen: number): SkBuff | undefined {
  const { fragments, starts } = queue;
  const first = fragments[0] as SkBuff;
  const whole = pool.alloc(hlen + queue.length);
  if (whole === undefined) return undefined;
  const at = whole.put(hlen + queue.length);
  copyBytes(first.bytes, first.data, whole.bytes, at, hlen);
  inherit(whole, first, at, hlen);
  let truesize = 0;
  for (let i = 0; i < fragments.length; i++) {
    const one = fragments[i] as SkBuff;
    const header = headerLength(one.view, one.networkHeader);
    one.copyBits(header, whole.bytes, at + hlen + (starts[i] as number), one.len - header);
    truesize += one.truesize;
    one.free();
  }
  whole.truesize = truesize; // what its parts cost: that is what a socket is charged
  return whole;
}

function inherit(whole: SkBuff, first: SkBuff, at: number, hlen: number): void {
  whole.protocol = first.protocol;
  whole.dev = first.dev;
  whole.ifindex = first.ifindex;
  whole.pktType = first.pktType;
  whole.mark = first.mark;
  whole.priority = first.priority;
  whole.tstamp = first.tstamp;
  whole.ttl = first.ttl;
  whole.tos = first.tos;
  whole.networkHeader = at;
  whole.transportHeader = at + hlen;
  for (let i = 0; i < whole.cb.length; i++) whole.cb[i] = first.cb[i] as number;
}

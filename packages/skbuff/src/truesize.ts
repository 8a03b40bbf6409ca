/**
 * What a buffer costs in Linux's books. Socket buffers and windows are measured in it, so it follows the kernel's sizes and
 * not this package's size classes.
 * @module
 */

/** Bytes that the kernel's `struct sk_buff` takes on a 64-bit machine, cache-aligned. */
export const SKB_STRUCT = 256;
/** And its `struct skb_shared_info`. */
const SHARED_INFO = 320;
/** The slab that small heads (ACKs, headers of fragmented packets) come from. */
const SMALL_HEAD = 640;

/** `truesize` of an skb with a linear part of `size` bytes: the rounded head, its shared info, and the struct itself. */
export function truesizeOf(size: number): number {
  return headSize(size) + SKB_STRUCT;
}

function headSize(size: number): number {
  const wanted = Math.ceil(size / 64) * 64 + SHARED_INFO;
  if (wanted <= SMALL_HEAD) return SMALL_HEAD;
  if (size > 0x1fff_ffff) return wanted; // `1 << 31` is negative
  return 1 << (32 - Math.clz32(wanted - 1)); // kmalloc's buckets above 192 bytes are powers of two
}

/**
 * The four verbs that every package of the stack has, for packets as a whole.
 * @module
 */
import { wrap } from './pool.ts';
import type { SkBuff } from './skbuff.ts';

/** Bytes as a packet: {@link wrap}. No copy. */
export function decode(bytes: Uint8Array): SkBuff {
  return wrap(bytes);
}

/** A packet as bytes, gathered into a fresh array. The packet stays the caller's. */
export function encode(skb: SkBuff): Uint8Array {
  return skb.toBytes();
}

/** Makes room for `n` bytes in front and returns the new `data`. @throws RangeError as {@link SkBuff.push}. */
export function push(skb: SkBuff, n: number): number {
  return skb.push(n);
}

/** Strips `n` bytes off the front and returns the new `data`. @throws RangeError as {@link SkBuff.pull}. */
export function pull(skb: SkBuff, n: number): number {
  return skb.pull(n);
}

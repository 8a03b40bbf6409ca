/**
 * Counts what moved the payload, so that "nothing copied it" is a measurement.
 * @module
 */
import type { Arena, SkBuff } from '@stack/skbuff';

/** Bytes the CPU moved, and how often it found payload somewhere else than it had been. */
export interface Copies {
  /** User memory → skb, at `send()`. */
  send: { times: number; bytes: number };
  /** Skb → user memory, at `recv()`. */
  recv: { times: number; bytes: number };
  /** Layers passed with the payload where it was before: same buffer, same offset. */
  unmoved: number;
  /** Layers that moved it. */
  moved: number;
}

/** No copies yet. */
export function noCopies(): Copies {
  return { send: { times: 0, bytes: 0 }, recv: { times: 0, bytes: 0 }, unmoved: 0, moved: 0 };
}

/** Where the last `length` bytes of a packet lie: their runs, each with its buffer. */
interface Place {
  arena: Arena;
  at: number;
  length: number;
}

/** Remembers where the payload of `skb` lies and, at each call of the function returned, notes whether it still does. */
export function watchPayload(skb: SkBuff, length: number, copies: Copies): () => void {
  const before = places(skb, length);
  return () => {
    const now = places(skb, length);
    const same = now.length === before.length && now.every((place, i) => samePlace(place, before[i]));
    if (same) copies.unmoved++;
    else copies.moved++;
  };
}

function samePlace(a: Place, b: Place | undefined): boolean {
  return b !== undefined && a.arena.bytes === b.arena.bytes && a.at === b.at && a.length === b.length;
}

function places(skb: SkBuff, length: number): Place[] {
  const found: Place[] = [];
  const linear = Math.max(0, length - skb.dataLen);
  if (linear > 0) found.push({ arena: skb.page.arena, at: skb.tail - linear, length: linear });
  for (const { page, offset, length: run } of skb.frags.slice(0, skb.nrFrags)) {
    found.push({ arena: page.arena, at: offset, length: run });
  }
  return found;
}

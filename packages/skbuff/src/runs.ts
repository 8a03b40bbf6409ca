/**
 * A packet as the runs of bytes it is made of: the linear part, then the frags.
 * @module
 */
import type { Frag } from './page.ts';
import type { SkBuff } from './skbuff.ts';

/** Takes a run into account: `length` bytes at `at`, with `done` bytes of the range before them. */
export type RunStep = (value: number, view: DataView, at: number, length: number, done: number) => number;

/**
 * Folds `length` bytes from `offset` (counted from `skb.data`) run by run into one number. Allocates nothing as long as
 * `step` is a function of the module. @throws RangeError if the packet ends before.
 */
export function foldRuns(
  skb: SkBuff,
  offset: number,
  length: number,
  initial: number,
  step: RunStep,
): number {
  if (!(offset >= 0 && length >= 0 && length <= skb.len - offset)) {
    throw new RangeError(`skb: ${length} bytes at ${offset} of ${skb.len}`);
  }
  let value = initial;
  let done = 0;
  let skip = offset - (skb.tail - skb.data);
  if (skip < 0) {
    done = Math.min(-skip, length);
    value = step(value, skb.view, skb.data + offset, done, 0);
    skip = 0;
  }
  for (let i = 0; done < length; i++) {
    const frag = skb.frags[i] as Frag;
    if (skip >= frag.length) {
      skip -= frag.length;
      continue;
    }
    const take = Math.min(frag.length - skip, length - done);
    value = step(value, frag.page.arena.view, frag.offset + skip, take, done);
    done += take;
    skip = 0;
  }
  return value;
}

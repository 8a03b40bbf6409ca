/**
 * The copy a DMA engine makes.
 * @module
 */

/** Below this a loop is cheaper than the view that `set` needs. */
const LOOP = 64;

/** Copies `n` bytes. Runs that share an arena, as most pages of one pool do, move without a view being made. */
export function copyRun(
  source: Uint8Array,
  at: number,
  target: Uint8Array,
  targetAt: number,
  n: number,
): void {
  if (source === target) target.copyWithin(targetAt, at, at + n);
  else if (n > LOOP) target.set(source.subarray(at, at + n), targetAt);
  else for (let i = 0; i < n; i++) target[targetAt + i] = source[at + i] as number;
}

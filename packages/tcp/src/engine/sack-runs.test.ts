import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SackRuns } from './sack-runs.ts';

describe('runs of what was delivered', () => {
  it('are what a set of numbers would be, across the wrap too', () => {
    const edge = fc.nat(40);
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.tuple(edge, edge, fc.boolean()), { maxLength: 60 }),
        (base, steps) => {
          const runs = new SackRuns();
          const set = new Set<number>();
          for (const [a, b, drop] of steps) {
            if (drop) {
              runs.dropBelow((base + a) | 0);
              // A run that reaches over stays whole.
              for (let i = 0; i < a && set.has(i) && !reaches(set, i, a); i++) set.delete(i);
              for (let i = 0; i < a; i++) if (set.has(i) && !reaches(set, i, a)) set.delete(i);
            } else if (a !== b) {
              const [low, high] = [Math.min(a, b), Math.max(a, b)];
              runs.add((base + low) | 0, (base + high) | 0);
              for (let i = low; i < high; i++) set.add(i);
            }
            expect(list(runs, base)).toStrictEqual(stretches(set));
            const behind = runs.behind((base + a) | 0);
            if (behind < runs.length) expect((runs.end(behind) - base) | 0).toBeGreaterThan(a);
            if (behind > 0) expect((runs.end(behind - 1) - base) | 0).toBeLessThanOrEqual(a);
          }
          runs.clear();
          expect(runs.length).toBe(0);
        },
      ),
    );
  });
});

/** Whether the run with `i` goes on to `a` or beyond. */
function reaches(set: Set<number>, i: number, a: number): boolean {
  let at = i;
  while (set.has(at)) at++;
  return at > a;
}

function list(runs: SackRuns, base: number): [number, number][] {
  return Array.from({ length: runs.length }, (_, i) => [
    (runs.start(i) - base) | 0,
    (runs.end(i) - base) | 0,
  ]);
}

function stretches(set: Set<number>): [number, number][] {
  const found: [number, number][] = [];
  for (const i of [...set].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === i) last[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

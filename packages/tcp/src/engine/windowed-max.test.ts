import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowedMax } from './windowed-max.ts';

function after(window: number, samples: readonly (readonly [time: number, value: number])[]): number {
  const max = new WindowedMax();
  for (const [time, value] of samples) max.update(window, time, value);
  return max.value;
}

describe('the greatest of a window', () => {
  it.each([
    [
      'one that is greater counts at once',
      10,
      [
        [0, 5],
        [1, 7],
      ],
      7,
    ],
    [
      'a smaller one does not',
      10,
      [
        [0, 7],
        [1, 5],
      ],
      7,
    ],
    [
      'until the greater one is too old',
      10,
      [
        [0, 7],
        [3, 5],
        [10, 4],
        [11, 4],
      ],
      5,
    ],
    [
      'and then the third',
      10,
      [
        [0, 7],
        [3, 5],
        [6, 4],
        [11, 1],
        [14, 1],
      ],
      4,
    ],
    [
      'all are forgotten after a window without any',
      10,
      [
        [0, 7],
        [20, 1],
      ],
      1,
    ],
    [
      'a falling series is followed, a window behind',
      8,
      Array.from({ length: 40 }, (_, i) => [i, 100 - i]),
      68,
    ],
  ] as const)('%s', (_name, window, samples, expected) => {
    expect(after(window, samples as readonly (readonly [number, number])[])).toBe(expected);
  });

  it('begins anew', () => {
    const max = new WindowedMax();
    max.update(10, 0, 9);
    max.reset(1, 3);
    expect(max.value).toBe(3);
    max.update(10, 2, 4);
    expect(max.value).toBe(4);
  });

  it('is a sample of the window, no less than the last one, and the greatest where that came in the last half', () => {
    const series = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 50 })), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 30 }), (steps, window) => {
        let time = 0;
        const samples = steps.map(([step, value]) => {
          time += step;
          return [time, value] as const;
        });
        const result = after(window, samples);
        const inWindow = samples.filter(([at]) => time - at <= window).map(([, value]) => value);
        expect(inWindow).toContain(result);
        expect(result).toBeGreaterThanOrEqual(samples.at(-1)?.[1] ?? 0);
      }),
    );
  });
});

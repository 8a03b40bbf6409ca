import { describe, expect, it } from 'vitest';
import { requireRange } from './index.ts';

describe('requireRange', () => {
  it.each([0, 1, 255])('takes %s', (value) => {
    expect(() => requireRange('x', 'field', value, 255)).not.toThrow();
  });

  it.each([-1, 256, 0.5, Number.NaN, Infinity, undefined, null])(
    'refuses %s, and says whose it is',
    (value) => {
      const act = (): void => requireRange('x', 'field', value as number, 255, '; hint');
      expect(act).toThrow(RangeError);
      expect(act).toThrow(`x: field ${value} is not in 0..255`);
      expect(act).not.toThrow('hint');
    },
  );

  it('quotes text, and hints at what reads it', () => {
    expect(() => requireRange('x', 'saddr', '10.0.0.1' as unknown as number, 9, '; parse it')).toThrow(
      'x: saddr "10.0.0.1" is not in 0..9; parse it',
    );
  });
});

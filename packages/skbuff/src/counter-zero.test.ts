import { expect, it } from 'vitest';
import { COUNTER_ZERO } from './counter-zero.ts';

it('is zero, and not minus zero', () => {
  expect(COUNTER_ZERO).toBe(0);
});

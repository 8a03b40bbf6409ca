import { describe, expect, it } from 'vitest';
import { formatFailure } from './result.ts';
import { run } from './run.ts';
import { SCRIPTS } from './scripts.fixture.ts';

describe.each(Object.entries(SCRIPTS))('%s', (name, script) => {
  it.each([
    ['as it is', {}],
    ['exactly, with nothing left over', { tolerance: 0, exhaustive: true }],
  ])('passes %s', async (_, options) => {
    const result = await run(script, { file: name, ...options });
    expect(result.failure && formatFailure(name, result.failure)).toBeUndefined();
    expect(result.ok).toBe(true);
  });
});

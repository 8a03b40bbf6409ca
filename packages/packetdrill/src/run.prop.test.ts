import fc from 'fast-check';
import { expect, it } from 'vitest';
import { run } from './run.ts';
import { SCRIPTS } from './scripts.fixture.ts';

const PIECES = [
  '-1',
  '0',
  '99999999999',
  '...',
  '[',
  ']',
  '{',
  ')',
  '(',
  'NULL',
  '+',
  '.',
  '>',
  '<',
  '\n',
  '4',
  '|',
  '`',
  '%{',
  '"',
];

const edit = fc.record({
  at: fc.nat(),
  drop: fc.nat({ max: 5 }),
  put: fc.constantFrom('', ...PIECES),
});

it('a script with anything in it ends with a result', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.values(SCRIPTS)),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      async (script, edits) => {
        let text = script;
        for (const { at, drop, put } of edits) {
          const from = at % text.length;
          text = text.slice(0, from) + put + text.slice(from + drop);
        }
        const { ok, failure } = await run(text);
        expect(ok).toBe(failure === undefined);
        if (failure === undefined) return;
        expect(failure.line).toBeGreaterThan(0);
        expect(failure.column).toBeGreaterThan(0);
        expect(failure.reason).not.toContain('\n');
      },
    ),
  );
});

/** Scripts can fail: made wrong in one place, they do. */
import { mutationsOf } from '@stack/packetdrill/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runScript, type Script, scripts } from './script.ts';

const all = scripts();

async function passes(name: string, script: string): Promise<boolean> {
  const { ok, failure } = await runScript({ name, text: script });
  expect(failure?.kind, failure?.reason).not.toBe('syntax');
  return ok;
}

describe('a script without one of its lines about what comes out', () => {
  it.each(all.map((script) => [script.name, script] as const))('fails: %s', async (_, script) => {
    for (const mutation of mutationsOf(script.text)) {
      if (!mutation.name.startsWith('gone')) continue;
      expect(await passes(script.name, mutation.script), mutation.name).toBe(false);
    }
  });
});

it('a script with one thing wrong fails', async () => {
  const wrong = all.flatMap(({ name, text }) =>
    mutationsOf(text).map((mutation): Script & { what: string } => ({
      name,
      text: mutation.script,
      what: mutation.name,
    })),
  );
  expect(wrong.length).toBeGreaterThan(20 * all.length);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...wrong), async ({ name, text, what }) => {
      expect(await passes(name, text), `${name}: ${what}`).toBe(false);
    }),
    { numRuns: 3 * Number(fc.readConfigureGlobal()?.numRuns ?? 100) },
  );
});

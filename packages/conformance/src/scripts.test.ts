/** Each script holds, to the microsecond. */
import { formatFailure } from '@stack/packetdrill';
import { expect, it } from 'vitest';
import { runScript, scripts } from './script.ts';

it.each(scripts().map((script) => [script.name, script] as const))('%s', async (_, script) => {
  const { failure } = await runScript(script);
  expect(failure && formatFailure(`${script.name}.pkt`, failure)).toBeUndefined();
});

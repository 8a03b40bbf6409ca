import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { installPrograms } from './programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'programs-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('says which programs are missing where it may not install', async () => {
  vi.stubEnv('PATH', folder); // nobody's apt-get, if not root's
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  writeFileSync(join(folder, 'here'), '');
  expect(await installPrograms({ here: 'a', 'not-here': 'b' })).toEqual(['here', 'not-here']);
  chmodSync(join(folder, 'here'), 0o755);
  expect(await installPrograms({ here: 'a', 'not-here': 'b' })).toEqual(['not-here']);
});

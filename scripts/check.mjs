/**
 * Runs the checks one after another, says what each one took, and goes on after a failure so that one run shows all.
 * `--and-test` ends with the test suite, whose closing counts are then the last line; further arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const CHECKS = ['typecheck', 'lint', 'layers', 'tarballs'];

const failed = [];
for (const check of CHECKS) {
  const start = performance.now();
  const { status } = spawnSync('npm', ['run', '-s', check], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) failed.push(check);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${check} (${seconds} s)`);
}

const [flag, ...vitestArguments] = process.argv.slice(2);
if (flag === '--and-test') {
  const require = createRequire(import.meta.url);
  const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...vitestArguments], {
    stdio: 'inherit',
    env: { ...process.env, FAILED_CHECKS: failed.join(', ') },
  });
  process.exitCode = status === 0 && failed.length === 0 ? 0 : 1;
} else {
  process.exitCode = failed.length === 0 ? 0 : 1;
}

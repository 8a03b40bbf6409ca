/** `turbo run …`, kept on this machine (no telemetry, no update check, no remote cache) and silent unless it fails. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const turbo = createRequire(import.meta.url).resolve('turbo/bin/turbo');
const flags = ['--continue', '--output-logs=errors-only', '--log-order=grouped', '--cache=local:rw'];
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [turbo, 'run', ...process.argv.slice(2), ...flags],
  { env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }, maxBuffer: Infinity },
);
if (status !== 0) process.stderr.write(Buffer.concat([stdout, stderr])); // stdout belongs to what is built for
process.exitCode = status ?? 1;

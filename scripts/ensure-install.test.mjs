import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTree } from './lib/tree.mjs';

/** An npm that writes down its arguments, installs a `node` of the version in $MADE, and exits with $STATUS. */
const NPM = `#!/bin/sh
echo "$1" >> calls
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho v%s\\n' "$MADE" > node_modules/.bin/node
chmod +x node_modules/.bin/node
[ "$STATUS" = 0 ] && touch node_modules/.package-lock.json
exit "$STATUS"
`;

let tree;
afterEach(() => tree.release());

/** A fresh clone, with that npm first on the PATH. */
function clone() {
  const script = readFileSync(join(import.meta.dirname, 'ensure-install.mjs'), 'utf8');
  tree = makeTree({
    'scripts/ensure-install.mjs': script,
    'package.json': { type: 'module', devDependencies: { node: '24.1.0' } },
    'package-lock.json': '{}',
    'bin/npm': NPM,
  });
  chmodSync(join(tree.root, 'bin/npm'), 0o755);
}

/** Runs the script: its exit code, what it said, and what npm was called for until now. */
function run({ made = '24.1.0', status = 0 } = {}) {
  const PATH = join(tree.root, 'bin') + delimiter + process.env.PATH;
  const env = { ...process.env, PATH, MADE: made, STATUS: String(status) };
  const result = spawnSync(process.execPath, ['scripts/ensure-install.mjs'], { cwd: tree.root, env });
  const calls = existsSync(join(tree.root, 'calls')) ? readFileSync(join(tree.root, 'calls'), 'utf8') : '';
  return {
    status: result.status,
    said: String(result.stdout) + result.stderr,
    calls: calls.split('\n').slice(0, -1),
  };
}

describe.skipIf(process.platform === 'win32')('ensure-install', () => {
  it('installs a fresh clone once', () => {
    clone();
    expect(run()).toMatchObject({ status: 0, calls: ['install'] });
    expect(run()).toEqual({ status: 0, said: '', calls: ['install'] });
  });

  it('installs again when the lockfile is another one', () => {
    clone();
    run();
    writeFileSync(join(tree.root, 'package-lock.json'), '{ "packages": {} }');
    expect(run().calls).toEqual(['install', 'install']);
    expect(run().calls).toEqual(['install', 'install']);
  });

  it('installs again when somebody else installed something', () => {
    clone();
    run();
    writeFileSync(join(tree.root, 'node_modules/.package-lock.json'), '{ "packages": {} }');
    expect(run().calls).toEqual(['install', 'install']);
  });

  it('tries again after an install that failed', () => {
    clone();
    run({ status: 1 });
    expect(run().calls).toEqual(['install', 'install']);
  });

  it('passes the exit code on and says so in one line', () => {
    clone();
    const { status, said } = run({ status: 7 });
    expect(status).toBe(7);
    expect(said.trimEnd().split('\n').at(-1)).toBe('install: npm install failed with exit code 7');
  });

  it('takes the link back when another Node took it', () => {
    clone();
    run();
    writeFileSync(join(tree.root, 'node_modules/.bin/node'), '#!/bin/sh\necho v20.0.0\n');
    expect(run()).toEqual({ status: 0, said: '', calls: ['install', 'rebuild'] });
  });

  it('fails when the pinned Node cannot be had', () => {
    clone();
    const { status, said } = run({ made: '20.0.0' });
    expect(status).toBe(1);
    expect(said).toContain('node_modules/.bin/node is not Node 24.1.0');
  });
});

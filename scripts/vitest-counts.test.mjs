import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTree } from './lib/tree.mjs';

const here = import.meta.dirname;
const ONE_OF_EACH = `it('a', () => {}); it('b', () => { expect(1).toBe(2); }); it.skip('c', () => {});`;

let release = () => {};
afterEach(() => release());

/** Runs vitest with the reporter over `files`; its exit code and its last line. */
function run(files, environment = {}) {
  const tree = makeTree(files);
  release = tree.release;
  const vitest = join(here, '../node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(here, 'vitest-counts.mjs')}`];
  const { status, stdout } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', tree.root, '--globals', ...reporters],
    { encoding: 'utf8', env: { ...process.env, VITEST: undefined, ...environment } },
  );
  return { status, lines: stdout.trimEnd().split('\n').slice(-2) };
}

describe('the closing line', () => {
  it.each([
    ['a test of each kind', { 'a.test.mjs': ONE_OF_EACH }, 1, '1 passed, 1 failed, 1 skipped'],
    ['a good test', { 'a.test.mjs': `it('a', () => {});` }, 0, '1 passed, 0 failed, 0 skipped'],
    ['no test file', {}, 1, '0 passed, 0 failed, 0 skipped'],
    ['only skipped tests', { 'a.test.mjs': `it.skip('a', () => {});` }, 1, '0 passed, 0 failed, 1 skipped'],
    [
      'a file that does not load',
      { 'a.test.mjs': `it('a', () => {});`, 'b.test.mjs': `import './none.mjs';` },
      1,
      '1 passed, 1 failed, 0 skipped',
    ],
    [
      'a hook that throws',
      {
        'a.test.mjs': `it('x', () => {}); describe('s', () => { beforeAll(() => { throw 1; }); it('a', () => {}); });`,
      },
      1,
      '1 passed, 1 failed, 1 skipped',
    ],
    [
      'an unhandled rejection',
      { 'a.test.mjs': `it('a', () => { Promise.reject(new Error('late')); });` },
      1,
      '1 passed, 1 failed, 0 skipped',
    ],
  ])('counts %s', (_name, files, status, counts) => {
    const result = run(files);
    expect(result.lines.at(-1)).toBe(`Tests: ${counts}`);
    expect(result.status).toBe(status);
  });

  it('names the checks that failed before', () => {
    const { lines } = run({ 'a.test.mjs': `it('a', () => {});` }, { FAILED_CHECKS: 'lint' });
    expect(lines[0]).toBe('Checks that failed: lint');
  });
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { untold } from './check-changeset.mjs';
import { makeTree, manifestOf } from './lib/tree.mjs';

let release = () => {};
afterEach(() => release());

/** A branch that changes `files`, judged against the main branch it left. */
function judge(files) {
  const tree = makeTree({
    'packages/tcp/package.json': manifestOf('tcp'),
    'packages/testkit/package.json': manifestOf('testkit', { private: true }),
    '.changeset/old.md': 'told before',
  });
  release = tree.release;
  const me = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid'];
  const git = (...args) => execFileSync('git', [...me, ...args], { cwd: tree.root, stdio: 'pipe' });
  const commit = () => {
    git('add', '--all');
    git('commit', '--quiet', '--message=change');
  };
  git('init', '--quiet', '--initial-branch=main');
  commit();
  git('checkout', '--quiet', '-b', 'branch');
  for (const file of files) {
    mkdirSync(dirname(join(tree.root, file)), { recursive: true });
    writeFileSync(join(tree.root, file), 'changed');
  }
  commit();
  return untold(tree.root, 'main');
}

const SOURCE = 'packages/tcp/src/header.ts';

describe('check-changeset', () => {
  it.each([
    ['a source', [SOURCE], ['packages/tcp']],
    ['a source, with a change of an old changeset', [SOURCE, '.changeset/old.md'], ['packages/tcp']],
    ['a source and a changeset', [SOURCE, '.changeset/new.md'], []],
    ['a test', ['packages/tcp/src/header.test.ts', 'packages/tcp/src/header.prop.test.ts'], []],
    ['a private package', ['packages/testkit/src/index.ts'], []],
    ['a page', ['packages/tcp/README.md'], []],
  ])('judges a branch that changes %s', (_name, files, folders) => {
    expect(judge(files)).toEqual(folders);
  });

  it('does not take an unknown branch for a good one', () => {
    const tree = makeTree({ 'packages/tcp/package.json': manifestOf('tcp') });
    release = tree.release;
    expect(() => untold(tree.root, 'none')).toThrow();
  });
});

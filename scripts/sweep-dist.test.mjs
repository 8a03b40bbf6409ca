import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTree } from './lib/tree.mjs';

let tree;
afterEach(() => tree.release());

const EXPORTS = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
const BUILT = {
  'package.json': { name: 'made-up', exports: EXPORTS, bin: { tool: './dist/cli.js' } },
  'dist/index.js': `import { a } from "./chunk-NEW.js";\nimport("./sub/late.js");`,
  'dist/index.js.map': '',
  'dist/index.d.ts': `export { A } from './types-NEW.js';`,
  'dist/types-NEW.d.ts': '',
  'dist/chunk-NEW.js': '',
  'dist/sub/late.js': '',
  'dist/cli.js': '',
};

/** Sweeps a package of these files; its exit code and what is left in dist. */
function sweep(files) {
  tree = makeTree(files);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'sweep-dist.mjs')], {
    cwd: tree.root,
  });
  const left = readdirSync(join(tree.root, 'dist'), { recursive: true, withFileTypes: true });
  return { status, left: left.filter((entry) => entry.isFile()).map(({ name }) => name) };
}

describe('sweep-dist', () => {
  it('keeps what the build made', () => {
    const { status, left } = sweep(BUILT);
    expect(status).toBe(0);
    expect(left).toHaveLength(7);
  });

  it('deletes what an older build left', () => {
    const old = { 'dist/chunk-OLD.js': '', 'dist/chunk-OLD.js.map': '', 'dist/types-OLD.d.ts': '' };
    expect(sweep({ ...BUILT, ...old }).left).toHaveLength(7);
  });

  it('fails when an entry was not built', () => {
    const { 'dist/index.d.ts': _, ...files } = BUILT;
    expect(sweep(files).status).toBe(1);
  });
});

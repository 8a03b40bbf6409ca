/** Small made-up repositories for the tests of the checks. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Writes `files` (path → text, or an object that becomes JSON) to a fresh folder, which `release` deletes. */
export function makeTree(files) {
  const root = mkdtempSync(join(tmpdir(), 'stack-tree-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { root, release: () => rmSync(root, { recursive: true, force: true }) };
}

/** A package.json with nothing to complain about. */
export function manifestOf(folder, more = {}) {
  const at = (file) => ({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });
  return {
    name: `@stack/${folder}`,
    version: '1.2.3',
    description: folder,
    keywords: ['network'],
    license: 'MIT',
    repository: {
      type: 'git',
      url: 'git+https://github.com/stack-ts/stack.git',
      directory: `packages/${folder}`,
    },
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    files: ['dist'],
    exports: { '.': at('index'), './testing': at('testing'), './package.json': './package.json' },
    publishConfig: { access: 'public' },
    ...more,
  };
}

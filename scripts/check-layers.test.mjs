import { afterEach, describe, expect, it } from 'vitest';
import { checkLayers } from './check-layers.mjs';
import { makeTree, manifestOf } from './lib/tree.mjs';

const LAYERS = { base: [], left: ['base'], right: ['base'], testkit: ['base'], tap: ['base'] };
const ON_BASE = { dependencies: { '@stack/base': '^1.2.3' } };

let release = () => {};
afterEach(() => release());

/** The faults of a healthy tree of three packages and an app, with `changes` laid over it. */
function faultsOf(changes = {}) {
  const healthy = {
    'package.json': {
      license: 'MIT',
      engines: { node: '>=20.19' },
      devDependencies: { vitest: '5.0.0', 'fast-check': '4.0.0' },
    },
    LICENSE: 'MIT',
    'packages/base/src/index.ts': 'export const one = 1;',
    'packages/left/src/index.ts': `import { one } from '@stack/base';\nexport { one };`,
    'packages/right/src/index.ts': `export type { one } from '@stack/base';`,
    'apps/demo/src/cli.ts': `import fs from 'node:fs';\nimport * as left from '@stack/left';`,
    'apps/demo/package.json': {
      name: '@stack/demo',
      private: true,
      dependencies: { '@stack/left': '^1.2.3' },
      devDependencies: { '@types/node': '24.0.0' },
    },
  };
  for (const folder of ['base', 'left', 'right']) {
    healthy[`packages/${folder}/package.json`] = manifestOf(folder, folder === 'base' ? {} : ON_BASE);
    healthy[`packages/${folder}/README.md`] = '# readme';
    healthy[`packages/${folder}/LICENSE`] = 'MIT';
  }
  const tree = makeTree({ ...healthy, ...changes });
  release = tree.release;
  return checkLayers(tree.root, LAYERS, {});
}

describe('check-layers', () => {
  it('has nothing to say about a healthy tree', () => {
    expect(faultsOf()).toEqual([]);
  });

  const LEFT = 'packages/left/src/index.ts';
  const USE = `import '@stack/base';\n`;
  it.each([
    ['a sibling', LEFT, `${USE}import { one } from '@stack/right';`, 'no arrow from left to right'],
    ['a sibling’s types', LEFT, `${USE}import type { one } from '@stack/right';`, 'no arrow'],
    ['a sibling, re-exported', LEFT, `${USE}export { one } from '@stack/right';`, 'no arrow'],
    ['a sibling, dynamically', LEFT, `${USE}export const x = import('@stack/right');`, 'no arrow'],
    ['a sibling in a type', LEFT, `${USE}export type X = import('@stack/right').X;`, 'no arrow'],
    ['a sibling in a test', 'packages/left/src/a.test.ts', `import '@stack/right';`, 'no arrow'],
    ['a layer above', 'packages/base/src/index.ts', `import '@stack/left';`, 'no arrow from base to left'],
    ['an app', LEFT, `${USE}import '@stack/demo';`, 'imports the app'],
    ['a package that is not there', LEFT, `${USE}import '@stack/none';`, 'does not exist'],
    ['a deep path', LEFT, `${USE}import '@stack/base/dist/index.js';`, 'does not export'],
    ['another package’s file', LEFT, `${USE}import '../../base/src/index.ts';`, 'outside its package'],
    ['its own package by name', LEFT, `${USE}import '@stack/left/testing';`, 'by name'],
    ['Node', LEFT, `${USE}import fs from 'node:fs';`, `Node's modules`],
    ['Node without its prefix', LEFT, `${USE}import fs from 'fs/promises';`, `Node's modules`],
    ['Node’s types', LEFT, `/// <reference types="node" />\n${USE}`, `Node's modules`],
    ['Node in a test', 'packages/left/src/a.test.ts', `import fs from 'node:fs';`, `Node's modules`],
    ['a stranger', LEFT, `${USE}import 'lodash';`, 'may not depend on'],
    ['a stranger, required', LEFT, `${USE}require('lodash');`, 'may not depend on'],
    ['a name made at run time', LEFT, `${USE}import('a' + 'b');`, 'not a literal'],
    ['fast-check outside ./testing', LEFT, `${USE}import 'fast-check';`, 'may not depend on'],
    ['its testing helpers', LEFT, `${USE}import './testing.ts';`, 'for tests'],
    ['what tests share', LEFT, `${USE}import './fixture.ts';`, 'a test'],
    ['a test', LEFT, `${USE}import './a.test.ts';`, 'a test'],
    ['the engine from the codec', LEFT, `${USE}import './engine/index.ts';`, 'never the reverse'],
    [
      'undeclared, for the app',
      'apps/demo/src/cli.ts',
      `import '@stack/left'; import 'citty';`,
      'undeclared',
    ],
  ])('refuses %s', (_name, file, text, sentence) => {
    const faults = faultsOf({ [file]: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(sentence);
    expect(faults[0]).toContain(`${file}:`);
  });

  it.each([
    ['engine to codec', 'packages/left/src/engine/state.ts', `import '../index.ts';`],
    ['Node in ./cli', 'packages/left/src/cli.ts', `import fs from 'node:fs';`],
    ['Node in ./node', 'packages/left/src/node.ts', `import fs from 'node:fs';`],
    ['a test of the engine', 'packages/left/src/x.test.ts', `import './engine/state.ts'; import 'vitest';`],
    ['vitest in what tests share', 'packages/left/src/fixture.ts', `import 'vitest';`],
    ['fast-check in a test', 'packages/left/src/x.prop.test.ts', `import 'fast-check';`],
    ['itself by name in a test', 'packages/left/src/x.test.ts', `import '@stack/left/testing';`],
    [
      'a word in a comment',
      'packages/left/src/x.ts',
      `// import '@stack/right'\nexport const x = "from 'fs'";`,
    ],
  ])('lets pass %s', (_name, file, text) => {
    expect(faultsOf({ [file]: text })).toEqual([]);
  });

  const manifest = (more) => ({ 'packages/left/package.json': manifestOf('left', { ...ON_BASE, ...more }) });
  it.each([
    ['a dependency nobody declared', manifest({ dependencies: {} }), 'imports @stack/base undeclared'],
    [
      'a development dependency used at run time',
      manifest({ dependencies: {}, devDependencies: { '@stack/base': '^1.2.3' } }),
      'imports @stack/base undeclared',
    ],
    [
      'a dependency nobody uses',
      manifest({ dependencies: { '@stack/base': '^1.2.3', lodash: '^4.0.0' } }),
      'declares lodash, which nothing imports',
    ],
    ['a wrong range', manifest({ dependencies: { '@stack/base': '^1.2.2' } }), 'must be "^1.2.3"'],
    ['any version', manifest({ dependencies: { '@stack/base': '*' } }), 'must be "^1.2.3"'],
    ['a loose tool', manifest({ devDependencies: { vitest: '^5.0.0' } }), 'must be pinned exactly'],
    ['a folder of another name', manifest({ name: '@stack/links' }), 'name must be "@stack/left"'],
    ['no repository', manifest({ repository: undefined }), 'repository.url must be'],
    ['no files', manifest({ files: undefined }), 'files.0 must be'],
    ['another license text', { 'packages/left/LICENSE': 'GPL' }, `LICENSE is not the root's`],
    ['a package outside the table', { 'packages/new/package.json': manifestOf('new') }, 'has no row'],
  ])('refuses %s', (_name, changes, sentence) => {
    expect(faultsOf(changes).join('\n')).toContain(sentence);
  });

  it('finds a cycle through development dependencies', () => {
    const faults = faultsOf({
      'packages/testkit/package.json': manifestOf('testkit', { ...ON_BASE, private: true }),
      'packages/testkit/src/index.ts': `import '@stack/base';`,
      'packages/base/src/a.test.ts': `import '@stack/testkit';`,
      'packages/base/package.json': manifestOf('base', { devDependencies: { '@stack/testkit': '^1.2.3' } }),
    });
    expect(faults).toEqual(['packages: cycle base → testkit → base']);
  });

  it('refuses a public package that needs a private one', () => {
    const faults = faultsOf({
      'packages/testkit/package.json': manifestOf('testkit', { ...ON_BASE, private: true }),
      'packages/testkit/src/index.ts': `import '@stack/base';`,
      ...manifest({ dependencies: { '@stack/base': '^1.2.3', '@stack/testkit': '^1.2.3' } }),
      'packages/left/src/index.ts': `import '@stack/base'; import '@stack/testkit';`,
    });
    expect(faults.join('\n')).toContain('no arrow from left to testkit');
    expect(faults.join('\n')).toContain('which is never published');
  });
});

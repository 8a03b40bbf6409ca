import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTarballs } from './check-tarballs.mjs';
import { makeTree, manifestOf } from './lib/tree.mjs';

/** A built package: its files, and `faulty` laid over them. */
function built(folder, faulty = {}) {
  const { manifest = {}, ...files } = faulty;
  const whole = manifestOf(folder, manifest);
  const exports = { '.': whole.exports['.'], './package.json': './package.json' };
  const healthy = {
    'package.json': { exports, ...whole, ...(manifest.exports ? {} : { exports }) },
    LICENSE: 'MIT',
    'README.md': `\`\`\`ts\nimport { one } from '@stack/${folder}';\none; // => 1\n\`\`\`\n`,
    'dist/index.js': 'export const one = 1;\n',
    'dist/index.d.ts': 'export declare const one: number;\n',
  };
  return Object.fromEntries(
    Object.entries({ ...healthy, ...files }).map(([file, text]) => [`packages/${folder}/${file}`, text]),
  );
}

let tree;
let result;
beforeAll(async () => {
  tree = makeTree({
    'package.json': { name: 'made-up', private: true, workspaces: ['packages/*'] },
    ...built('good'),
    ...built('user', {
      manifest: { dependencies: { '@stack/good': '^1.2.3' } },
      'dist/index.js': `export { one } from '@stack/good';\n`,
    }),
    ...built('leaky', { 'dist/index.js': `export { one } from '@stack/good';\n` }),
    ...built('hole', { 'dist/index.d.ts': `export { one } from './types.js';\n` }),
    ...built('lost', { manifest: { exports: manifestOf('lost').exports } }),
    ...built('node', { 'dist/index.js': `import 'node:fs';\nexport const one = 1;\n` }),
    ...built('tap', {
      manifest: {
        devDependencies: { '@types/node': '24.19.2' },
        optionalDependencies: { 'no-such-thing': '1.0.0' },
      },
      'dist/index.js': `import 'node:fs';\nexport const one = 1;\n`,
      'dist/index.d.ts': `import type { Socket } from 'node:net';\nexport declare const one: number, two: Socket;\n`,
    }),
    ...built('both', {
      manifest: {
        devDependencies: { '@types/node': '24.19.2' },
        exports: {
          '.': manifestOf('both').exports['.'],
          './node': { types: './dist/node.d.ts', default: './dist/node.js' },
          './package.json': './package.json',
        },
      },
      'dist/node.js': `import 'node:fs';\nexport const two = 2;\n`,
      'dist/node.d.ts': `import type { Socket } from 'node:net';\nexport declare const two: Socket;\n`,
    }),
    ...built('loud', { 'dist/index.js': `console.log('hello');\nexport const one = 1;\n` }),
    ...built('fat', { manifest: { files: ['dist', 'src'] }, 'src/index.test.ts': '' }),
    ...built('wrong', { 'dist/index.js': 'export const one = 2;\n' }),
    ...built('mute', { 'README.md': '# nothing to run' }),
  });
  result = await checkTarballs(tree.root);
}, 180_000);
afterAll(() => tree.release());

const faultsOf = (folder) => result.faults.filter((fault) => fault.startsWith(`@stack/${folder}:`));

describe('the packed packages', () => {
  it.each(['good', 'user'])('of %s are faultless', (folder) => {
    expect(faultsOf(folder)).toEqual([]);
    expect(result.sizes.find(({ name }) => name === `@stack/${folder}`).min).toBeGreaterThan(0);
  });

  it('may be for Node alone, and do without what is optional', () => {
    expect(faultsOf('tap')).toEqual([]);
    expect(result.sizes.filter(({ name }) => name === '@stack/tap')).toEqual([]);
  });

  it('may have a part for Node', () => {
    expect(faultsOf('both')).toEqual([]);
    expect(result.sizes.map(({ name }) => name).filter((name) => /both/.test(name))).toEqual(['@stack/both']);
  });

  it.each([
    ['leaky', 'Node 20', `Cannot find package '@stack/good'`],
    ['leaky', 'Node 24', `Cannot find package '@stack/good'`],
    ['hole', 'types', 'InternalResolutionError'],
    ['hole', 'example', `Cannot find module './types.js'`],
    ['lost', 'publint', 'dist/testing.js but the file does not exist'],
    ['lost', 'Node 20', 'dist/testing.js'],
    ['node', 'browser bundle', 'Could not resolve "node:fs"'],
    ['loud', 'browser bundle', 'console is not defined'],
    ['fat', 'contents', 'packs src/index.test.ts'],
    ['wrong', 'Node 20', 'line 2 of the example'],
    ['mute', 'example', 'promises nothing'],
  ])('of %s fail at %s', (folder, step, message) => {
    const faults = faultsOf(folder).filter((fault) => fault.includes(`: ${step}`));
    expect(faults).toContainEqual(expect.stringContaining(message));
  });
});

/** Our own lint rules say no, and say it where they should. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTree } from './lib/tree.mjs';

const root = join(import.meta.dirname, '..');
const SOURCE = 'packages/tcp/src/one.ts';
const TEST = 'packages/tcp/src/one.test.ts';
const APP = 'apps/demo/src/one.ts';

const REFUSED = [
  ['Math.pow', SOURCE, 'export const x: number = Math.pow(2, 3);', 'Differs between engines'],
  ['Math.log2', SOURCE, 'export const x: number = Math.log2(3);', 'Differs between engines'],
  ['Math.random', SOURCE, 'export const x: number = Math.random();', 'Differs between engines'],
  ['Math.random in a test', TEST, 'it("x", () => Math.random());', 'Differs between engines'],
  ['Math in brackets', SOURCE, `export const x: number = Math['log'](3);`, 'literal'],
  [
    'Math by another name',
    SOURCE,
    'const { pow } = Math;\nexport const x: number = pow(2, 3);',
    'Write Math',
  ],
  ['a power', SOURCE, 'export const f = (n: number): number => 2 ** n;', 'may round'],
  ['Date', SOURCE, 'export const x: number = Date.now();', 'Date'],
  ['console', SOURCE, `console.log('x');`, 'console'],
  ['export *', SOURCE, `export * from './header.ts';`, 'export'],
  ['an enum', SOURCE, 'export enum X {\n  A,\n}', 'enum'],
  ['an unused import', SOURCE, `import { x } from './x.ts';\n`, 'unused'],
  ['a focused test', TEST, `it.only('x', () => {});`, 'focus'],
  ['a skipped test', TEST, `it.skip('x', () => {});`, 'disable'],
];
const ACCEPTED = [
  ['exact arithmetic', SOURCE, 'export const x: number = Math.sqrt(4) + Math.imul(2, 3) + 2 ** 32;'],
  ['a power of big integers', SOURCE, 'export const f = (n: number): bigint => 10n ** BigInt(n);'],
  ['the clock in an app', APP, 'export const x: number = Date.now();'],
  ['console in an app', APP, `console.log('x');`],
];

let tree;
let said;
beforeAll(() => {
  const kept = ['biome.json', '.gitignore', 'scripts/exact-math.grit'];
  const files = Object.fromEntries(kept.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  for (const [name, path, text] of [...REFUSED, ...ACCEPTED]) files[placeOf(name, path)] = `${text}\n`;
  tree = makeTree(files);
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const options = ['lint', '--reporter=github', '--max-diagnostics=none', 'packages', 'apps'];
  const { stdout } = spawnSync(process.execPath, [biome, ...options], { cwd: tree.root, encoding: 'utf8' });
  said = stdout.split('\n').filter((line) => /^::(error|warning)/.test(line));
});
afterAll(() => tree.release());

/** Each case is a file of its own: `packages/tcp/src/Math.pow/one.ts`. */
const placeOf = (name, path) => path.replace('src/', `src/${name.replace(/\W+/g, '-')}/`);
const aboutCase = (name, path) => said.filter((line) => line.includes(`${placeOf(name, path)},`));

describe('the linter', () => {
  it.each(REFUSED)('refuses %s', (name, path, _text, word) => {
    expect(aboutCase(name, path)).toContainEqual(
      expect.stringMatching(new RegExp(`^::error .*${word}`, 'i')),
    );
  });

  it.each(ACCEPTED)('lets pass %s', (name, path) => {
    expect(aboutCase(name, path)).toEqual([]);
  });
});

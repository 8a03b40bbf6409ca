/**
 * One suite for the whole repository. `@stack/*` resolves to sources, so a test never sees a stale build; the built form is
 * what the packed-tarball checks run.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { examples, toModule } from './scripts/lib/snippet.mjs';
import { readWorkspaces, specifier, subpaths } from './scripts/lib/workspace.mjs';

const root = import.meta.dirname;

/** Every subpath of every package, mapped from its built file to its source. */
const sources = readWorkspaces(root).flatMap(({ path, manifest }) =>
  subpaths(manifest).map((subpath) => ({
    find: new RegExp(`^${specifier(manifest, subpath)}$`),
    replacement: join(
      root,
      path,
      manifest.exports[subpath].default.replace('./dist/', 'src/').replace(/js$/, 'ts'),
    ),
  })),
);

/** `README.md?example=0` is its first example, as a module that checks itself. */
const readmeExamples = {
  name: 'readme-examples',
  load(id: string) {
    const [, page, index] = /^(.*\.md)\?example=(\d+)$/.exec(id) ?? [];
    if (page === undefined) return undefined;
    return toModule(examples(readFileSync(page, 'utf8'))[Number(index)] ?? '');
  },
};

/** Tests that touch nothing but what they import: their files share processes, and what those have loaded and compiled. */
const ofPackages = ['packages/*/src/**/*.test.ts'];
const ofPrograms = ['apps/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.{mjs,ts}'];
/** Tests that talk to the kernel and its programs, or go by its clock: to those belongs a core. */
const inRealTime = [
  'packages/tap/src/**/*.test.ts',
  'packages/host/src/clock/real-clock.test.ts',
  'apps/{bench,interop}/test/*.test.ts',
  'apps/demo/test/tap*.test.ts',
];

export default defineConfig({
  plugins: [readmeExamples],
  resolve: { alias: sources },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'virtual time',
          include: ofPackages,
          exclude: ['**/node_modules/**', ...inRealTime],
          isolate: false,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: ofPrograms,
          exclude: ['**/node_modules/**', ...inRealTime],
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real time',
          include: inRealTime,
          maxWorkers: Math.max(1, availableParallelism() - 1),
          sequence: { groupOrder: 1 },
        },
      },
    ],
    setupFiles: ['./scripts/vitest-setup.mjs'],
    reporters: ['default', './scripts/vitest-counts.mjs'],
    testTimeout: 60_000,
  },
});

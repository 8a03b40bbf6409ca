/**
 * One suite for the whole repository. `@stack/*` resolves to sources, so a test never sees a stale build; the built form is
 * what the packed-tarball checks run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

interface Manifest {
  name: string;
  exports?: Record<string, string | { default: string }>;
}

/** Every subpath of every package, mapped from its built file to its source. */
function sources(): { find: RegExp; replacement: string }[] {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest;
    return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) =>
      typeof target === 'string'
        ? []
        : [
            {
              find: new RegExp(`^${manifest.name}${subpath.slice(1)}$`),
              replacement: join(root, 'packages', folder, target.default.replace('dist', 'src').replace(/js$/, 'ts')),
            },
          ],
    );
  });
}

export default defineConfig({
  resolve: { alias: sources() },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.mjs'],
    setupFiles: ['./scripts/vitest-setup.mjs'],
    reporters: ['default', './scripts/vitest-counts.mjs'],
    testTimeout: 60_000,
  },
});

/**
 * The one build configuration. tsup runs in a package's folder; what to build is read from its `exports` (and `bin`), so a
 * subpath exists exactly where package.json says it does.
 */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

interface Manifest {
  exports?: Record<string, string | { default: string }>;
  bin?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const targets = [
  ...Object.values(manifest.exports ?? {}).map((target) =>
    typeof target === 'string' ? target : target.default,
  ),
  ...Object.values(manifest.bin ?? {}),
];
const entry = targets
  .filter((target) => target.startsWith('./dist/'))
  .map((target) => target.replace('./dist/', 'src/').replace(/\.js$/, '.ts'));

export default defineConfig({
  entry: [...new Set(entry)],
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  dts: manifest.exports !== undefined,
  sourcemap: true,
  treeshake: true,
  // Constants of files without imports are put where they are used: V8 else loads and checks a module binding at every field.
  esbuildOptions: (options) => {
    options.minifySyntax = true;
  },
  splitting: true,
  silent: true,
  external: [/^node:/, ...Object.keys(manifest.optionalDependencies ?? {})],
});

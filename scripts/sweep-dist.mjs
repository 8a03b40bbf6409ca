/**
 * Runs in a package's folder after its build and deletes what an older build left in dist. (tsup's own `clean` would empty
 * dist first, under the eyes of whoever is reading it.)
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = [manifest.exports ?? {}, manifest.bin ?? {}]
  .flatMap((targets) => Object.values(targets))
  .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
  .map((target) => join(target))
  .filter((file) => file.startsWith('dist'));

const reached = new Set();
for (const queue = [...entries]; queue.length > 0; ) {
  const file = queue.pop();
  if (reached.has(file) || !existsSync(file)) continue;
  reached.add(file);
  const declares = file.endsWith('.d.ts');
  for (const [, target] of readFileSync(file, 'utf8').matchAll(/['"](\.\.?\/[^'"\n]+)['"]/g)) {
    const imported = join(dirname(file), target);
    queue.push(declares ? imported.replace(/\.js$/, '.d.ts') : imported);
  }
}
for (const missing of entries.filter((entry) => !reached.has(entry))) {
  console.error(`${manifest.name}: ${missing} is promised by package.json and was not built`);
  process.exitCode = 1;
}
for (const name of existsSync('dist') ? readdirSync('dist', { recursive: true }) : []) {
  const file = join('dist', name);
  if (/\.(js|ts|map)$/.test(file) && !reached.has(file.replace(/\.map$/, ''))) rmSync(file);
}

/**
 * Says whether a branch that changes what users get also tells them: a change in a public package's sources needs a new
 * file in .changeset.
 *
 *     npm run check-changeset -- origin/main
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readWorkspaces } from './lib/workspace.mjs';

/**
 * The public packages that changed since `base` left the branch, without a changeset.
 * @returns {string[]} their folders; empty when there is nothing to tell, or a changeset tells it.
 */
export function untold(root, base) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  const names = (...args) => git('diff', '--name-only', ...args, `${base}...HEAD`).split('\n');
  const told = names('--diff-filter=A').some((file) => /^\.changeset\/(?!README).+\.md$/.test(file));
  if (told) return [];
  const changed = names().filter((file) => /\/src\/.*(?<!\.test)(?<!\.bench)\.ts$/.test(file));
  return readWorkspaces(root)
    .filter(({ manifest }) => !manifest.private)
    .map(({ path }) => path)
    .filter((path) => changed.some((file) => file.startsWith(`${path}/src/`)));
}

if (import.meta.main) {
  const base = process.argv[2] ?? 'main';
  const folders = untold(join(import.meta.dirname, '..'), base);
  for (const folder of folders) console.error(`${folder} changed since ${base}: run "npm run changeset"`);
  if (folders.length > 0) process.exitCode = 1;
}

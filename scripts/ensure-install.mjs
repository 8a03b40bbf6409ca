/**
 * Makes `npm start` and `npm test` self-contained: installs what the lockfile names when node_modules is missing or was
 * installed from another one, then makes sure that `node` on the scripts' PATH is the pinned Node. Runs before anything is
 * installed, on the machine's own Node, so it uses Node's own modules alone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const windows = process.platform === 'win32';
const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
const hidden = join(root, 'node_modules/.package-lock.json');
const stamp = join(root, 'node_modules/.installed');
const node = join(root, 'node_modules/.bin/node');

/** '' where there is no such file. */
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/**
 * What the lockfile asks for and what npm says is installed, as one number. Times would not do: `--package-lock-only` renews
 * both files and installs nothing.
 */
const state = () =>
  createHash('sha256')
    .update(read(join(root, 'package-lock.json')))
    .update(read(hidden))
    .digest('hex');

/** Says in one line what went wrong, and ends with `code`. */
function fail(message, code) {
  console.error(`install: ${message}`);
  process.exit(code);
}

/** Runs npm; its own error messages are shown, nothing else. */
function npm(...args) {
  const { status, error } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: windows,
  });
  if (error) fail(`npm does not start: ${error.message}`, 1);
  if (status !== 0) fail(`npm ${args[0]} failed with exit code ${status}`, status ?? 1);
}

/** Whether `node_modules/.bin/node` is the Node that package.json pins. */
const isPinned = () =>
  spawnSync(node, ['--version'], { encoding: 'utf8', shell: windows }).stdout?.trim() === `v${pinned}`;

if (read(stamp) !== state()) {
  console.error('install: npm packages, once (about 20 s) …');
  rmSync(hidden, { force: true }); // npm believes it; without it npm looks at what is there
  npm('install', '--no-save');
  writeFileSync(stamp, state());
}
if (!isPinned()) {
  // node-20 has a bin of the same name and takes the link over when it alone is updated.
  for (const name of [node, `${node}.cmd`, `${node}.ps1`]) rmSync(name, { force: true });
  npm('rebuild', 'node');
  if (!isPinned())
    fail(
      `node_modules/.bin/node is not Node ${pinned}; are install scripts switched off (ignore-scripts)?`,
      1,
    );
}

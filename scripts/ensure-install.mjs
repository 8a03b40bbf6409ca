/**
 * Makes `npm start` and `npm test` self-contained: installs what the lockfile names when node_modules is missing or older
 * than the lockfile, then makes sure that `node` on the scripts' PATH is the pinned Node. Runs before anything is
 * installed, on the machine's own Node, so it uses Node's own modules alone.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const windows = process.platform === 'win32';
const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
const stamp = join(root, 'node_modules/.package-lock.json');
const node = join(root, 'node_modules/.bin/node');

/** Modification time in ms; 0 where there is no such file. */
const mtime = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

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

if (mtime(stamp) === 0 || mtime(stamp) < mtime(join(root, 'package-lock.json'))) {
  console.error('install: npm packages, once (about 20 s) …');
  npm('install', '--no-save');
  utimesSync(stamp, new Date(), new Date()); // npm leaves it alone when nothing changed
}
if (!isPinned()) {
  // node-20 has a bin of the same name and takes the link over when it alone is updated.
  for (const name of [node, `${node}.cmd`, `${node}.ps1`]) rmSync(name, { force: true });
  npm('rebuild', 'node');
  if (!isPinned())
    fail(`node_modules/.bin/node is not Node ${pinned}; are install scripts switched off (ignore-scripts)?`, 1);
}

/**
 * Checks what users get: packs every public package, lints the tarball, installs it with its @stack closure into an empty
 * project outside the repository, and there type-checks, runs (Node 20 and 24) and bundles it for a browser. Optional
 * dependencies are left out. What is for Node alone, a package or a ./node, is not bundled, and may have Node's types.
 *
 *     npm run tarballs      a table of bundle sizes; then one line per fault, exit 1
 *
 * Asks for built packages, and for the network only where npm's cache lacks fast-check.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { NODE_PACKAGES } from './check-layers.mjs';
import { bundleSizes } from './lib/bundle.mjs';
import { typeFaults } from './lib/consumer-types.mjs';
import { resolutionFaults } from './lib/resolved-types.mjs';
import { firstBlock, toModule } from './lib/snippet.mjs';
import { closure, readJson, readWorkspaces, specifier, subpaths } from './lib/workspace.mjs';

const here = import.meta.dirname;
const tools = join(here, '../node_modules');
const NODES = { 20: join(tools, 'node-20/bin/node'), 24: join(tools, 'node/bin/node') };
const PACKED = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts|js\.map))$/;

/**
 * Checks every public package of the repository at `root`.
 * @returns {Promise<{ faults: string[], sizes: { name: string, min: number, gzip: number }[] }>}
 */
export async function checkTarballs(root) {
  const workspaces = readWorkspaces(root);
  const published = workspaces.filter(({ isApp, manifest }) => !isApp && !manifest.private);
  const scratch = mkdtempSync(join(tmpdir(), 'stack-tarballs-'));
  try {
    const tarballs = await pack(root, published, scratch);
    const results = await inParallel(published, (workspace) =>
      checkPackage(root, workspace, closure(workspace, published), tarballs, scratch),
    );
    return { faults: results.flatMap(({ faults }) => faults), sizes: results.flatMap(({ sizes }) => sizes) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Packs all packages at once; name → { file, contents }. */
async function pack(root, published, scratch) {
  const folders = published.flatMap(({ path }) => ['--workspace', path]);
  const { stdout } = await run('npm', ['pack', ...folders, '--json', '--pack-destination', scratch], root);
  const packed = Object.values(JSON.parse(stdout));
  return new Map(
    packed.map(({ name, filename, files }) => [
      name,
      { file: join(scratch, filename), contents: files.map(({ path }) => path) },
    ]),
  );
}

/** Everything about one package; a step that fails does not hide the next ones. */
async function checkPackage(root, { folder, path, manifest }, needs, tarballs, scratch) {
  const { file, contents } = tarballs.get(manifest.name);
  const project = join(scratch, 'projects', folder);
  const isForNode = NODE_PACKAGES.includes(folder);
  const hasNodePart = subpaths(manifest).includes('./node');
  const faults = [];
  const sizes = [];
  const step = async (name, check) => {
    try {
      for (const fault of await check()) faults.push(`${manifest.name}: ${name}: ${fault}`);
    } catch (error) {
      faults.push(`${manifest.name}: ${name}: ${gist(error)}`);
    }
  };

  await step('contents', () => contents.filter((path) => !PACKED.test(path)).map((path) => `packs ${path}`));
  await step('publint', () => lint(file));
  await step('types', () => resolutionFaults(file));
  await step('install', async () => {
    await install(project, [
      ...needs.map((need) => tarballs.get(need.manifest.name).file),
      ...peers(manifest),
      ...(isForNode || hasNodePart ? [nodeTypes(manifest)] : []),
    ]);
    return [];
  });
  await step('example', () => {
    const block = firstBlock(readFileSync(join(root, path, 'README.md'), 'utf8')) ?? '';
    writeFileSync(join(project, 'example.mjs'), toModule(block));
    const kinds = [...(isForNode ? [] : [[]]), ...(isForNode || hasNodePart ? [['node']] : [])];
    return kinds.flatMap((types) => typeFaults(project, manifest, block, types));
  });
  writeFileSync(join(project, 'round-trip.mjs'), readFileSync(join(here, 'lib/round-trip.mjs')));
  const modules = subpaths(manifest).map((subpath) => specifier(manifest, subpath));
  for (const [version, node] of Object.entries(NODES)) {
    await step(`Node ${version}`, async () => {
      await run(node, ['round-trip.mjs', ...modules], project);
      return [];
    });
  }
  const forBrowsers = subpaths(manifest).filter(
    (subpath) => !isForNode && !/^\.\/(testing|cli|node)$/.test(subpath),
  );
  for (const subpath of forBrowsers) {
    const module = specifier(manifest, subpath);
    await step(`browser bundle of ${module}`, async () => {
      sizes.push({ name: module, ...(await bundleSizes(project, module)) });
      return [];
    });
  }
  return { faults, sizes };
}

/** What went wrong, without the stack and the source that Node prints around it. */
function gist({ stderr, stdout, message }) {
  const lines = (stderr || stdout || message).trim().split('\n');
  const start = Math.max(
    0,
    lines.findIndex((line) => /^\w*Error\b/.test(line)),
  );
  const end = lines.findIndex((line, index) => index > start && /^ {4}at /.test(line));
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** publint's messages, suggestions included. */
async function lint(file) {
  const tarball = new Uint8Array(readFileSync(file)).buffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }));
}

/** An empty project with the given packages and nothing else, made by one `npm install`. */
async function install(project, packages) {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', '--ignore-scripts'];
  await run('npm', ['install', ...quiet, '--omit=optional', ...packages], project);
}

/** The optional peers that ./testing needs, in the version the repository pins. */
function peers(manifest) {
  const pinned = readJson(join(here, '../package.json')).devDependencies;
  return Object.keys(manifest.peerDependencies ?? {}).map((name) => `${name}@${pinned[name]}`);
}

/** Node's types, in the version the package itself is checked with. */
function nodeTypes(manifest) {
  return `@types/node@${manifest.devDependencies['@types/node']}`;
}

/** Runs a program; npm gets no trace of the npm that runs us, which would name our folder as its project. */
function run(program, args, cwd) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|INIT_CWD)/i.test(name),
  );
  const env = { ...Object.fromEntries(inherited), npm_config_local_prefix: undefined };
  return promisify(execFile)(program, args, { cwd, env, shell: process.platform === 'win32' });
}

/** Maps, as many at a time as there are processors. */
async function inParallel(items, map) {
  const results = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

if (import.meta.main) {
  const { faults, sizes } = await checkTarballs(join(here, '..'));
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10);
  console.log(`${'bundled for a browser, with its @stack closure'.padEnd(48)}  minified   gzipped`);
  for (const { name, min, gzip } of sizes) console.log(`${name.padEnd(48)}${kib(min)}${kib(gzip)}`);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

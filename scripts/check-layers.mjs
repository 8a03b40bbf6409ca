/**
 * Holds the arrows of ARCHITECTURE.md: who may import whom. Reads every import of packages/ and apps/ and compares it with
 * the table below, with what package.json declares and with what `exports` offers; then looks at each package.json itself.
 *
 *     npm run layers        one line per fault: file:line, what is wrong; exit 1
 */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { findImports } from './lib/imports.mjs';
import { checkManifest } from './lib/manifest.mjs';
import { readJson, readWorkspaces, specifier, subpaths } from './lib/workspace.mjs';

const CODECS = ['ethernet', 'arp', 'ipv4', 'ipv6', 'icmp', 'udp', 'tcp'];
const GENERIC = ['neigh', 'routing', 'sysctl'];

/**
 * The layer table: package → the @stack packages it may import. A package without a row is a fault; a row without a
 * package is only a plan. Apps may import any package, and nothing imports an app.
 * @type {Record<string, string[]>}
 */
export const LAYERS = {
  skbuff: [],
  ...Object.fromEntries([...CODECS, 'nic-sim', 'qdisc', 'pcap', 'tap'].map((name) => [name, ['skbuff']])),
  ...Object.fromEntries(GENERIC.map((name) => [name, []])),
  socket: [],
  host: ['skbuff', 'socket', 'qdisc', 'nic-sim', ...GENERIC, ...CODECS],
  trace: ['skbuff', ...CODECS],
  // Drives a host, builds and reads its packets, and speaks its sockets' constants.
  packetdrill: ['host', 'skbuff', 'socket', 'sysctl', 'ipv4', 'icmp', 'udp', 'tcp'],
  // Scripts about what the RFCs ask, and their table.
  conformance: ['packetdrill'],
  testkit: ['skbuff'],
};

/** Packages from elsewhere that a package may use at run time; adding one needs a decision record in docs/adr. */
export const FOREIGN = { host: ['@noble/hashes', '@noble/ciphers'], tap: ['koffi'], testkit: ['fast-check'] };

/** Packages that may use Node's modules outside their ./cli and ./node subpaths. */
export const NODE_PACKAGES = ['tap', 'testkit', 'conformance'];

/** What tests use from the root's devDependencies. */
const TEST_TOOLS = ['vitest', 'fast-check', 'mitata'];

const isTest = (file) => /^test\/|\.(test|test-d|bench)\.ts$|(\/|\.)fixture\.ts$/.test(file);
const isTesting = (file) => /^src\/testing([./-]|$)/.test(file);
const isEngine = (file) => /^src\/engine[./]/.test(file);
const isForNode = (file) => /^src\/(cli|node)[./-]/.test(file);

/**
 * Checks the tree below `root`.
 * @returns {string[]} the faults, `path:line: sentence`; empty when all is well.
 */
export function checkLayers(root, layers = LAYERS, foreign = FOREIGN) {
  const workspaces = readWorkspaces(root);
  const byName = new Map(workspaces.map((workspace) => [workspace.manifest.name, workspace]));
  const rootManifest = readJson(join(root, 'package.json'));
  const faults = [];
  if (workspaces.length === 0) faults.push('packages: no package found');
  for (const workspace of workspaces) {
    const { folder, path, isApp, manifest } = workspace;
    if (!isApp && !layers[folder]) {
      faults.push(`${path}: has no row in the layer table of scripts/check-layers.mjs`);
    }
    faults.push(...checkManifest(root, workspace, byName, rootManifest));

    /** Packages that some file imports; the value: whether a file that is not a test does. */
    const used = new Map();
    for (const file of workspace.files) {
      const text = readFileSync(join(root, path, file), 'utf8');
      for (const { target, line, isRequire } of findImports(file, text)) {
        const elsewhere = isApp && isRequire; // made by createRequire, for a folder of its own
        const sentence = judge(workspace, file, target, { byName, layers, foreign, rootManifest });
        if (sentence && !elsewhere) faults.push(`${path}/${file}:${line}: ${sentence}`);
        const name = packageName(target);
        if (name) used.set(name, used.get(name) || !isTest(file));
      }
    }
    faults.push(...unused(manifest, used, isApp).map((sentence) => `${path}/package.json: ${sentence}`));
  }
  faults.push(...cycles(workspaces, byName).map((cycle) => `packages: cycle ${cycle.join(' → ')}`));
  return faults;
}

/** Why `file` of `workspace` may not import `target`; undefined if it may. */
function judge(workspace, file, target, { byName, layers, foreign, rootManifest }) {
  const { folder, isApp, manifest } = workspace;
  if (target === '') return 'imports a module whose name is not a literal';
  if (target.startsWith('.')) return judgeRelative(file, target);

  const name = packageName(target);
  if (name === undefined) {
    if (isApp || isForNode(file) || NODE_PACKAGES.includes(folder)) return undefined;
    return `imports ${target}: Node's modules belong to apps, tap and a package's ./cli and ./node`;
  }
  if (name === manifest.name && !isTest(file)) return `imports its own package by name: use a relative path`;

  const imported = byName.get(name);
  if (imported?.isApp) return `imports the app ${name}`;
  if (name.startsWith('@stack/') && !imported) return `imports ${name}, which does not exist`;
  if (imported) {
    if (!subpaths(imported.manifest).some((subpath) => specifier(imported.manifest, subpath) === target)) {
      return `imports ${target}, which ${name} does not export`;
    }
    if (name === manifest.name) return undefined;
    const isTestkit = imported.folder === 'testkit' && isTest(file);
    if (!isApp && !isTestkit && !layers[folder]?.includes(imported.folder)) {
      return `imports ${name}: no arrow from ${folder} to ${imported.folder}`;
    }
  } else if (!isApp && !isTest(file) && !foreign[folder]?.includes(name)) {
    if (name !== 'fast-check' || !isTesting(file))
      return `imports ${name}, which ${folder} may not depend on`;
  }
  return declared(manifest, name, isTest(file), rootManifest) ? undefined : `imports ${name} undeclared`;
}

/** Relative imports stay in their package, and inside it engine → codec and testing → codec point one way. */
function judgeRelative(file, target) {
  const to = posix.join(posix.dirname(file), target);
  if (to.startsWith('..')) return `imports ${target}, outside its package`;
  if (isTest(file)) return undefined;
  if (to.startsWith('test/') || isTest(to)) return `imports ${target}, a test`;
  if (isTesting(to) && !isTesting(file)) return `imports ${target}: testing helpers are for tests`;
  if (isEngine(to) && !isEngine(file))
    return `imports ${target}: an engine may import the codec, never the reverse`;
  return undefined;
}

/** Whether package.json lets a file import `name`. */
function declared(manifest, name, test, rootManifest) {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  if (dependencies?.[name] || optionalDependencies?.[name] || peerDependencies?.[name]) return true;
  if (name === manifest.name) return true;
  if (manifest.private && manifest.devDependencies?.[name]) return true;
  if (!test) return false;
  const fromRoot = TEST_TOOLS.includes(name) && rootManifest.devDependencies?.[name];
  return Boolean(manifest.devDependencies?.[name] || fromRoot);
}

/** Declared dependencies that no file imports. Types of a runtime have no import. */
function unused(manifest, used, isApp) {
  const idle = (names, needsSource) =>
    Object.keys(names ?? {}).filter((name) => (needsSource && !isApp ? !used.get(name) : !used.has(name)));
  return ['dependencies', 'optionalDependencies', 'peerDependencies']
    .flatMap((kind) => idle(manifest[kind], true))
    .concat(idle(manifest.devDependencies, false).filter((name) => !name.startsWith('@types/')))
    .map((name) => `declares ${name}, which nothing imports`);
}

/** Cycles of the declared graph, tests included: turbo could not order their builds. */
function cycles(workspaces, byName) {
  const found = [];
  const done = new Set();
  const visit = (workspace, path) => {
    const start = path.indexOf(workspace.folder);
    if (start >= 0) found.push([...path.slice(start), workspace.folder]);
    if (start >= 0 || done.has(workspace)) return;
    const { dependencies, devDependencies } = workspace.manifest;
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (byName.has(name)) visit(byName.get(name), [...path, workspace.folder]);
    }
    done.add(workspace);
  };
  for (const workspace of workspaces) visit(workspace, []);
  return found;
}

/** `@stack/tcp/testing` → `@stack/tcp`; undefined for a path or one of Node's modules. */
function packageName(target) {
  if (target === '' || target.startsWith('.') || target.startsWith('node:')) return undefined;
  const [scope, name] = target.split('/');
  if (builtinModules.includes(scope) || scope === 'node') return undefined;
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

if (import.meta.main) {
  const faults = checkLayers(join(import.meta.dirname, '..'));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

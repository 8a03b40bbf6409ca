/** What every package.json must say, so that each package can be published on its own and all fit together. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const REPOSITORY = 'git+https://github.com/stack-ts/stack.git';

/**
 * Checks one workspace's package.json and the files that go with it.
 * @returns {string[]} faults, `path: sentence`.
 */
export function checkManifest(root, workspace, byName, rootManifest) {
  const sentences = [...checkRanges(workspace, byName, rootManifest)];
  if (!workspace.isApp) sentences.push(...checkShape(workspace));
  if (!workspace.manifest.private) sentences.push(...checkPublished(root, workspace, rootManifest));
  return sentences.map((sentence) => `${workspace.path}/package.json: ${sentence}`);
}

/** Ours by caret on the version in this tree; what only tools see is pinned exactly. */
function* checkRanges({ manifest }, byName, rootManifest) {
  const kinds = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'];
  for (const kind of kinds) {
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      const ours = byName.get(name);
      if (ours) {
        const wanted = `^${ours.manifest.version}`;
        if (range !== wanted) yield `${name} must be "${wanted}", not "${range}"`;
        if (kind === 'peerDependencies') yield `${name} may not be a peer: a peer forces major versions`;
        if (ours.manifest.private && !manifest.private && kind === 'dependencies') {
          yield `depends on ${name}, which is never published`;
        }
      } else if (
        (manifest.private || kind === 'devDependencies' || kind === 'optionalDependencies') &&
        !/^\d+\.\d+\.\d+$/.test(range)
      ) {
        yield `${name} must be pinned exactly, not "${range}"`;
      }
      const pinned = rootManifest.devDependencies?.[name];
      if (!ours && kind !== 'peerDependencies' && pinned && pinned !== range) {
        yield `${name} is ${range} here and ${pinned} in the root`;
      }
    }
  }
}

function* checkShape({ folder, manifest }) {
  if (manifest.name !== `@stack/${folder}`) yield `name must be "@stack/${folder}"`;
  if (manifest.type !== 'module') yield 'type must be "module"';
  if (manifest.sideEffects !== false) yield 'sideEffects must be false';
  for (const [subpath, target] of Object.entries(manifest.exports ?? { '.': undefined })) {
    if (subpath === './package.json') continue;
    const file = subpath === '.' ? 'index' : subpath.slice(2);
    const wanted = JSON.stringify({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });
    const nested = wanted.replaceAll(`/${file}.`, `/${file}/index.`);
    if (![wanted, nested].includes(JSON.stringify(target))) yield `exports["${subpath}"] must be ${wanted}`;
  }
}

function* checkPublished(root, { path, manifest }, rootManifest) {
  const wanted = {
    license: rootManifest.license,
    'engines.node': rootManifest.engines?.node,
    'repository.url': REPOSITORY,
    'repository.directory': path,
    'publishConfig.access': 'public',
    'files.0': 'dist',
    'exports../package.json': './package.json',
  };
  for (const [field, value] of Object.entries(wanted)) {
    const [outer, ...inner] = field.split('.');
    const actual = inner.length > 0 ? manifest[outer]?.[inner.join('.')] : manifest[outer];
    if (actual !== value) yield `${field} must be "${value}"`;
  }
  if (!manifest.description) yield 'needs a description';
  if (!manifest.keywords?.length) yield 'needs keywords';
  for (const file of ['README.md', 'LICENSE']) {
    if (!existsSync(join(root, path, file))) yield `needs a ${file} beside it`;
  }
  const license = (folder) => readFileSync(join(root, folder, 'LICENSE'), 'utf8');
  if (existsSync(join(root, path, 'LICENSE')) && license(path) !== license('.')) {
    yield `LICENSE is not the root's`;
  }
}

/** Reads the workspace: its packages and apps, their manifests and files. Plain data for the checks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * One workspace folder.
 * @typedef {object} Workspace
 * @property {string} folder  Name of its folder; for packages the name after `@stack/`.
 * @property {string} path  From the repository's root, with `/`: `packages/tcp`.
 * @property {boolean} isApp
 * @property {Record<string, any>} manifest  Its package.json.
 * @property {string[]} files  Its TypeScript sources, from its own folder, with `/`.
 */

/** @returns {Workspace[]} every folder of packages/ and apps/ that has a package.json, by name. */
export function readWorkspaces(root) {
  return ['packages', 'apps'].flatMap((kind) =>
    folders(join(root, kind))
      .filter((folder) => existsSync(join(root, kind, folder, 'package.json')))
      .map((folder) => ({
        folder,
        path: `${kind}/${folder}`,
        isApp: kind === 'apps',
        manifest: readJson(join(root, kind, folder, 'package.json')),
        files: sources(join(root, kind, folder)),
      })),
  );
}

/** The `@stack/*` packages that `workspace` needs at run time, itself first. */
export function closure(workspace, workspaces, found = []) {
  if (found.includes(workspace)) return found;
  found.push(workspace);
  for (const name of Object.keys(workspace.manifest.dependencies ?? {})) {
    const next = workspaces.find((candidate) => candidate.manifest.name === name);
    if (next) closure(next, workspaces, found);
  }
  return found;
}

/** Its subpaths that are code, as written in `exports`: `.`, `./testing`. */
export const subpaths = (manifest) =>
  Object.keys(manifest.exports ?? {}).filter((subpath) => subpath !== './package.json');

/** `@stack/tcp` and `./testing` make `@stack/tcp/testing`. */
export const specifier = (manifest, subpath) => manifest.name + subpath.slice(1);

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

const folders = (path) =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];

/** TypeScript files of a workspace below src/ and test/; what tools made is elsewhere. */
function sources(path) {
  return ['src', 'test']
    .filter((folder) => existsSync(join(path, folder)))
    .flatMap((folder) => readdirSync(join(path, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

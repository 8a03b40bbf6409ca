/**
 * Starts a protocol package: a codec of two fields that already keeps every law, to be turned into yours.
 *
 *     npm run new-protocol -- sctp
 */
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from './lib/workspace.mjs';

const template = join(import.meta.dirname, 'protocol');

/**
 * Makes packages/`name` below `root`, on the version that packages/skbuff has.
 * @returns {string} the new folder, from the root.
 * @throws {Error} for a name that no package may have, or that one has.
 */
export function newProtocol(root, name) {
  if (!/^[a-z][a-z0-9]*$/.test(name ?? ''))
    throw new Error(`a protocol's name is like "sctp", not "${name}"`);
  const folder = `packages/${name}`;
  const path = join(root, folder);
  if (existsSync(path)) throw new Error(`${folder} is there already`);

  cpSync(template, path, { recursive: true });
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll('EXAMPLE', name.toUpperCase()).replaceAll('example', name));
  }
  copyFileSync(join(root, 'LICENSE'), join(path, 'LICENSE'));
  writeJson(join(path, 'tsconfig.json'), { extends: '../../tsconfig.base.json', include: ['src'] });
  writeJson(join(path, 'package.json'), manifest(readJson(join(root, 'packages/arp/package.json')), name));
  return folder;
}

/** The package.json of a codec that is there, under the new name. */
function manifest(model, name) {
  return {
    ...model,
    name: `@stack/${name}`,
    description: `${name.toUpperCase()} header codec`,
    keywords: ['network', 'protocol', name, 'codec'],
    repository: { ...model.repository, directory: `packages/${name}` },
  };
}

const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

if (import.meta.main) {
  try {
    const folder = newProtocol(join(import.meta.dirname, '..'), process.argv[2]);
    console.log(`${folder} is made. Next: "npm install", "npm run fix", and step 2 in CONTRIBUTING.md.`);
  } catch (error) {
    console.error(`new-protocol: ${error.message}`);
    process.exitCode = 1;
  }
}

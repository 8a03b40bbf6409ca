import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkLayers } from './check-layers.mjs';
import { makeTree } from './lib/tree.mjs';
import { newProtocol } from './new-protocol.mjs';

const root = join(import.meta.dirname, '..');
const read = (path) => readFileSync(join(root, path), 'utf8');

let release = () => {};
afterEach(() => release());

/** A repository with the packages that every protocol stands on, without their sources. */
function repository() {
  const index = 'export const one = 1;';
  const skbuff = JSON.parse(read('packages/skbuff/package.json'));
  const testkit = JSON.parse(read('packages/testkit/package.json'));
  const tree = makeTree({
    'package.json': read('package.json'),
    LICENSE: read('LICENSE'),
    'packages/arp/package.json': read('packages/arp/package.json'),
    'packages/skbuff/package.json': { ...skbuff, peerDependencies: {}, devDependencies: {} },
    'packages/skbuff/src/index.ts': index,
    'packages/skbuff/LICENSE': read('LICENSE'),
    'packages/skbuff/README.md': '# skbuff',
    'packages/testkit/package.json': { ...testkit, dependencies: {} },
  });
  release = tree.release;
  return tree.root;
}

describe('new-protocol', () => {
  it('makes a package that the layer check accepts once it has a row', () => {
    const copy = repository();
    expect(newProtocol(copy, 'sctp')).toBe('packages/sctp');
    const layers = { skbuff: [], testkit: [], arp: ['skbuff'], sctp: ['skbuff'] };
    const faults = (table) => checkLayers(copy, table).filter((fault) => fault.startsWith('packages/sctp'));
    expect(faults(layers)).toEqual([]);
    expect(faults({ ...layers, sctp: undefined }).join('\n')).toContain('packages/sctp: has no row');
  });

  it('leaves nothing of the template’s name', () => {
    const copy = repository();
    newProtocol(copy, 'sctp');
    for (const entry of readdirSync(join(copy, 'packages/sctp'), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) {
        expect(readFileSync(join(entry.parentPath, entry.name), 'utf8')).not.toMatch(/example/i);
      }
    }
  });

  it.each([undefined, '', 'SCTP', '../sctp', 'sctp-x', '4in6'])('refuses the name %s', (name) => {
    expect(() => newProtocol(repository(), name)).toThrow(`a protocol's name`);
  });

  it('refuses a package that is there', () => {
    expect(() => newProtocol(repository(), 'arp')).toThrow('packages/arp is there already');
  });
});

/** The first example of every README runs as a test, against the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstBlock } from './lib/snippet.mjs';
import { readWorkspaces } from './lib/workspace.mjs';

const root = join(import.meta.dirname, '..');
const packages = readWorkspaces(root).filter(({ isApp }) => !isApp);
const pages = ['README.md', ...packages.map(({ path }) => `${path}/README.md`)];

describe.each(pages)('%s', (page) => {
  it('has an example that keeps its promises', async () => {
    expect(existsSync(join(root, page)), `${page} exists`).toBe(true);
    const block = firstBlock(readFileSync(join(root, page), 'utf8'));
    expect(block, 'a ts block').toBeDefined();
    await import(/* @vite-ignore */ `${join(root, page)}?example`);
  });
});

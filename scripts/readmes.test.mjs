/** The examples of every README run as tests, against the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examples, firstBlock } from './lib/snippet.mjs';
import { readWorkspaces } from './lib/workspace.mjs';

const root = join(import.meta.dirname, '..');
const packages = readWorkspaces(root).filter(({ isApp }) => !isApp);
const pages = ['README.md', ...packages.map(({ path }) => `${path}/README.md`)];

describe.each(pages)('%s', (page) => {
  it('has an example that keeps its promises', async () => {
    expect(existsSync(join(root, page)), `${page} exists`).toBe(true);
    const text = readFileSync(join(root, page), 'utf8');
    const blocks = examples(text);
    expect(blocks[0], 'its first ts block promises something').toBe(firstBlock(text) ?? 'a ts block');
    for (const index of blocks.keys())
      await import(/* @vite-ignore */ `${join(root, page)}?example=${index}`);
  });
});

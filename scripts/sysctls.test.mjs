/** A sysctl that nothing reads does not exist: every name of the registry is read by some engine, or by the host. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sysctl } from '@stack/sysctl';
import { expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../packages');

/** What does not count as reading: tests, declarations of what is read, and the registry but where one sysctl bounds another. */
const NO_READER = /\.(test|bench)\.ts$|(^|\/)(sysctl|ports|fixture)\.ts$|^sysctl\/src\/(?!rules|tree)/;

/** To speak of a sysctl is not to read it. */
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

function sources() {
  const texts = [];
  for (const folder of readdirSync(packages)) {
    for (const entry of readdirSync(join(packages, folder, 'src'), { recursive: true })) {
      const file = String(entry);
      if (!file.endsWith('.ts') || NO_READER.test(`${folder}/src/${file}`)) continue;
      texts.push(readFileSync(join(packages, folder, 'src', file), 'utf8').replace(COMMENT, ''));
    }
  }
  return texts.join('\n');
}

/** These only show what is registered. */
const SHOWS = new Set(['tcp_available_congestion_control']);

it('reads every sysctl there is', () => {
  const text = sources();
  const names = new Sysctl().list().map((name) => name.slice(name.lastIndexOf('.') + 1));
  const fields = new Set(names.filter((name) => !SHOWS.has(name)));
  const unread = [...fields].filter((field) => !new RegExp(`\\b${field}\\b`).test(text));
  expect(unread.sort()).toEqual([]);
});

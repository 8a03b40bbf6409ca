/** The table is whole and true: every requirement of RFC 9293 is in it, and what it points to is there. `vitest -u` writes it anew. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elsewhere, requirements, requirementsOf } from './requirement.ts';
import { HOME, scripts } from './script.ts';
import { summary, table } from './table.ts';

const all = requirements(scripts());

/** RFC 9293, appendix B: how many requirements of each kind there are. */
const NUMBERED = { MUST: 69, SHLD: 31, MAY: 18, REC: 1 };

/** Titles of tests and groups. */
const TITLES = /\b(?:it|describe)(?:\.each\([\s\S]*?\))?\(\s*(['"`])[\s\S]*?\1/g;

const ids = Object.entries(NUMBERED).flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`),
);

describe('the table', () => {
  it.each(ids)('has %s of RFC 9293', (id) => {
    expect(all.filter((each) => each.rfc === 9293 && each.id === id)).not.toHaveLength(0);
  });

  it('has no number of RFC 9293 that is none', () => {
    const numbers = all.filter((each) => each.rfc === 9293 && /\d$/.test(each.id)).map((each) => each.id);
    expect(numbers.filter((id) => !ids.includes(id))).toStrictEqual([]);
  });

  it('is in the README as it is', async () => {
    const file = join(HOME, 'README.md');
    const [before = ''] = readFileSync(file, 'utf8').split('## The table');
    await expect(`${before}## The table\n\n${summary(all)}\n\n${table(all)}\n`).toMatchFileSnapshot(file);
  });
});

describe('a script', () => {
  it.each(scripts())('$name stands in the folder of its RFC and begins with its number', (script) => {
    const [folder, file = ''] = script.name.split('/');
    for (const { rfc, id } of requirementsOf(script).slice(0, 1)) {
      expect(folder).toBe(`rfc${rfc}`);
      const [, kind, number] = /^([A-Z]+)-(\d+)$/.exec(id) ?? [];
      if (kind !== undefined) expect(file).toMatch(new RegExp(`^${kind.toLowerCase()}-0?${number}-`));
    }
  });
});

describe('what no script shows', () => {
  it.each(elsewhere())(
    'RFC $rfc §$section $id has a test that names it, or a reason',
    ({ test, title, why }) => {
      if (test === undefined) {
        expect(why).not.toBe('');
        return;
      }
      const file = join(HOME, '../..', test);
      expect(existsSync(file)).toBe(true);
      const titles = readFileSync(file, 'utf8').match(TITLES) ?? [];
      const word = new RegExp(`${title.replace(/[+/]/g, '\\$&')}(?!\\d)`);
      expect(titles.filter((each) => word.test(each))).not.toHaveLength(0);
    },
  );
});

/**
 * What is asked, and what shows that it is kept. A script says at its head what it shows; `elsewhere.tsv` has what no script can show.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOME, type Script } from './script.ts';

/**
 * Whether a requirement is kept: `met`; `Linux` where Linux does otherwise and this host does as Linux; `missing` where Linux does it and this
 * host does not; `not applicable` where it asks nothing of this host.
 */
export type State = 'met' | 'Linux' | 'missing' | 'not applicable';

const STATES: ReadonlySet<string> = new Set(['met', 'Linux', 'missing', 'not applicable'] satisfies State[]);

/** One requirement, and one thing that shows how it is kept. */
export interface Requirement {
  /** Number of the RFC. */
  rfc: number;
  /** `3.8.6.1`. */
  section: string;
  /** `MUST-36` where the RFC numbers its requirements, else its level: `MUST`, `SHOULD NOT`, or `rule` for a plain sentence. */
  id: string;
  /** What is asked, in words of this package. */
  text: string;
  state: State;
  /** Name of the script; `undefined` = none. */
  script: string | undefined;
  /** File of tests, from the repository's root; `undefined` = none. */
  test: string | undefined;
  /** Words in the title of the test in that file: {@link id} unless the line says others. */
  title: string;
  /** What Linux does, or why nothing is asked; empty = nothing to say. */
  why: string;
}

const HEAD =
  /^\/\/ RFC (\d+) §([\w.]+), ((?:MUST|SHLD|MAY|REC)-\d+|(?:MUST|SHOULD)(?: NOT)?|MAY|rule): (.+)$/;
const LINUX = /^\/\/ Linux: (.+)$/;

/** What a script says that it shows. @throws Error for a head that cannot be read. */
export function requirementsOf({ name, text }: Script): Requirement[] {
  const found: Requirement[] = [];
  for (const line of text.split('\n')) {
    const linux = LINUX.exec(line);
    const last = found[found.length - 1];
    if (linux !== null && last !== undefined) Object.assign(last, { state: 'Linux', why: linux[1] });
    const head = HEAD.exec(line);
    if (head !== null) {
      const [, rfc, section = '', id = '', what = ''] = head;
      const base = { rfc: Number(rfc), section, id, text: what };
      found.push({ ...base, state: 'met', script: name, test: undefined, title: '', why: '' });
    } else if (!line.startsWith('//')) break;
    else if (line.startsWith('// RFC')) throw new Error(`${name}: cannot read '${line}'`);
  }
  if (found.length === 0) throw new Error(`${name}: does not say what it shows`);
  return found;
}

/** What no script can show: a file of tests, or the reason why there is none. @throws Error for a line that cannot be read. */
export function elsewhere(): Requirement[] {
  const lines = readFileSync(join(HOME, 'elsewhere.tsv'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [rfc, section, id, state, proof, why, text, ...more] = line.split('\t');
      if (!STATES.has(state ?? '') || !text || !section || !id || proof === undefined || more.length > 0) {
        throw new Error(`elsewhere.tsv: cannot read '${line}'`);
      }
      const [file = '', title = id] = proof.split('#');
      const test = file === '' ? undefined : file;
      const base = { rfc: Number(rfc), section, id, text };
      return { ...base, state: state as State, script: undefined, test, title, why: why ?? '' };
    });
}

/** All of them, in the order of RFCs, sections and numbers. */
export function requirements(all: readonly Script[]): Requirement[] {
  return [...all.flatMap(requirementsOf), ...elsewhere()].sort(
    (a, b) =>
      a.rfc - b.rfc ||
      compareNumbers(a.section, b.section) ||
      compareNumbers(a.id, b.id) ||
      ((a.script ?? '') < (b.script ?? '') ? -1 : 1),
  );
}

/** `3.10` behind `3.9`. */
function compareNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

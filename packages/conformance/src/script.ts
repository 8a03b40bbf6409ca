/**
 * The scripts: the files of `scripts/`, and how one is run.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Result, run } from '@stack/packetdrill';

/** Where this package's own files are, seen from `src/` and from `dist/`. */
export const HOME: string = join(import.meta.dirname, '..');

/** A script of this package. */
export interface Script {
  /** Its path below `scripts/`: `rfc9293/must-10-simultaneous-open`. */
  name: string;
  text: string;
}

/** All scripts, by name. */
export function scripts(): Script[] {
  const folder = join(HOME, 'scripts');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.pkt'))
    .map((file) => ({
      name: file.slice(0, -'.pkt'.length).split(sep).join('/'),
      text: readFileSync(join(folder, file), 'utf8'),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Runs a script to the microsecond, with nothing left over. */
export function runScript({ name, text }: Script): Promise<Result> {
  return run(text, { file: `${name}.pkt`, tolerance: 0, exhaustive: true });
}

/**
 * Which scripts a command line names.
 * @module
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IpVersion } from '../index.ts';
import { UsageError } from './arguments.ts';

/** A script. */
export interface ScriptFile {
  path: string;
  /** As it is called in reports: below its folder, or as it was named. */
  name: string;
}

/** Scripts whose names end so are for one IP version alone; of a folder the others are left out. */
const OF_VERSION: Readonly<Record<IpVersion, RegExp>> = { 4: /v6\.pkt$/, 6: /v4\.pkt$/, '4in6': /v6\.pkt$/ };

/** The scripts of files and folders. @throws UsageError for a path that is not there, and a folder without scripts. */
export function findScripts(paths: readonly string[], version: IpVersion): ScriptFile[] {
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw new UsageError(`${path}: no such file or folder`);
    if (!stat.isDirectory()) return [{ path, name: path }];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pkt') && !OF_VERSION[version].test(name))
      .sort();
    if (names.length === 0) throw new UsageError(`${path}: no scripts (*.pkt) are in it`);
    return names.map((name) => ({ path: join(path, name), name }));
  });
}

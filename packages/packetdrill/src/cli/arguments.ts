/**
 * The command line.
 * @module
 */
import { parseArgs } from 'node:util';
import type { IpVersion } from '../index.ts';

/** What `--help` prints. */
export const USAGE = `Usage: packetdrill [options] FILE|FOLDER…

Runs packetdrill scripts against a TCP/IP host of its own, in virtual time. Of a folder: all *.pkt in it and below, in order.

  --ip-version 4|6|4in6  what the scripts run over (default 4)
  --tolerance USECS      how early or late an event may be: 0 = exact (default: what a script says)
  --exhaustive           also refuse packets that no line asks for, and wrong echoes of timestamps
  -D NAME=WORD           a word that stands for another in packets and calls
  --known FILE           scripts that are known to fail, one a line, a tab and the reason behind each
  -v, --verbose          what happens, line by line
  --json                 a line of JSON for each script
  -h, --help             this text

Exit code: 0 all passed, or failed as known; 1 not so; 2 the command makes no sense.
`;

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command line says. */
export interface Settings {
  paths: readonly string[];
  ipVersion: IpVersion;
  /** µs. */
  tolerance: number | undefined;
  exhaustive: boolean;
  define: Readonly<Record<string, string>>;
  known: string | undefined;
  verbose: boolean;
  json: boolean;
  help: boolean;
}

const VERSIONS: readonly string[] = ['4', '6', '4in6'];

/** Reads a command line. @throws UsageError */
export function readArguments(args: readonly string[]): Settings {
  const { values, positionals } = parse(args);
  const { 'ip-version': ipVersion = '4', tolerance } = values;
  if (!VERSIONS.includes(ipVersion)) throw new UsageError(`--ip-version is 4, 6 or 4in6, not '${ipVersion}'`);
  if (tolerance !== undefined && !/^\d+$/.test(tolerance)) {
    throw new UsageError(`--tolerance takes microseconds, not '${tolerance}'`);
  }
  if (positionals.length === 0 && !values.help) throw new UsageError('no script is named; see --help');
  return {
    paths: positionals,
    ipVersion: ipVersion as IpVersion,
    tolerance: tolerance === undefined ? undefined : Number(tolerance),
    exhaustive: values.exhaustive ?? false,
    define: Object.fromEntries((values.define ?? []).map(readDefinition)),
    known: values.known,
    verbose: values.verbose ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'ip-version': { type: 'string' },
        tolerance: { type: 'string' },
        exhaustive: { type: 'boolean' },
        define: { type: 'string', short: 'D', multiple: true },
        known: { type: 'string' },
        verbose: { type: 'boolean', short: 'v' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ', 1)[0]}; see --help`);
  }
}

function readDefinition(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`-D takes NAME=WORD, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

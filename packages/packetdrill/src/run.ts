/**
 * Runs scripts.
 * @module
 */
import { type Config, configure, type IpVersion } from './config.ts';
import type { Result } from './result.ts';
import { Run } from './runner.ts';
import { parse } from './script/parse.ts';
import type { Script } from './script/script.ts';
import { isScriptError } from './script-error.ts';

/** How a script is run. */
export interface RunOptions {
  /** For messages, and what {@link include} is told paths relative to. Default `script`. */
  file?: string;
  /** Default `'4'`. */
  ipVersion?: IpVersion;
  /** Words that stand for others in packets and calls. Those that run_all.py of packetdrill defines for IPv4 are there from the start. */
  define?: Readonly<Record<string, string>>;
  /** The text of a script that a set-up command runs, by its path as written; `undefined` = there is none. */
  include?: (path: string) => string | undefined;
  /** µs that an event may be early or late: 0 = exact. Default: what the script says, else 4000 or an eighth of the time since the event before. Unless it is 0, a call takes 10 µs. */
  tolerance?: number;
  /** Also refuse packets that no line asks for at the end, and timestamps echoed wrongly. Default false, as packetdrill has it. */
  exhaustive?: boolean;
  /** Told what happens, a line each: as `-v` prints it. */
  trace?: (line: string) => void;
  /** All that is random. Default 1. */
  seed?: number;
}

/** What run_all.py defines for IPv4. The cookie belongs to the key of defaults.sh and the addresses. */
const DEFINED: Readonly<Record<IpVersion, Readonly<Record<string, string>>>> = {
  4: {
    TFO_COOKIE: '3021b9d889017eeb',
    CODE: 'host_unreachable',
    CMSG_LEVEL_IP: 'SOL_IP',
    CMSG_TYPE_RECVERR: 'IP_RECVERR',
  },
  6: { TFO_COOKIE: 'c1d1e9742a47a9bc', CMSG_LEVEL_IP: 'SOL_IPV6', CMSG_TYPE_RECVERR: 'IPV6_RECVERR' },
  '4in6': {
    TFO_COOKIE: '3021b9d889017eeb',
    CODE: 'host_unreachable',
    CMSG_LEVEL_IP: 'SOL_IPV6',
    CMSG_TYPE_RECVERR: 'IPV6_RECVERR',
  },
};

/** Runs a script to its end, or to the first line that does not hold. It never rejects because of the script. */
export async function run(text: string, options: RunOptions = {}): Promise<Result> {
  const { file = 'script', ipVersion } = options;
  let script: Script;
  let config: Config;
  try {
    script = parse(text, { file, define: { ...DEFINED[ipVersion ?? '4'], ...options.define } });
    config = configure(script, {
      ...(ipVersion !== undefined && { ipVersion }),
      ...(options.tolerance !== undefined && { tolerance: options.tolerance, tolerancePercent: 0 }),
    });
  } catch (error) {
    if (!isScriptError(error)) throw error;
    const { line, column, reason } = error;
    return { file, ok: false, time: 0, output: [], failure: { kind: 'syntax', line, column, reason } };
  }
  return new Run(script, config, options).run();
}

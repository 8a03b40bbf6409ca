/**
 * What the command does.
 * @module
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { formatFailure, type Result, type RunOptions, run } from '../index.ts';
import { readArguments, type Settings, USAGE, UsageError } from './arguments.ts';
import { findScripts, type ScriptFile } from './files.ts';
import { judgeAgainst, readKnown } from './known-failures.ts';

const MILLISECOND = 1e6;

/** Runs the command; its exit code: 0 all is as it should be, 1 a script failed, 2 the command makes no sense. */
export async function main(args: readonly string[], print: (text: string) => void): Promise<number> {
  let settings: Settings;
  let scripts: ScriptFile[];
  let known: ReadonlyMap<string, string> | undefined;
  try {
    settings = readArguments(args);
    if (settings.help) {
      print(USAGE);
      return 0;
    }
    scripts = findScripts(settings.paths, settings.ipVersion);
    known = settings.known === undefined ? undefined : readKnown(settings.known);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(`packetdrill: ${error.message}\n`);
    return 2;
  }
  const started = process.hrtime.bigint();
  const results: Result[] = [];
  for (const script of scripts) {
    const result = await runFile(script, settings, print);
    results.push(result);
    if (settings.json) print(`${JSON.stringify(result)}\n`);
    else if (!result.ok && result.failure !== undefined && !known?.has(script.name)) {
      print(`${formatFailure(script.name, result.failure)}\n`);
    } else if (settings.verbose) print(`${script.name}: ${result.ok ? 'passed' : 'failed, as known'}\n`);
    else for (const line of scripts.length === 1 ? result.output : []) print(`${line}\n`);
  }
  const took = Number((process.hrtime.bigint() - started) / BigInt(MILLISECOND));
  return conclude(results, known, settings, took, print);
}

/** The last lines, and the exit code. */
function conclude(
  results: readonly Result[],
  known: ReadonlyMap<string, string> | undefined,
  settings: Settings,
  took: number,
  print: (text: string) => void,
): number {
  const passed = results.filter(({ ok }) => ok).length;
  const verdict = judgeAgainst(results, known ?? new Map());
  if (settings.json) return verdict.isGood ? 0 : 1;
  for (const line of verdict.lines) print(`${line}\n`);
  if (results.length > 1)
    print(`${passed} of ${results.length} scripts passed in ${(took / 1000).toFixed(1)} s\n`);
  return verdict.isGood ? 0 : 1;
}

function runFile(script: ScriptFile, settings: Settings, print: (text: string) => void): Promise<Result> {
  const options: RunOptions = {
    file: script.name,
    ipVersion: settings.ipVersion,
    define: settings.define,
    exhaustive: settings.exhaustive,
    include: (path) => readText(isAbsolute(path) ? path : join(dirname(script.path), path)),
  };
  if (settings.tolerance !== undefined) options.tolerance = settings.tolerance;
  if (settings.verbose && !settings.json) options.trace = (line) => print(`  ${line}\n`);
  return run(readFileSync(script.path, 'utf8'), options);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

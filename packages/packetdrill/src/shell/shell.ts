/**
 * Runs the commands of set-up scripts on the host under test.
 * @module
 */

import { own } from '../own.ts';
import type { Machine } from './machine.ts';
import { type PipelineCommand, PROGRAMS } from './programs.ts';
import { type Pipeline, readCommands, ShellError } from './words.ts';

/** Scripts that include scripts, at most so deep. */
const MAX_DEPTH = 8;

/** What a list of commands came to. */
export interface Outcome {
  /** Of the last command, as a shell has it. */
  status: number;
  /** What went wrong, a line each. */
  complaints: readonly string[];
}

/** Runs commands one after the other. The status is the last one's. */
export async function runCommands(text: string, machine: Machine, folder = '', depth = 0): Promise<Outcome> {
  const complaints: string[] = [];
  let pipelines: Pipeline[];
  try {
    pipelines = readCommands(text, machine.variables);
  } catch (error) {
    if (!(error instanceof ShellError) && (error as Error).name !== 'ScriptError') throw error;
    return { status: 2, complaints: [(error as Error).message] };
  }
  let status = 0;
  for (const { commands, when } of pipelines) {
    if (when !== 'always' && (status === 0) !== (when === 'success')) continue;
    let input = '';
    for (const { words, output } of commands) {
      const command: PipelineCommand = {
        words,
        input,
        output: '',
        complain: (line) => complaints.push(line),
      };
      status = await runOne(command, machine, folder, depth);
      input = command.output;
      if (output === undefined) continue;
      if (!(await machine.writeFile(output, command.output))) {
        complaints.push(`${output}: cannot be written`);
        status = 1;
      }
      input = '';
    }
  }
  return { status, complaints };
}

async function runOne(
  command: PipelineCommand,
  machine: Machine,
  folder: string,
  depth: number,
): Promise<number> {
  const name = command.words[0] ?? '';
  const base = name.slice(name.lastIndexOf('/') + 1);
  const program = own(PROGRAMS, base);
  if (program !== undefined) return program(command, machine);
  const restore = machine.restores.get(name);
  if (restore !== undefined) {
    restore();
    return 0;
  }
  if (!base.endsWith('.sh')) {
    command.complain(`${name}: not among the commands known here`);
    return 127;
  }
  const path = resolve(folder, name);
  const text = machine.include(path) ?? machine.include(name);
  if (text === undefined) {
    command.complain(`${name}: not found`);
    return 127;
  }
  if (depth === MAX_DEPTH) {
    command.complain(`${name}: scripts include each other without end`);
    return 126;
  }
  const at = path.lastIndexOf('/');
  const inner = await runCommands(text, machine, at < 0 ? '' : path.slice(0, at), depth + 1);
  for (const line of inner.complaints) command.complain(line);
  return inner.status;
}

/** A path as seen from a folder. */
function resolve(folder: string, path: string): string {
  return path.startsWith('/') || folder === '' ? path : `${folder}/${path}`;
}

/**
 * Running the demo in tests: what it prints, and what it tells.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createCommand } from '../src/command.ts';
import type { Outcome } from '../src/run.ts';
import type { Line, Step, Told } from '../src/story.ts';

/** What one run of the command left. */
export interface Run {
  code: number;
  lines: string[];
  /** What went to stderr. */
  errors: string;
}

/** The document of `--json`. */
export interface Document extends Outcome {
  options: object;
  steps: Told[];
  calls: string[];
  identical: boolean;
}

/** A folder for the files of one test file. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'stack-demo-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return path;
}

/** Writes a file of `length` bytes that repeat nowhere soon. */
export function fileOf(path: string, length: number): string {
  const name = join(path, `${length}.bin`);
  writeFileSync(
    name,
    new Uint8Array(length).map((_, i) => i * 31 + (i >>> 8)),
  );
  return name;
}

/** Runs the command with arguments as a shell gives them. Its exit code is -1 where it had none to tell. */
export async function demo(...args: string[]): Promise<Run> {
  const run: Run = { code: -1, lines: [], errors: '' };
  const end = (code: number): void => {
    run.code = code;
  };
  const command = createCommand((line) => void run.lines.push(line), end, false);
  const writeErr = (text: string): void => {
    run.errors += text;
  };
  for (const each of [command, ...command.commands]) each.exitOverride().configureOutput({ writeErr });
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    run.code = (error as { exitCode?: number }).exitCode ?? 1;
    if (run.errors === '') run.errors = `${(error as Error).message}\n`;
  }
  return run;
}

/** Runs it with `--json`. */
export async function json(...args: string[]): Promise<Document> {
  const { lines } = await demo('--json', ...args);
  return JSON.parse(lines[0] as string) as Document;
}

/** The steps among what was told. */
export function stepsOf({ steps }: Pick<Document, 'steps'>): Step[] {
  return steps.filter((told) => told.kind === 'step');
}

/** The lines among what was told. */
export function linesOf({ steps }: Pick<Document, 'steps'>): Line[] {
  return steps.filter((told) => told.kind === 'line');
}

/** The step of a host with `call` in its title. @throws Error if there is none. */
export function stepAt(document: Pick<Document, 'steps'>, side: string, call: string): Step {
  const step = stepsOf(document).find((each) => each.side === side && each.call.includes(call));
  if (step === undefined) throw new Error(`no step ${call} of ${side}`);
  return step;
}

/**
 * Scripts that are known to fail, and why.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Result } from '../index.ts';
import { UsageError } from './arguments.ts';

/** Reasons by script. Lines are `name`, a tab, the reason; `#` begins a comment. @throws UsageError for any other line. */
export function readKnown(path: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`${path}: cannot be read`);
  }
  const known = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [name = '', reason = ''] = line.split('\t', 2);
    if (reason.trim() === '')
      throw new UsageError(`${path}:${index + 1}: a name, a tab and a reason are expected`);
    if (known.has(name)) throw new UsageError(`${path}:${index + 1}: ${name} stands twice`);
    known.set(name, reason.trim());
  }
  return known;
}

/** Whether results are what was known. */
export function judgeAgainst(
  results: readonly Result[],
  known: ReadonlyMap<string, string>,
): { isGood: boolean; lines: readonly string[] } {
  const unknown = results.filter(({ ok, file }) => !ok && !known.has(file));
  const cured = results.filter(({ ok, file }) => ok && known.has(file)).map(({ file }) => file);
  const lines = cured.map((file) => `${file}: passed, but is listed as known to fail`);
  const knownFailed = results.filter(({ ok, file }) => !ok && known.has(file)).length;
  if (knownFailed > 0) lines.push(`${knownFailed} failed as known`);
  return { isGood: unknown.length === 0 && cured.length === 0, lines };
}

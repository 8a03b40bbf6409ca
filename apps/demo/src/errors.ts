/**
 * What a command says when it cannot go on: one line.
 * @module
 */

/** A fault of the call, not of the program: printed as one line, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOSPC: 'no space left',
};

/** Why the file system said no, in a few words. */
export function explain(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || (error instanceof Error ? error.message : String(error));
}

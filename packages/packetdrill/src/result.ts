/**
 * What a run came to.
 * @module
 */

/**
 * What kind of line did not hold: `syntax` before anything ran; `packet`, `call`, `code`, `command` of those lines; `time` too early or
 * too late; `setup` the network; `unsupported` what the host has not.
 */
export type FailureKind =
  | 'syntax'
  | 'packet'
  | 'call'
  | 'code'
  | 'command'
  | 'time'
  | 'setup'
  | 'unsupported';

/** The first line that did not hold. */
export interface Failure {
  kind: FailureKind;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** One sentence. */
  reason: string;
  /** Of a packet: what the script expects, in its words. */
  expected?: string;
  /** Of a packet: what came out. */
  actual?: string;
}

/** What a run came to. */
export interface Result {
  file: string;
  ok: boolean;
  /** How long it took, µs of the script. */
  time: number;
  /** What print() printed. */
  output: readonly string[];
  failure: Failure | undefined;
}

/** A failure as a message: its place, the sentence, and packets below each other. */
export function formatFailure(file: string, failure: Failure): string {
  const lines = [`${file}:${failure.line}:${failure.column}: ${failure.reason}`];
  if (failure.expected !== undefined) lines.push(`  expected  ${failure.expected}`);
  if (failure.actual !== undefined) lines.push(`  actual    ${failure.actual}`);
  return lines.join('\n');
}

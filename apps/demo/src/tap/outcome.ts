/**
 * What a run came to, as text for people.
 * @module
 */
import { isUtf8 } from 'node:buffer';
import type { Colors } from '../render.ts';
import { section, table } from '../render-outcome.ts';
import type { Reply } from './client.ts';
import type { Printed } from './program.ts';
import type { BothSides } from './stage.ts';

/** Lines of a text that are shown. */
const LINES = 40;
/** Columns of one. */
const WIDTH = 160;

/** All of it. */
export interface TapOutcome extends BothSides {
  /** What failed, a line each. */
  errors: string[];
  /** What holds, a line each. */
  verdicts: string[];
  printed: Printed | undefined;
  reply: Reply | undefined;
  /** Not given back once all is over. */
  left: { pages: number; skbs: number; timers: number };
}

/** All of it; the verdicts come last. */
export function renderTapOutcome(outcome: TapOutcome, colors: Colors): string[] {
  const { printed, reply, nstat, links, drops } = outcome;
  const counts = (counters: object): string =>
    Object.entries(counters)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  return [
    ...(printed === undefined ? [] : section(`$ ${printed.command}`, printedLines(printed), colors)),
    ...(reply === undefined ? [] : section('The reply', replyLines(reply), colors)),
    ...section('Counters that moved (nstat)', table(nstat), colors),
    ...section(
      'Links (ip -s link)',
      Object.entries(links).map(([side, stats]) => `${side}  ${counts(stats)}`),
      colors,
    ),
    ...section(
      'Dropped (dropwatch)',
      Object.entries(drops).map(([reason, count]) => `${reason} ${count}`),
      colors,
    ),
    '',
    ...renderTapVerdicts(outcome, colors),
  ];
}

/** What failed, and what holds. */
export function renderTapVerdicts({ errors, verdicts }: TapOutcome, colors: Colors): string[] {
  return [...errors.map((line) => colors.red(line)), ...verdicts.map((line) => colors.green(line))];
}

/** The outcome for `--json`: bytes as text where they are some. */
export function plain({ printed, reply, ...rest }: TapOutcome): object {
  return {
    program: printed && { ...printed, stdout: textOf(printed.stdout), stderr: textOf(printed.stderr) },
    reply: reply && {
      status: reply.status,
      bytes: reply.bytes.length,
      promised: reply.promised,
      body: textOf(reply.body),
    },
    ...rest,
  };
}

function printedLines({ status, stdout, stderr }: Printed): string[] {
  return [...excerpt(stderr), ...excerpt(stdout), ...(status === 0 ? [] : [`exit ${status}`])];
}

function replyLines({ bytes, status, body }: Reply): string[] {
  if (status === undefined) return [`${bytes.length} bytes, not HTTP`, ...excerpt(body)];
  return [`${status}`, `${bytes.length} bytes, ${body.length} of them behind the head`, ...excerpt(body)];
}

/** The first lines of a text; of anything else how long it is. */
function excerpt(bytes: Uint8Array): string[] {
  const text = textOf(bytes);
  if (typeof text !== 'string') return [`${bytes.length} bytes that are no text`];
  const lines = text.replaceAll('\r', '').replace(/\n$/, '').split('\n');
  if (text === '') return [];
  const shown = lines.slice(0, LINES).map((line) => printable(line).slice(0, WIDTH));
  return lines.length > LINES
    ? [...shown, `… ${lines.length - LINES} more lines, ${bytes.length} bytes`]
    : shown;
}

/** Text without what a terminal would obey. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, (control) => (control === '\t' ? ' ' : '\u00b7'));
}

function textOf(bytes: Uint8Array): string | { bytes: number } {
  return isUtf8(bytes) && !bytes.includes(0) ? new TextDecoder().decode(bytes) : { bytes: bytes.length };
}

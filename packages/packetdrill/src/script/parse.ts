/**
 * Reads a script.
 * @module
 */
import type { Statement } from '../code/code.ts';
import { parseCode } from '../code/parse-code.ts';
import { Cursor, placeOf } from './cursor.ts';
import { readCall } from './parse-call.ts';
import { readPacket } from './parse-packet.ts';
import { type BlockingTime, readTime } from './parse-time.ts';
import type { Command, Event, Script } from './script.ts';

const OPTION = /--[A-Za-z_][\w-]*/y;
const OPTION_VALUE = /=[^\s]*/y;
const NAME = /[A-Za-z_]\w*/y;
const ARROW = /[<>]/y;

/** What a reader is told. */
export interface ParseOptions {
  /** For messages. Default `script`. */
  file?: string;
  /** Words that stand for others in packets and calls, as `-D CODE=host_unreachable` has it. */
  define?: Readonly<Record<string, string>>;
}

/** The script in `text`. @throws ScriptError where it is none. */
export function parse(text: string, options: ParseOptions = {}): Script {
  const { file = 'script', define = {} } = options;
  const cursor = new Cursor(text, file);
  const script: Script & {
    options: Script['options'][number][];
    setup: Command[];
    events: Event[];
    cleanup: Command[];
  } = { file, text, options: [], setup: [], events: [], cleanup: [] };
  for (;;) {
    cursor.skip();
    const { position } = cursor;
    const name = cursor.take(OPTION);
    if (name === undefined) break;
    script.options.push({ name: name.slice(2), value: cursor.takeHere(OPTION_VALUE)?.slice(1), position });
  }
  while (!cursor.atEnd) {
    const { position } = cursor;
    const { line } = placeOf(text, position);
    if (cursor.sees(/`/y)) {
      const command = { text: readQuoted(cursor, '`', '`', 'commands'), position, line };
      (script.events.length === 0 ? script.setup : script.cleanup).push(command);
      continue;
    }
    if (cursor.sees(OPTION)) cursor.fail('options stand at the head of a script, before anything else');
    if (script.cleanup.length > 0) {
      cursor.fail(
        'commands without a time stand before the first event or behind the last',
        script.cleanup[0]?.position,
      );
    }
    script.events.push(readEvent(cursor, define, position, line));
  }
  if (script.events.length === 0) cursor.fail('the script has no event');
  return script;
}

function readEvent(
  cursor: Cursor,
  define: Readonly<Record<string, string>>,
  position: number,
  line: number,
): Event {
  const { time, returns } = readTime(cursor);
  if (cursor.sees(ARROW)) {
    onlyCallsWait(cursor, returns, position);
    return { kind: 'packet', time, packet: readPacket(cursor, define), position, line };
  }
  if (cursor.sees(/`/y)) {
    onlyCallsWait(cursor, returns, position);
    return { kind: 'command', time, text: readQuoted(cursor, '`', '`', 'commands'), position, line };
  }
  if (cursor.sees(/%\{/y)) {
    onlyCallsWait(cursor, returns, position);
    return { kind: 'code', time, statements: readCode(cursor), position, line };
  }
  if (cursor.sees(NAME)) {
    return { kind: 'call', time, returns, ...readCall(cursor, define), position, line };
  }
  return cursor.fail(
    `expected a packet, a system call, commands or code behind the time, found ${cursor.here()}`,
  );
}

function readCode(cursor: Cursor): Statement[] {
  const start = cursor.position + '%{'.length;
  const text = readQuoted(cursor, '%{', '}%', 'code');
  return parseCode(cursor.text.slice(0, start + text.length), cursor.file, start);
}

function onlyCallsWait(cursor: Cursor, returns: BlockingTime['returns'], position: number): void {
  if (returns !== undefined) cursor.fail('only system calls take a time of return (a...b)', position);
}

/** The text between two marks. */
function readQuoted(cursor: Cursor, open: string, close: string, what: string): string {
  const start = cursor.position;
  cursor.expect(open, `before ${what}`);
  const end = cursor.text.indexOf(close, cursor.position);
  if (end < 0) cursor.fail(`${what} begin here and do not end with ${close}`, start);
  const text = cursor.text.slice(cursor.position, end);
  cursor.position = end + close.length;
  return text;
}

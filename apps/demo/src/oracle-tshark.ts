/**
 * tshark, asked for fields.
 * @module
 */
import { spawn } from 'node:child_process';
import { CommandError } from './errors.ts';

/** One packet as tshark sees it: a field's occurrences in the order of the packet. */
export type Row = ReadonlyMap<string, readonly string[]>;

/** The occurrences of a field in a packet. */
export function valuesOf(row: Row, field: string): readonly string[] {
  return row.get(field) ?? [];
}

/** What tshark makes of a capture. */
export interface Reading {
  rows: Row[];
  /** Whether it read the file to its end, and found no fault with it. */
  isWhole: boolean;
}

/** Reads captures, one after another. */
export interface Reader {
  /** Throws CommandError where there is nothing to read with. */
  read(file: string): Promise<Reading>;
  close(): void;
}

/** Preferences under which tshark judges each packet by itself: nothing put together, nothing relative, all checksums verified. */
export const PREFERENCES: readonly string[] = [
  ...['ip.defragment:FALSE', 'ip.check_checksum:TRUE', 'ip.tso_support:FALSE'],
  ...[
    'tcp.check_checksum:TRUE',
    'udp.check_checksum:TRUE',
    'tcp.relative_sequence_numbers:FALSE',
    'tcp.analyze_sequence_numbers:FALSE',
  ],
  'tcp.desegment_tcp_streams:FALSE',
];

/** Reads these fields of each packet with tshark, one process a capture. */
export function tsharkReader(fields: readonly string[]): Reader {
  return { read: (file) => readWithTshark(file, fields), close: () => {} };
}

async function readWithTshark(file: string, fields: readonly string[]): Promise<Reading> {
  const { stdout, stderr, code } = await run([
    ...['-n', '-Q', '-r', file],
    ...PREFERENCES.flatMap((preference) => ['-o', preference]),
    ...['-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=,'],
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  const complaint = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
  if (code === 1) throw new CommandError(`tshark: ${complaint[0] ?? 'refused to run'}`);
  return {
    rows: stdout.split('\n').flatMap((line) => (line === '' ? [] : [rowOf(line, fields)])),
    isWhole: code === 0,
  };
}

function rowOf(line: string, fields: readonly string[]): Row {
  const values = line.split('\t');
  return new Map(fields.map((field, i) => [field, values[i] ? values[i].split(',') : []]));
}

/** The version tshark gives of itself; undefined where there is none. */
export async function tsharkVersion(): Promise<string | undefined> {
  try {
    return (await run(['--version'])).stdout.split('\n')[0];
  } catch {
    return undefined;
  }
}

function run(args: readonly string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn('tshark', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text.stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text.stderr += chunk;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new CommandError('tshark is not installed') : error);
    });
    child.on('close', (code) => resolve({ ...text, code: code ?? -1 }));
  });
}

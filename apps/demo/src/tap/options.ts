/**
 * What `tap` is told, and what follows from it.
 * @module
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { CommandError, explain } from '../errors.ts';
import type { ServedFile } from './http/pages.ts';
import { numbered } from './http/pages.ts';
import { type Faults, KERNEL, OURS } from './place.ts';

/** Where our server listens. */
const PORT = 80;
/** Bytes fetched where frames are to be lost. */
const PATTERN_BYTES = 262_144;
/** MTUs that IPv4 and a TAP allow. */
const MTU = { least: 68, most: 65_521 };

/** Options as they are given; probabilities as fractions, times in µs. */
export interface TapArgs extends Faults {
  connect?: Target | undefined;
  serve?: boolean | undefined;
  data?: string | undefined;
  seed?: number | undefined;
  sysctl?: Readonly<Record<string, string>> | undefined;
  mtu?: number | undefined;
  /** False with `--no-offload`. */
  offload?: boolean | undefined;
  pcap?: string | undefined;
  strace?: boolean | undefined;
  json?: boolean | undefined;
  verbose?: boolean | undefined;
  color?: boolean | undefined;
  /** Words of the program to run on the kernel's side. */
  program: readonly string[];
}

/** An address and a port. */
export interface Target {
  address: string;
  port: number;
}

/** What is to happen. */
export interface Plan {
  kind: 'fetch' | 'connect' | 'serve';
  target: Target;
  /** `undefined` = none. */
  program: readonly string[] | undefined;
  /** What is served, beside the pages. */
  file: ServedFile | undefined;
  /** What the program must print, where that is known. */
  expected: Uint8Array | undefined;
}

/** @throws CommandError for options that do not go together, and a file that cannot be read. */
export function planOf(args: TapArgs): Plan {
  const { connect, serve = false, data, program } = args;
  const hasProgram = program.length > 0;
  if (connect !== undefined) {
    if (serve) throw new CommandError('--connect and --serve: one of the two');
    if (data !== undefined)
      throw new CommandError('--data is what our side serves, and --connect has it ask');
    const ran = hasProgram ? program : undefined;
    return { kind: 'connect', target: connect, program: ran, file: undefined, expected: undefined };
  }
  const file = data === undefined ? undefined : { path: `/${basename(data)}`, bytes: load(data) };
  const target = { address: OURS, port: PORT };
  if (serve) {
    if (hasProgram) throw new CommandError('--serve runs no program; start it with the command it prints');
    return { kind: 'serve', target, program: undefined, file, expected: undefined };
  }
  if (hasProgram) return { kind: 'fetch', target, program, file, expected: undefined };
  const path = file?.path ?? (isFaulty(args) ? `/bytes/${PATTERN_BYTES}` : '/');
  const expected = file?.bytes ?? (isFaulty(args) ? numbered(0, PATTERN_BYTES) : undefined);
  const url = `http://${OURS}${encodeURI(path)}`;
  return { kind: 'fetch', target, program: ['curl', '-sSv', url], file, expected };
}

/** `10.0.0.1:8000`. */
export function endpoint(text: string): Target {
  const [, address = '', port = ''] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = address !== '' && address.split('.').every((byte) => Number(byte) <= 255);
  if (!isAddress || Number(port) < 1 || Number(port) > 65_535) {
    throw new InvalidArgumentError(`Not an address and a port such as ${KERNEL}:8000.`);
  }
  return { address, port: Number(port) };
}

/** Bytes of an MTU. */
export function mtu(text: string): number {
  const { least, most } = MTU;
  if (!/^\d{1,5}$/.test(text) || Number(text) < least || Number(text) > most) {
    throw new InvalidArgumentError(`Not a number of bytes from ${least} to ${most}.`);
  }
  return Number(text);
}

function isFaulty({ loss = 0, reorder = 0, duplicate = 0, corrupt = 0 }: Faults): boolean {
  return loss + reorder + duplicate + corrupt > 0;
}

function load(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(`${path}: ${explain(error)}`);
  }
}

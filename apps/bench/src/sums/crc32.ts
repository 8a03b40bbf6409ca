/**
 * CRC-32 over byte runs of one length: ours, zlib's through Node, and the loop that anybody writes first.
 * @module
 */
import * as zlib from 'node:zlib';
import { crc32 } from '@stack/skbuff/crc32';
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import { runsOf } from './runs.ts';

/** `crc32`. */
export function prepare(length: number): Pass {
  const { view, at } = runsOf(length);
  const run = (): void => {
    let total = 0;
    for (let i = 0; i < at.length; i++) total ^= crc32(view, at[i]!, length);
    sink.number = total;
  };
  for (const start of at) {
    const bytes = new Uint8Array(view.buffer, start, length);
    if (crc32(view, start, length) !== byTable(bytes)) throw new Error(`CRC of ${length} bytes is wrong`);
  }
  return { run, packets: at.length, bytes: at.length * length };
}

/** `node:zlib`'s, compiled from C; undefined in a Node that has none. */
export function prepareZlib(length: number): Pass | undefined {
  if (typeof zlib.crc32 !== 'function') return undefined;
  return byteRuns(length, zlib.crc32);
}

/** One table, a byte at a time. */
export function prepareTable(length: number): Pass {
  return byteRuns(length, byTable);
}

function byteRuns(length: number, sum: (bytes: Uint8Array) => number): Pass {
  const { view, at } = runsOf(length);
  const runs = Array.from(at, (start) => new Uint8Array(view.buffer, start, length));
  const run = (): void => {
    let total = 0;
    for (let i = 0; i < runs.length; i++) total ^= sum(runs[i]!);
    sink.number = total;
  };
  return { run, packets: runs.length, bytes: runs.length * length };
}

let table: Int32Array | undefined;

function byTable(bytes: Uint8Array): number {
  table ??= Int32Array.from({ length: 256 }, (_, byte) => {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) === 0 ? c >>> 1 : (c >>> 1) ^ 0xedb8_8320;
    return c;
  });
  let c = -1;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}

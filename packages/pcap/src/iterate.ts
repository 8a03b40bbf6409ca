import { isBytes } from '@stack/skbuff';
import { notBytes } from './bytes.ts';
import { Reader, type ReaderOptions } from './reader.ts';
import type { CaptureRecord, Packet } from './records.ts';

/** A capture in memory, or in pieces of any size: a fetch body, a Node stream, an array of chunks. */
export type Source = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Bytes of a capture in memory handed to the reader at a time, so that its own copy stays small. */
const PIECE = 65_536;

/**
 * Every record of a capture. Throws WireError where the file is broken, after the records before the fault, and TypeError
 * where the source is neither bytes nor pieces of them.
 */
export async function* records(
  source: Source,
  options?: ReaderOptions,
): AsyncGenerator<CaptureRecord, void, undefined> {
  const reader = new Reader(options);
  for await (const chunk of pieces(source)) {
    reader.push(chunk);
    yield* drain(reader);
  }
  reader.end();
}

/** Every packet of a capture. Throws as {@link records} does, after the packets before the fault. */
export async function* packets(
  source: Source,
  options?: ReaderOptions,
): AsyncGenerator<Packet, void, undefined> {
  for await (const record of records(source, options)) if (record.type === 'packet') yield record;
}

/** {@link records} of a capture that is there already, without promises. */
export function* recordsSync(
  source: Uint8Array | Iterable<Uint8Array>,
  options?: ReaderOptions,
): Generator<CaptureRecord, void, undefined> {
  const reader = new Reader(options);
  for (const chunk of pieces(source)) {
    reader.push(chunk);
    yield* drain(reader);
  }
  reader.end();
}

/** {@link packets} of a capture that is there already, without promises. */
export function* packetsSync(
  source: Uint8Array | Iterable<Uint8Array>,
  options?: ReaderOptions,
): Generator<Packet, void, undefined> {
  for (const record of recordsSync(source, options)) if (record.type === 'packet') yield record;
}

function* drain(reader: Reader): Generator<CaptureRecord, void, undefined> {
  for (let record = reader.next(); record !== undefined; record = reader.next()) yield record;
}

function pieces<S extends Source>(source: S): Exclude<S, Uint8Array> | Iterable<Uint8Array> {
  if (isBytes(source)) return cut(source);
  const given = Object(source) as { [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
  const hasPieces = given[Symbol.iterator] ?? given[Symbol.asyncIterator];
  if (typeof source === 'string' || typeof hasPieces !== 'function') throw notBytes();
  return source as Exclude<S, Uint8Array>;
}

function* cut(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

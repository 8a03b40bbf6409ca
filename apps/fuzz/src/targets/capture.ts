/**
 * Capture files: the reader on any bytes, at once and in pieces, and the writers on what it gave.
 * @module
 */
import {
  type CaptureRecord,
  type Interface,
  PcapngWriter,
  PcapWriter,
  Reader,
  type Section,
} from '@stack/pcap';
import { hashOf, Random } from '../random.ts';
import { ACCEPTED, must, refusalOf, sameBytes, type Target } from '../target.ts';
import { pcapngSeeds, pcapSeeds } from './seeds.ts';

/** Classic captures. */
export const pcap: Target = { name: 'pcap', seeds: pcapSeeds, trial };
/** Next-generation captures. */
export const pcapng: Target = { name: 'pcapng', seeds: pcapngSeeds, trial };

/** What a reader made of a file. */
interface Reading {
  records: CaptureRecord[];
  /** {@link ACCEPTED}, or the code of the fault behind the records. */
  outcome: string;
  offset: number;
}

/** Records up to the fault; the same in whatever pieces the bytes come; what was read can be written and read again. */
function trial(bytes: Uint8Array): string {
  const hash = hashOf(bytes);
  const whole = read(bytes, [bytes]);
  for (const record of whole.records) mustBeSane(record, bytes.length);
  if ((hash & 3) === 0) {
    const pieces = read(bytes, cut(bytes, hash));
    must(pieces.outcome === whole.outcome && pieces.offset === whole.offset, 'another fault in pieces');
    must(same(pieces.records, whole.records), 'other records in pieces');
  }
  if ((hash & 12) === 0 && whole.records.length > 0) rewrite(whole.records);
  return whole.outcome;
}

function read(bytes: Uint8Array, pieces: readonly Uint8Array[]): Reading {
  const reader = new Reader();
  const records: CaptureRecord[] = [];
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record);
    }
    reader.end();
  } catch (error) {
    const { code, offset } = refusalOf(error, bytes.length);
    return { records, outcome: code, offset };
  }
  return { records, outcome: ACCEPTED, offset: bytes.length };
}

function cut(bytes: Uint8Array, hash: number): Uint8Array[] {
  const random = new Random(hash);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(60);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

function mustBeSane(record: CaptureRecord, length: number): void {
  if (record.type !== 'packet') return;
  must(record.data.length <= length, 'a packet longer than the file');
  if (record.timestamp === undefined) return;
  const { seconds, nanoseconds } = record.timestamp;
  must(Number.isInteger(seconds), `${seconds} seconds`);
  must(Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9, `${nanoseconds} nanoseconds`);
}

/** Writes the records and reads them again. A value that the writer says has no place in the format ends it. */
function rewrite(records: CaptureRecord[]): void {
  const [section] = records as [Section];
  let written: Uint8Array[];
  try {
    written = section.format === 'pcap' ? asPcap(records) : asPcapng(records);
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith('pcap:')) return;
    throw error;
  }
  const bytes = new Uint8Array(written.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of written) {
    bytes.set(part, at);
    at += part.length;
  }
  const again = read(bytes, [bytes]);
  must(again.outcome === ACCEPTED, `what was written is refused: ${again.outcome}`);
  if (section.format === 'pcap') (again.records[0] as Section).minor = section.minor;
  must(same(again.records, records), 'what was written reads otherwise');
}

function asPcap(records: readonly CaptureRecord[]): Uint8Array[] {
  const [{ littleEndian }, first, ...packets] = records as [Section, Interface, ...CaptureRecord[]];
  const { linkType, snapLength, timestampResolution, fcsLength } = first;
  const resolution = timestampResolution === 9 ? 'ns' : 'us';
  const writer = new PcapWriter({ linkType, snapLength, resolution, littleEndian, fcsLength });
  return [
    writer.header(),
    ...packets.map((packet) => writer.write(packet as Parameters<typeof writer.write>[0])),
  ];
}

function asPcapng(records: readonly CaptureRecord[]): Uint8Array[] {
  const writer = new PcapngWriter();
  return records.map((record) => writer.write(record));
}

/** Structural equality of records: plain values, arrays and bytes. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && a.length === b.length && sameBytes(a, b);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => same(a[key as keyof typeof a], b[key as keyof typeof b]));
}

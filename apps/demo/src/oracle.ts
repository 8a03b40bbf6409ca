/**
 * Every decoded field of a capture against what tshark says about it.
 * @module
 */
import { createReadStream } from 'node:fs';
import { type Packet, packets, type Timestamp } from '@stack/pcap';
import { isWireError } from '@stack/skbuff';
import { reencode } from './decode-check.ts';
import { dissect } from './dissect.ts';
import { canonical, type Expectation } from './oracle-expectation.ts';
import { expectations, LAYER_FIELDS } from './oracle-fields.ts';
import { type Compare, compareRoute, gaveUp } from './oracle-route.ts';
import { sharkdReader } from './oracle-sharkd.ts';
import { type Reader, type Row, tsharkReader, valuesOf } from './oracle-tshark.ts';

/** One field of one packet that we and tshark read differently. */
export interface Disagreement {
  file: string;
  /** Number of the packet in its file, from 1; 0 for the file as a whole. */
  packet: number;
  /** tshark's name of the field. */
  field: string;
  ours: string;
  theirs: string;
}

/** What came of the comparison of one capture. */
export interface Comparison {
  file: string;
  /** Packets we read, and those tshark read too. */
  packets: number;
  compared: number;
  /** Compared packets that tshark calls well-formed, and those of them with a header of ours that re-encodes differently. */
  wellFormed: number;
  different: number;
  /** Fields compared. */
  fields: number;
  disagreements: Disagreement[];
}

/** Fields about the packet as a whole. `frame.encap_type` is empty where tshark counts a block without packet as a frame. */
const FRAME_FIELDS = [
  'frame.len',
  'frame.cap_len',
  'frame.time_epoch',
  'frame.encap_type',
  'frame.protocols',
];
/** tshark's complaints, and what tells that it took an Ethernet header for something else. */
const VERDICT_FIELDS = ['_ws.malformed', '_ws.short', '_ws.unreassembled', 'eth.invalid_lentype', 'isl.dst'];

/** All fields that are compared. */
export const FIELDS: readonly string[] = [...FRAME_FIELDS, ...VERDICT_FIELDS, ...LAYER_FIELDS];

/** A reader of what {@link compareCapture} compares: sharkd where there is one, else tshark. */
export async function openReader(): Promise<Reader> {
  return (await sharkdReader(FIELDS)) ?? tsharkReader(FIELDS);
}

/** Compares one capture. Throws CommandError where there is no tshark, the file system's error where there is no file. */
export async function compareCapture(file: string, reader: Reader): Promise<Comparison> {
  const result: Comparison = {
    file,
    packets: 0,
    compared: 0,
    wellFormed: 0,
    different: 0,
    fields: 0,
    disagreements: [],
  };
  const reading = await reader.read(file);
  const rows = reading.rows.filter((row) => valuesOf(row, 'frame.encap_type').length > 0);
  let refusal: string | undefined;
  try {
    for await (const packet of packets(createReadStream(file))) {
      const row = rows[result.packets++];
      if (row === undefined) continue;
      const { wellFormed, different, fields, disagreements } = comparePacket(packet, row);
      result.compared++;
      if (wellFormed) result.wellFormed++;
      if (wellFormed && different) result.different++;
      result.fields += fields;
      for (const one of disagreements) result.disagreements.push({ file, packet: result.packets, ...one });
    }
  } catch (error) {
    if (!isWireError(error)) throw error;
    refusal = error.code;
  }
  // tshark knows fewer link types than there are, and then reads none of a file; it reads later minor versions of pcap as 2.4.
  const missed = rows.length > result.packets || (refusal !== undefined && reading.isWhole);
  const cutShort = rows.length < result.packets && reading.isWhole;
  if ((missed && refusal !== 'PCAP_BAD_VERSION') || cutShort) {
    const ours = `${result.packets}${refusal === undefined ? '' : `, then ${refusal}`}`;
    result.disagreements.push({ file, packet: 0, field: 'packets', ours, theirs: String(rows.length) });
  }
  return result;
}

/** What came of the comparison of one packet. */
export interface PacketComparison {
  /** Whether tshark calls it well-formed. */
  wellFormed: boolean;
  /** Whether a header of ours re-encodes to other bytes. */
  different: boolean;
  /** Fields compared. */
  fields: number;
  disagreements: Pick<Disagreement, 'field' | 'ours' | 'theirs'>[];
}

/** Compares one packet with what tshark says about it. */
export function comparePacket(packet: Packet, row: Row): PacketComparison {
  const found = dissect(packet.data, packet.linkType);
  const result: PacketComparison = {
    wellFormed: valuesOf(row, '_ws.malformed').length === 0,
    different: reencode(packet.data, found).length > 0,
    fields: 0,
    disagreements: [],
  };
  const compare: Compare = (field, ours, theirs) => {
    result.fields++;
    if (ours !== theirs) result.disagreements.push({ field, ours, theirs });
  };
  const theirTime = valuesOf(row, 'frame.time_epoch').join();
  compare('frame.time_epoch', formatEpoch(packet.timestamp, theirTime), theirTime);
  // Of link types we do not know, tshark may count a pseudo-header out.
  if (found.layers.length > 0) {
    compare('frame.len', String(packet.originalLength), valuesOf(row, 'frame.len').join());
    compare('frame.cap_len', String(packet.data.length), valuesOf(row, 'frame.cap_len').join());
  }
  const { depth, further } = compareRoute(found, row, compare);
  for (const expectation of expectations(packet.data, found, packet.originalLength, depth)) {
    compareField(expectation, row, further, compare);
  }
  return result;
}

/**
 * A moment as tshark prints it. Of a broken record with a second of fractions and more we carry into the seconds; tshark
 * does not, and keeps nanoseconds in 32 bits: then its own text is given back if it means the same.
 */
function formatEpoch(time: Timestamp | undefined, theirs: string): string {
  if (time === undefined) return '';
  const sign = theirs.startsWith('-') ? -1 : 1;
  const [seconds, fraction] = theirs.replace('-', '').split('.').map(Number);
  if (seconds !== undefined && fraction !== undefined && time.seconds > seconds) {
    const carried = (time.seconds - seconds) * 1_000_000_000 + time.nanoseconds;
    if ((carried - sign * fraction) % 0x1_0000_0000 === 0) return theirs;
  }
  return `${time.seconds}.${String(time.nanoseconds).padStart(9, '0')}`;
}

/** Compares one field of the headers, all its values; those of headers that are `further` on follow ours. */
function compareField(
  { field, values }: Expectation,
  row: Row,
  further: ReadonlySet<string>,
  compare: Compare,
): void {
  let theirs = field.split('|').flatMap((name) => valuesOf(row, name).map(canonical));
  // IPv6 has `ip.version` too.
  const owners = field === 'ip.version' ? ['ip', 'ipv6'] : [field.split('.')[0]!];
  if (owners.some((protocol) => further.has(protocol))) theirs = theirs.slice(0, values.length);
  // tshark leaves options at the first thing it cannot make sense of, and a message where it ends too early: what it had by then
  // must agree.
  const cut =
    (valuesOf(row, '_ws.malformed').length > 0 && field.includes('.opt')) ||
    (gaveUp(row) && field.startsWith('icmp.'));
  const ours = (cut ? values.slice(0, theirs.length) : values).map((value, i) => value ?? theirs[i] ?? '');
  compare(field, ours.join(), theirs.join());
}

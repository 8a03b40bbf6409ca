/**
 * Every decoded field of a capture against what tshark says about it.
 * @module
 */
import { createReadStream } from 'node:fs';
import { type Packet, packets, type Timestamp } from '@stack/pcap';
import { isWireError } from '@stack/skbuff';
import { reencode } from './decode-check.ts';
import { type Dissection, dissect, type Layer, type Refusal, verify } from './dissect.ts';
import { canonical, type Expectation, expectations, LAYER_FIELDS } from './oracle-fields.ts';
import { type Row, readWithTshark } from './oracle-tshark.ts';

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
const VERDICT_FIELDS = ['_ws.malformed', '_ws.short', 'eth.invalid_lentype', 'isl.dst'];

/** Compares one capture. Throws CommandError where there is no tshark, the file system's error where there is no file. */
export async function compareCapture(file: string): Promise<Comparison> {
  const result: Comparison = {
    file,
    packets: 0,
    compared: 0,
    wellFormed: 0,
    different: 0,
    fields: 0,
    disagreements: [],
  };
  const reading = await readWithTshark(file, [...FRAME_FIELDS, ...VERDICT_FIELDS, ...LAYER_FIELDS]);
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
  const missed = rows.length > result.packets || (refusal !== undefined && reading.fault === undefined);
  const cutShort = rows.length < result.packets && reading.fault === undefined;
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
  const checksums = verify(packet.data, found);
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
  const route = routeOf(row);
  const depth = compareRoute(found, row, route, compare);
  for (const layer of found.layers.slice(0, depth)) {
    for (const expectation of expectations(layer, found, checksums, packet.originalLength)) {
      compareField(expectation, row, route, compare);
    }
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

/** Our names for tshark's protocols, and those it puts between them for parts of a header of ours. */
const PROTOCOLS: Readonly<Record<string, Layer['name']>> = {
  eth: 'ethernet',
  arp: 'arp',
  ip: 'ipv4',
  tcp: 'tcp',
};
const PARTS: ReadonlySet<string> = new Set(['ethertype', 'vlan', 'ieee8021ad', 'llc', 'raw', 'null', 'sll']);

/** How tshark went through a packet. */
interface Route {
  /** Headers of ours, as far as nothing else is between them. */
  names: Layer['name'][];
  /** Its protocols from there on. */
  rest: string[];
}

/** Notes a comparison, and that its sides differ. */
type Compare = (field: string, ours: string, theirs: string) => void;

/** The headers tshark found that we should have found too, up to the first protocol that is none of ours. */
function routeOf(row: Row): Route {
  const protocols = valuesOf(row, 'frame.protocols').join().split(':');
  const names: Layer['name'][] = [];
  // In an ISL frame the Ethernet header is that of the frame within.
  if (valuesOf(row, 'isl.dst').length > 0) return { names, rest: protocols };
  let at = 0;
  for (; at < protocols.length; at++) {
    const name = PROTOCOLS[protocols[at]!];
    // Nothing is in ARP; where tshark names it twice, that is another view of the same bytes. A header of a kind we had is
    // one in a tunnel, which we do not enter.
    if (names.at(-1) === 'arp' || (name === undefined ? !PARTS.has(protocols[at]!) : names.includes(name)))
      break;
    if (name !== undefined) names.push(name);
  }
  return { names, rest: protocols.slice(at) };
}

/** Compares which headers were found, and gives how many both have. What we refused, tshark must find fault with. */
function compareRoute(found: Dissection, row: Row, { names, rest }: Route, compare: Compare): number {
  const ours = found.layers.map(({ name }) => name);
  // By RFC 2225 ATM's ARP has a layout of its own, and tshark a second name for it.
  const theirs = rest[0] === 'atmarp' ? names.slice(0, -1) : [...names];
  if (found.refused !== undefined) {
    const agreed = confirms(found.refused, row) ? found.refused.code : 'nothing wrong';
    compare(`refused ${found.refused.name}`, found.refused.code, agreed);
    if (theirs.at(-1) === found.refused.name) theirs.pop();
  }
  // tshark leaves a packet at the first thing it cannot make sense of, an option perhaps, and never comes to what follows.
  const malformed = valuesOf(row, '_ws.malformed').length > 0;
  const both = malformed ? ours.slice(0, theirs.length) : ours;
  compare('frame.protocols', both.join(':'), theirs.join(':'));
  return both.length;
}

/** Whether tshark's fields, or its complaints, say what our code says. */
function confirms({ code }: Refusal, row: Row): boolean {
  const number = (field: string): number => Number(valuesOf(row, field)[0]);
  switch (code) {
    case 'IPV4_BAD_VERSION':
      return number('ip.version') !== 4;
    case 'IPV4_TRUNCATED':
      // tshark looks at the first byte first, and no further if that is wrong.
      return number('ip.version') !== 4 || number('ip.hdr_len') < 20 || gaveUp(row);
    case 'IPV4_BAD_IHL':
      return number('ip.hdr_len') < 20;
    case 'IPV4_BAD_TOTLEN':
      return number('ip.len') < number('ip.hdr_len');
    case 'TCP_BAD_DOFF':
      return number('tcp.hdr_len') < 20;
    case 'ETH_BAD_TYPE':
      return valuesOf(row, 'eth.invalid_lentype').length > 0;
    default:
      return gaveUp(row);
  }
}

/** Whether tshark missed bytes: of the packet itself, or for it was captured in part. */
function gaveUp(row: Row): boolean {
  return valuesOf(row, '_ws.malformed').length > 0 || valuesOf(row, '_ws.short').length > 0;
}

/** Compares one field of a header. */
function compareField({ field, values }: Expectation, row: Row, route: Route, compare: Compare): void {
  let theirs = field.split('|').flatMap((name) => valuesOf(row, name).map(canonical));
  // Values of further headers of the same kind, behind those we decode, follow ours; IPv6 has `ip.version` too.
  const owners = field === 'ip.version' ? ['ip', 'ipv6'] : [field.split('.')[0]!];
  if (owners.some((protocol) => route.rest.includes(protocol))) theirs = theirs.slice(0, values.length);
  // tshark leaves options at the first thing it cannot make sense of: what it had by then must agree.
  const cut = valuesOf(row, '_ws.malformed').length > 0 && field.includes('.opt');
  compare(field, (cut ? values.slice(0, theirs.length) : values).join(), theirs.join());
}

function valuesOf(row: Row, field: string): readonly string[] {
  return row.get(field) ?? [];
}

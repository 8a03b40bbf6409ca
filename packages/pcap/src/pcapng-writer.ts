import { viewOf } from '@stack/skbuff';
import { checkBytes } from './bytes.ts';
import { OptionBuilder, padded } from './options.ts';
import { type PacketInput, u32 } from './pcap-writer.ts';
import {
  ADDRESS_LENGTH,
  BLOCK_HEADER,
  BLOCK_TRAILER,
  ENHANCED_PACKET,
  INTERFACE_DESCRIPTION,
  INTERFACE_STATISTICS,
  NAME_RESOLUTION,
  SECTION_HEADER,
  SIMPLE_PACKET,
} from './pcapng-parser.ts';
import type { Block, CaptureRecord, Interface, Name, Names, Section, Statistics } from './records.ts';
import { toTicks } from './time.ts';
import { encodeUtf8 } from './utf8.ts';

/** How a pcapng file starts. */
export interface PcapngWriterOptions {
  /** Fields of the first section; little-endian and without options unless told. */
  section?: Partial<Section>;
  /** Interfaces described at once; their ids count from 0. */
  interfaces?: readonly InterfaceInput[];
}

/**
 * What a writer needs of an interface; `id` is given by the order of writing. `timestampResolution` is 9, nanoseconds, unless
 * given: what the reader gives always says it.
 */
export type InterfaceInput = Pick<Interface, 'linkType'> & Partial<Interface>;

/** A record as {@link PcapngWriter.write} takes it; one without `type` is a packet. */
export type RecordInput =
  | (Partial<Section> & { type: 'section' })
  | (InterfaceInput & { type: 'interface' })
  | PacketInput
  | Exclude<CaptureRecord, { type: 'section' | 'interface' | 'packet' }>;

/** What is remembered of an interface of the section. */
type Known = Pick<Interface, 'linkType' | 'snapLength' | 'timestampResolution' | 'timestampOffset'>;

/** Resolution of an interface whose input does not say: nanoseconds, which loses nothing. */
const NANOSECONDS = 9;
/** Resolution of an interface without if_tsresol: microseconds. */
const FORMAT_RESOLUTION = 6;

/** Writes a pcapng file piece by piece: `header()` first, then `write` for each record; the pieces in order are the file. */
export class PcapngWriter {
  readonly #options: PcapngWriterOptions;
  #littleEndian = true;
  #interfaces: Known[] = [];

  constructor(options: PcapngWriterOptions = {}) {
    this.#options = options;
  }

  /** The first section and the interfaces given to the constructor. */
  header(): Uint8Array {
    const { section, interfaces = [] } = this.#options;
    return join([this.#section(section ?? {}), ...interfaces.map((each) => this.#interface(each))]);
  }

  /**
   * One record. A packet without `interface` belongs to interface 0. One without timestamp becomes a Simple Packet Block if
   * nothing is lost by that, and else has the timestamp 0. A section read from a pcap file becomes one of pcapng. Throws
   * RangeError where a value does not fit the format or `linkType` is not that of the interface, TypeError where bytes are no
   * Uint8Array.
   */
  write(record: RecordInput): Uint8Array {
    switch (record.type) {
      case 'section':
        return this.#section(record);
      case 'interface':
        return this.#interface(record);
      case 'names':
        return this.#names(record);
      case 'statistics':
        return this.#statistics(record);
      case 'block':
        return this.#block(record.blockType, [checkBody(record)]);
      default:
        return this.#packet(record);
    }
  }

  #section(section: Partial<Section>): Uint8Array {
    this.#littleEndian = section.littleEndian ?? true;
    this.#interfaces = [];
    const fixed = new Uint8Array(16);
    const view = viewOf(fixed);
    view.setUint32(0, 0x1a2b_3c4d, this.#littleEndian);
    const { major = 1, minor = 0 } = section.format === 'pcap' ? {} : section;
    view.setUint16(4, major, this.#littleEndian);
    view.setUint16(6, minor, this.#littleEndian);
    fixed.fill(0xff, 8); // section length: not known
    const options = this.#builder()
      .text(2, section.hardware)
      .text(3, section.os)
      .text(4, section.application);
    return this.#block(SECTION_HEADER, [
      fixed,
      options.rest(section.comments ?? [], section.options ?? []).bytes(),
    ]);
  }

  #interface(record: InterfaceInput): Uint8Array {
    const { linkType, snapLength = 0, timestampResolution = NANOSECONDS, timestampOffset = 0 } = record;
    if (!Number.isInteger(linkType) || linkType < 0 || linkType > 0xffff)
      throw new RangeError(`pcap: link type ${linkType}`);
    const fixed = new Uint8Array(8);
    const view = viewOf(fixed);
    view.setUint16(0, linkType, this.#littleEndian);
    view.setUint32(4, u32('snapLength', snapLength), this.#littleEndian);
    const options = this.#builder().text(2, record.name).text(3, record.description);
    if (timestampResolution !== FORMAT_RESOLUTION) options.number(9, 1, timestampResolution);
    options.number(13, 1, record.fcsLength);
    if (timestampOffset !== 0) options.signed(14, timestampOffset);
    options.rest(record.comments ?? [], record.options ?? []);
    const bytes = this.#block(INTERFACE_DESCRIPTION, [fixed, options.bytes()]);
    this.#interfaces.push({ linkType, snapLength, timestampResolution, timestampOffset });
    return bytes;
  }

  #packet(packet: PacketInput): Uint8Array {
    const data = checkBytes('data', packet.data);
    const { interface: id = 0, originalLength = data.length, timestamp, linkType } = packet;
    const known = this.#known(id);
    if (linkType !== undefined && linkType !== known.linkType) {
      throw new RangeError(`pcap: a packet of link type ${linkType} on interface ${id} of ${known.linkType}`);
    }
    u32('originalLength', originalLength);
    const options = this.#builder().number(2, 4, packet.flags);
    const tail = options.rest(packet.comments ?? [], packet.options ?? []).bytes();
    if (timestamp === undefined && tail.length === 0 && id === 0) {
      const { snapLength } = known;
      const told = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
      if (data.length === told) return this.#simplePacket(data, originalLength);
    }
    const { timestampResolution, timestampOffset } = known;
    const ticks = timestamp === undefined ? [0, 0] : toTicks(timestamp, timestampResolution, timestampOffset);
    const fixed = new Uint8Array(20);
    this.#words(fixed, [id, ...ticks, data.length, originalLength]);
    return this.#block(ENHANCED_PACKET, [fixed, data, tail]);
  }

  #simplePacket(data: Uint8Array, originalLength: number): Uint8Array {
    const fixed = new Uint8Array(4);
    this.#words(fixed, [originalLength]);
    return this.#block(SIMPLE_PACKET, [fixed, data]);
  }

  #names(record: Names): Uint8Array {
    const entries = record.entries.flatMap((entry) => this.#name(entry));
    const options = this.#builder().rest(record.comments, record.options).bytes();
    return this.#block(NAME_RESOLUTION, [...entries, new Uint8Array(4), options]);
  }

  #name({ type, address, names }: Name): Uint8Array[] {
    checkBytes('address', address);
    if (address.length !== (ADDRESS_LENGTH[type] ?? address.length) || type < 1 || type > 0xffff) {
      throw new RangeError(`pcap: an address of ${address.length} bytes and type ${type}`);
    }
    const text = encodeUtf8(names.map((name) => `${name}\0`).join(''));
    const fixed = new Uint8Array(4);
    const view = viewOf(fixed);
    if (address.length + text.length > 0xffff) throw new RangeError('pcap: too many names for one address');
    view.setUint16(0, type, this.#littleEndian);
    view.setUint16(2, address.length + text.length, this.#littleEndian);
    return [fixed, join([address, text])];
  }

  #statistics(record: Statistics): Uint8Array {
    const { timestampResolution, timestampOffset } = this.#known(record.interface);
    const ticks = (time: Statistics['timestamp']): [number, number] =>
      toTicks(time, timestampResolution, timestampOffset);
    const fixed = new Uint8Array(12);
    this.#words(fixed, [record.interface, ...ticks(record.timestamp)]);
    const options = this.#builder()
      .pair(2, record.startTime && ticks(record.startTime))
      .pair(3, record.endTime && ticks(record.endTime))
      .number(4, 8, record.received)
      .number(5, 8, record.dropped)
      .rest(record.comments, record.options);
    return this.#block(INTERFACE_STATISTICS, [fixed, options.bytes()]);
  }

  #known(id: number): Known {
    const known = this.#interfaces[id];
    if (known === undefined) throw new RangeError(`pcap: interface ${id} was not written in this section`);
    return known;
  }

  #builder(): OptionBuilder {
    return new OptionBuilder(this.#littleEndian);
  }

  #words(bytes: Uint8Array, words: readonly number[]): void {
    const view = viewOf(bytes);
    for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i]!, this.#littleEndian);
  }

  /** Frames the parts, each padded to four bytes, as a block. */
  #block(type: number, parts: readonly Uint8Array[]): Uint8Array {
    const body = parts.reduce((sum, part) => sum + padded(part.length), 0);
    const bytes = new Uint8Array(BLOCK_HEADER + body + BLOCK_TRAILER);
    const view = viewOf(bytes);
    view.setUint32(0, u32('blockType', type), this.#littleEndian);
    view.setUint32(4, bytes.length, this.#littleEndian);
    let at = BLOCK_HEADER;
    for (const part of parts) {
      bytes.set(part, at);
      at += padded(part.length);
    }
    view.setUint32(at, bytes.length, this.#littleEndian);
    return bytes;
  }
}

function checkBody({ blockType, body }: Block): Uint8Array {
  const known =
    blockType === SECTION_HEADER || (blockType >= INTERFACE_DESCRIPTION && blockType <= ENHANCED_PACKET);
  if (known) throw new RangeError(`pcap: a block of type ${blockType} is written as its own record`);
  if (checkBytes('body', body).length % 4 !== 0)
    throw new RangeError(`pcap: a block body of ${body.length} bytes`);
  return body;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

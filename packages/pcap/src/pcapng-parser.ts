/**
 * The pcapng format: draft-ietf-opsawg-pcapng.
 * @module
 */
import { WireError } from '@stack/skbuff';
import type { ByteQueue } from './byte-queue.ts';
import { OptionList, padded } from './options.ts';
import type { CaptureRecord, Interface, Name, Packet, Section, Statistics } from './records.ts';
import { fromTicks, ticksPerSecond } from './time.ts';
import { decodeUtf8 } from './utf8.ts';

/** Block types. */
export const SECTION_HEADER = 0x0a0d_0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const OBSOLETE_PACKET = 2;
export const SIMPLE_PACKET = 3;
export const NAME_RESOLUTION = 4;
export const INTERFACE_STATISTICS = 5;
export const ENHANCED_PACKET = 6;

/** Block type and length in front, length behind. */
export const BLOCK_HEADER = 8,
  BLOCK_TRAILER = 4;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d,
  BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c_2b1a;
/** Interfaces remembered in one section; a file that describes more is refused. */
const MAX_INTERFACES = 65_536;

/** Bytes an entry's address has, by its type. */
export const ADDRESS_LENGTH: readonly (number | undefined)[] = [undefined, 4, 16, 6, 8];

/** A whole block with its common parts checked. */
interface Body {
  queue: ByteQueue;
  view: DataView;
  /** First byte between the two length fields, and the byte behind the last. */
  at: number;
  end: number;
}

/** Parser for a pcapng file of any number of sections; `next` gives undefined where it needs more bytes. */
export class PcapngParser {
  readonly #limit: number;
  #littleEndian = true;
  #interfaces: Interface[] = [];
  /** Ticks a second, by interface. */
  #rates: bigint[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  next(queue: ByteQueue): CaptureRecord | undefined {
    if (queue.length < BLOCK_HEADER + BLOCK_TRAILER) return undefined;
    const { view, start, position } = queue;
    if (view.getUint32(start) === SECTION_HEADER) this.#byteOrder(view.getUint32(start + 8), position);
    const type = view.getUint32(start, this.#littleEndian);
    const length = view.getUint32(start + 4, this.#littleEndian);
    if (length < BLOCK_HEADER + BLOCK_TRAILER || length % 4 !== 0)
      throw new WireError('PCAP_BAD_LENGTH', position + 4);
    if (length > this.#limit) throw new WireError('PCAP_TOO_BIG', position + 4);
    if (queue.length < length) return undefined;
    if (view.getUint32(start + length - BLOCK_TRAILER, this.#littleEndian) !== length) {
      throw new WireError('PCAP_LENGTH_MISMATCH', position + length - BLOCK_TRAILER);
    }
    const record = this.#block(type, {
      queue,
      view,
      at: start + BLOCK_HEADER,
      end: start + length - BLOCK_TRAILER,
    });
    queue.consume(length);
    return record;
  }

  #byteOrder(magic: number, position: number): void {
    if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_MAGIC_SWAPPED) {
      throw new WireError('PCAP_BAD_MAGIC', position + 8);
    }
    this.#littleEndian = magic === BYTE_ORDER_MAGIC_SWAPPED;
  }

  #block(type: number, body: Body): CaptureRecord {
    switch (type) {
      case SECTION_HEADER:
        return this.#section(body);
      case INTERFACE_DESCRIPTION:
        return this.#interface(body);
      case ENHANCED_PACKET:
      case OBSOLETE_PACKET:
        return this.#packet(body, type);
      case SIMPLE_PACKET:
        return this.#simplePacket(body);
      case NAME_RESOLUTION:
        return this.#names(body);
      case INTERFACE_STATISTICS:
        return this.#statistics(body);
      default:
        return { type: 'block', blockType: type, body: body.queue.bytes.slice(body.at, body.end) };
    }
  }

  #section(body: Body): Section {
    need(body, 16);
    const { view, at } = body;
    const major = view.getUint16(at + 4, this.#littleEndian);
    const minor = view.getUint16(at + 6, this.#littleEndian);
    // 1.2 was written by some programs and means the same as 1.0.
    if (major !== 1 || (minor !== 0 && minor !== 2))
      throw new WireError('PCAP_BAD_VERSION', place(body, at + 4));
    this.#interfaces = [];
    this.#rates = [];
    const options = this.#options(body, at + 16);
    return {
      type: 'section',
      format: 'pcapng',
      littleEndian: this.#littleEndian,
      major,
      minor,
      comments: options.comments(),
      hardware: options.text(2),
      os: options.text(3),
      application: options.text(4),
      options: options.rest,
    };
  }

  #interface(body: Body): Interface {
    need(body, 8);
    const { view, at } = body;
    if (this.#interfaces.length === MAX_INTERFACES)
      throw new WireError('PCAP_TOO_MANY_INTERFACES', place(body, at));
    const options = this.#options(body, at + 8);
    const record: Interface = {
      type: 'interface',
      id: this.#interfaces.length,
      linkType: view.getUint16(at, this.#littleEndian),
      snapLength: view.getUint32(at + 4, this.#littleEndian),
      name: options.text(2),
      description: options.text(3),
      comments: options.comments(),
      timestampResolution: options.number(9, 1) ?? 6,
      timestampOffset: options.signed(14) ?? 0,
      fcsLength: options.number(13, 1),
      options: options.rest,
    };
    this.#interfaces.push(record);
    this.#rates.push(ticksPerSecond(record.timestampResolution));
    return record;
  }

  #packet(body: Body, type: number): Packet {
    need(body, 20);
    const { view, at, end, queue } = body;
    const obsolete = type === OBSOLETE_PACKET;
    const id = obsolete ? view.getUint16(at, this.#littleEndian) : view.getUint32(at, this.#littleEndian);
    const { linkType } = this.#known(id, body);
    const captured = view.getUint32(at + 12, this.#littleEndian);
    if (captured > end - at - 20) throw new WireError('PCAP_BAD_LENGTH', place(body, at + 12));
    const options = this.#options(body, at + 20 + padded(captured));
    return {
      type: 'packet',
      interface: id,
      linkType,
      timestamp: this.#time(
        id,
        view.getUint32(at + 4, this.#littleEndian),
        view.getUint32(at + 8, this.#littleEndian),
      ),
      originalLength: view.getUint32(at + 16, this.#littleEndian),
      data: queue.bytes.slice(at + 20, at + 20 + captured),
      comments: options.comments(),
      flags: options.number(2, 4),
      options: options.rest,
    };
  }

  #simplePacket(body: Body): Packet {
    need(body, 4);
    const { view, at, end, queue } = body;
    const { linkType, snapLength } = this.#known(0, body);
    const originalLength = view.getUint32(at, this.#littleEndian);
    const captured = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
    if (captured > end - at - 4) throw new WireError('PCAP_BAD_LENGTH', place(body, at));
    return {
      type: 'packet',
      interface: 0,
      linkType,
      timestamp: undefined,
      originalLength,
      data: queue.bytes.slice(at + 4, at + 4 + captured),
      comments: [],
      flags: undefined,
      options: [],
    };
  }

  #names(body: Body): CaptureRecord {
    const { view, end, queue } = body;
    const entries: Name[] = [];
    let at = body.at;
    while (end - at >= 4) {
      const type = view.getUint16(at, this.#littleEndian);
      const length = view.getUint16(at + 2, this.#littleEndian);
      at += 4;
      if (type === 0) break;
      const addressLength = ADDRESS_LENGTH[type] ?? length;
      if (length > end - at || length < addressLength)
        throw new WireError('PCAP_BAD_LENGTH', place(body, at - 2));
      const names = decodeUtf8(queue.bytes.subarray(at + addressLength, at + length)).split('\0');
      if (names.at(-1) === '') names.pop();
      entries.push({ type, address: queue.bytes.slice(at, at + addressLength), names });
      at += padded(length);
    }
    const options = this.#options(body, at);
    return { type: 'names', entries, comments: options.comments(), options: options.rest };
  }

  #statistics(body: Body): Statistics {
    need(body, 12);
    const { view, at } = body;
    const id = view.getUint32(at, this.#littleEndian);
    this.#known(id, body);
    const options = this.#options(body, at + 12);
    const start = options.pair(2);
    const stop = options.pair(3);
    return {
      type: 'statistics',
      interface: id,
      timestamp: this.#time(
        id,
        view.getUint32(at + 4, this.#littleEndian),
        view.getUint32(at + 8, this.#littleEndian),
      ),
      startTime: start && this.#time(id, ...start),
      endTime: stop && this.#time(id, ...stop),
      received: options.number(4, 8),
      dropped: options.number(5, 8),
      comments: options.comments(),
      options: options.rest,
    };
  }

  #known(id: number, body: Body): Interface {
    const record = this.#interfaces[id];
    if (record === undefined) throw new WireError('PCAP_BAD_INTERFACE', place(body, body.at));
    return record;
  }

  #time(id: number, high: number, low: number): ReturnType<typeof fromTicks> {
    return fromTicks(high, low, this.#rates[id]!, this.#interfaces[id]!.timestampOffset);
  }

  #options(body: Body, at: number): OptionList {
    return new OptionList(body.view, at, body.end, place(body, at), this.#littleEndian);
  }
}

/** Where index `at` of the queue is in the file. */
function place({ queue }: Body, at: number): number {
  return queue.position + at - queue.start;
}

function need(body: Body, size: number): void {
  if (body.end - body.at < size) throw new WireError('PCAP_BAD_LENGTH', place(body, body.at - 4));
}

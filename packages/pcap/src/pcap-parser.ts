/**
 * The classic pcap format: draft-ietf-opsawg-pcap; old versions as libpcap documents them in pcap-savefile(5).
 * @module
 */
import { WireError } from '@stack/skbuff';
import type { ByteQueue } from './byte-queue.ts';
import type { CaptureRecord, Packet } from './records.ts';

const FILE_HEADER = 24;
/** Reserved bits of the link type word, and where the FCS length in 16-bit words stands when its flag is set. */
const RESERVED = 0x03ff_0000,
  FCS_PRESENT = 0x0400_0000,
  FCS_SHIFT = 28;

/** What the magic number says about a file. */
interface Variant {
  littleEndian: boolean;
  /** if_tsresol of the second half of a timestamp: 6 or 9. */
  resolution: 6 | 9;
  /** Bytes in front of each packet: 16, or 24 in Kuznetzov's patched libpcap. */
  recordHeader: 16 | 24;
}

/** The variant for a magic number read in network byte order; undefined for anything that is not pcap. */
export function pcapVariant(magic: number): Variant | undefined {
  switch (magic) {
    case 0xa1b2_c3d4:
      return { littleEndian: false, resolution: 6, recordHeader: 16 };
    case 0xd4c3_b2a1:
      return { littleEndian: true, resolution: 6, recordHeader: 16 };
    case 0xa1b2_3c4d:
      return { littleEndian: false, resolution: 9, recordHeader: 16 };
    case 0x4d3c_b2a1:
      return { littleEndian: true, resolution: 9, recordHeader: 16 };
    case 0xa1b2_cd34:
      return { littleEndian: false, resolution: 6, recordHeader: 24 };
    case 0x34cd_b2a1:
      return { littleEndian: true, resolution: 6, recordHeader: 24 };
    default:
      return undefined;
  }
}

/** Parser for one pcap file; `next` gives undefined where it needs more bytes. */
export class PcapParser {
  readonly #variant: Variant;
  readonly #limit: number;
  #linkType = -1;
  #minor = 4;
  #pending: CaptureRecord[] = [];

  constructor(variant: Variant, limit: number) {
    this.#variant = variant;
    this.#limit = limit;
  }

  next(queue: ByteQueue): CaptureRecord | undefined {
    if (this.#linkType < 0) this.#fileHeader(queue);
    return this.#pending.shift() ?? (this.#linkType < 0 ? undefined : this.#packet(queue));
  }

  #fileHeader(queue: ByteQueue): void {
    if (queue.length < FILE_HEADER) return;
    const { view, start, position } = queue;
    const { littleEndian, resolution } = this.#variant;
    const major = view.getUint16(start + 4, littleEndian);
    this.#minor = view.getUint16(start + 6, littleEndian);
    if (major !== 2 || this.#minor > 4) throw new WireError('PCAP_BAD_VERSION', position + 4);
    const network = view.getUint32(start + 20, littleEndian);
    if ((network & RESERVED) !== 0) throw new WireError('PCAP_BAD_LINK_TYPE', position + 20);
    this.#linkType = network & 0xffff;
    this.#pending.push(
      {
        type: 'section',
        format: 'pcap',
        littleEndian,
        major,
        minor: this.#minor,
        comments: [],
        hardware: undefined,
        os: undefined,
        application: undefined,
        options: [],
      },
      {
        type: 'interface',
        id: 0,
        linkType: this.#linkType,
        snapLength: view.getUint32(start + 16, littleEndian),
        name: undefined,
        description: undefined,
        comments: [],
        timestampResolution: resolution,
        timestampOffset: 0,
        fcsLength: (network & FCS_PRESENT) === 0 ? undefined : (network >>> FCS_SHIFT) * 16,
        options: [],
      },
    );
    queue.consume(FILE_HEADER);
  }

  #packet(queue: ByteQueue): Packet | undefined {
    const { littleEndian, resolution, recordHeader } = this.#variant;
    if (queue.length < recordHeader) return undefined;
    const { view, start } = queue;
    let captured = view.getUint32(start + 8, littleEndian);
    let originalLength = view.getUint32(start + 12, littleEndian);
    // Up to version 2.2 the two lengths stood the other way round, in 2.3 either way.
    if (this.#minor < 3 || (this.#minor === 3 && captured > originalLength)) {
      [captured, originalLength] = [originalLength, captured];
    }
    if (captured > this.#limit) throw new WireError('PCAP_TOO_BIG', queue.position + 8);
    if (queue.length < recordHeader + captured) return undefined;
    const fraction = view.getUint32(start + 4, littleEndian) * (resolution === 6 ? 1000 : 1);
    const nanoseconds = fraction % 1_000_000_000;
    const at = start + recordHeader;
    const packet: Packet = {
      type: 'packet',
      interface: 0,
      linkType: this.#linkType,
      timestamp: {
        // Broken files hold a million microseconds and more; they carry into the seconds.
        seconds: view.getUint32(start, littleEndian) + (fraction - nanoseconds) / 1_000_000_000,
        nanoseconds,
      },
      originalLength,
      data: queue.bytes.slice(at, at + captured),
      comments: [],
      flags: undefined,
      options: [],
    };
    queue.consume(recordHeader + captured);
    return packet;
  }
}

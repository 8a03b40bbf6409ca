import { viewOf } from '@stack/skbuff';
import { checkBytes } from './bytes.ts';
import type { Packet } from './records.ts';
import { checkTimestamp } from './time.ts';

/** What a writer needs of a packet; everything else has a default. */
export type PacketInput = Pick<Packet, 'data'> & Partial<Packet>;

/** How a pcap file is written. */
export interface PcapWriterOptions {
  /** LINKTYPE number, u16. */
  linkType: number;
  /** Snapshot length in the file header, u32. 262144 unless told. */
  snapLength?: number;
  /** Unit of the second half of a timestamp: microseconds unless told. */
  resolution?: 'us' | 'ns';
  /** Byte order. Little-endian unless told. */
  littleEndian?: boolean;
  /** Length of the frame check sequence in bits: a multiple of 16 up to 240. Not said unless told. */
  fcsLength?: number | undefined;
}

/** Writes a pcap file piece by piece: `header()` first, then `write` for each packet; the pieces in order are the file. */
export class PcapWriter {
  readonly #options: Required<PcapWriterOptions>;

  /** Throws RangeError where an option does not fit its field. */
  constructor(options: PcapWriterOptions) {
    const { linkType, snapLength = 0x4_0000, resolution = 'us', littleEndian = true, fcsLength } = options;
    if (!Number.isInteger(linkType) || linkType < 0 || linkType > 0xffff)
      throw new RangeError(`pcap: link type ${linkType}`);
    if (fcsLength !== undefined && (fcsLength % 16 !== 0 || fcsLength < 0 || fcsLength > 240)) {
      throw new RangeError(`pcap: an FCS of ${fcsLength} bits`);
    }
    this.#options = {
      linkType,
      snapLength: u32('snapLength', snapLength),
      resolution,
      littleEndian,
      fcsLength,
    };
  }

  /** The 24 bytes at the start of the file. */
  header(): Uint8Array {
    const { linkType, snapLength, resolution, littleEndian, fcsLength } = this.#options;
    const bytes = new Uint8Array(24);
    const view = viewOf(bytes);
    view.setUint32(0, resolution === 'us' ? 0xa1b2_c3d4 : 0xa1b2_3c4d, littleEndian);
    view.setUint16(4, 2, littleEndian);
    view.setUint16(6, 4, littleEndian);
    view.setUint32(16, snapLength, littleEndian);
    const fcs = fcsLength === undefined ? 0 : 0x0400_0000 | ((fcsLength / 16) << 28);
    view.setUint32(20, (linkType | fcs) >>> 0, littleEndian);
    return bytes;
  }

  /**
   * One packet. `timestamp` is 0 unless given; in a file of microseconds what is finer is cut off. `originalLength` is the
   * length of `data` unless given. What pcap has no place for is left out: `interface`, `comments`, `flags`, `options`.
   * Throws RangeError where a value does not fit the format or `linkType` is not the file's, TypeError where `data` is no
   * Uint8Array.
   */
  write(packet: PacketInput): Uint8Array {
    const { linkType, resolution, littleEndian } = this.#options;
    const data = checkBytes('data', packet.data);
    const { originalLength = data.length } = packet;
    if (packet.linkType !== undefined && packet.linkType !== linkType) {
      throw new RangeError(`pcap: a packet of link type ${packet.linkType} in a file of ${linkType}`);
    }
    const { seconds, nanoseconds } = checkTimestamp(packet.timestamp ?? { seconds: 0, nanoseconds: 0 });
    const bytes = new Uint8Array(16 + data.length);
    const view = viewOf(bytes);
    view.setUint32(0, u32('timestamp', seconds), littleEndian);
    view.setUint32(4, resolution === 'us' ? Math.floor(nanoseconds / 1000) : nanoseconds, littleEndian);
    view.setUint32(8, data.length, littleEndian);
    view.setUint32(12, u32('originalLength', originalLength), littleEndian);
    bytes.set(data, 16);
    return bytes;
  }
}

/** `value`, or RangeError where it is not a u32. */
export function u32(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw new RangeError(`pcap: ${name} of ${value}`);
  return value;
}

import { isBytes, WireError } from '@stack/skbuff';
import { ByteQueue } from './byte-queue.ts';
import { notBytes } from './bytes.ts';
import { PcapParser, pcapVariant } from './pcap-parser.ts';
import { PcapngParser, SECTION_HEADER } from './pcapng-parser.ts';
import type { CaptureRecord } from './records.ts';

/** Bounds on what one record may make the reader hold. */
export interface ReaderOptions {
  /** Longest packet taken from a pcap file, bytes. 262144 unless told, as in libpcap. */
  maxPacket?: number;
  /** Longest pcapng block taken, bytes. 16 MiB unless told. */
  maxBlock?: number;
}

/** Why a capture is refused. Stable API. */
export type Drop =
  | 'PCAP_BAD_MAGIC'
  | 'PCAP_BAD_VERSION'
  | 'PCAP_BAD_LINK_TYPE'
  | 'PCAP_TRUNCATED'
  | 'PCAP_TOO_BIG'
  | 'PCAP_BAD_LENGTH'
  | 'PCAP_LENGTH_MISMATCH'
  | 'PCAP_BAD_INTERFACE'
  | 'PCAP_TOO_MANY_INTERFACES'
  | 'PCAP_BAD_OPTION';

/**
 * Reads a capture pushed in pieces of any size: `push` bytes, call `next` until it gives undefined, `end` after the last.
 * Formats are told apart by their magic number. A broken file throws a WireError whose offset counts from the start of
 * the file; records before the fault have been given by then, and the same error comes again for every later call.
 */
export class Reader {
  readonly #queue = new ByteQueue();
  readonly #maxPacket: number;
  readonly #maxBlock: number;
  #parser: PcapParser | PcapngParser | undefined;
  #fault: WireError | undefined;

  constructor(options: ReaderOptions = {}) {
    this.#maxPacket = options.maxPacket ?? 0x4_0000;
    this.#maxBlock = options.maxBlock ?? 0x100_0000;
  }

  /** Takes a copy of the file's next bytes. Throws TypeError where they are no Uint8Array. */
  push(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw notBytes();
    if (this.#fault === undefined) this.#queue.push(bytes);
  }

  /** The next record, or undefined where more bytes are needed. Throws WireError: every code but PCAP_TRUNCATED. */
  next(): CaptureRecord | undefined {
    if (this.#fault !== undefined) throw this.#fault;
    try {
      this.#parser ??= this.#detect();
      return this.#parser?.next(this.#queue);
    } catch (error) {
      this.#fault = error as WireError;
      throw error;
    }
  }

  /** The file has no more bytes. Throws WireError PCAP_TRUNCATED within a record, PCAP_BAD_MAGIC within the magic number. */
  end(): void {
    if (this.#fault !== undefined) throw this.#fault;
    const { length, position } = this.#queue;
    if (this.#parser !== undefined && length === 0) return;
    this.#fault =
      this.#parser === undefined
        ? new WireError('PCAP_BAD_MAGIC', 0)
        : new WireError('PCAP_TRUNCATED', position + length);
    throw this.#fault;
  }

  #detect(): PcapParser | PcapngParser | undefined {
    if (this.#queue.length < 4) return undefined;
    const magic = this.#queue.view.getUint32(this.#queue.start);
    if (magic === SECTION_HEADER) return new PcapngParser(this.#maxBlock);
    const variant = pcapVariant(magic);
    if (variant === undefined) throw new WireError('PCAP_BAD_MAGIC', 0);
    return new PcapParser(variant, this.#maxPacket);
  }
}

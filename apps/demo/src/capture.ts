/**
 * A capture of what the client's card sends and receives, as tcpdump there would write it.
 * @module
 */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { fromMicroseconds, LINKTYPE, PcapWriter } from '@stack/pcap';
import { viewOf } from '@stack/skbuff';
import { CRC32_RESIDUE, crc32 } from '@stack/skbuff/crc32';
import { CommandError, explain } from './errors.ts';
import type { Cable } from './network.ts';

/** Bytes of the frame check sequence. */
const FCS = 4;
/** Bytes gathered before they are written. */
const BUFFER = 1 << 20;

/** Writes to a file beside the one asked for, and puts it in its place at the end: there is never half a capture. */
export class Capture {
  readonly #path: string;
  readonly #target: string;
  readonly #file: number;
  readonly #writer = new PcapWriter({ linkType: LINKTYPE.ETHERNET });
  #chunks: Uint8Array[] = [this.#writer.header()];
  #size = 0;

  /** @throws CommandError if the file cannot be written. */
  constructor(path: string) {
    this.#target = path;
    this.#path = isSpecial(path) ? path : `${path}.part`;
    try {
      this.#file = openSync(this.#path, 'w');
    } catch (error) {
      throw new CommandError(`${path}: ${explain(error)}`);
    }
  }

  /** Captures at the `a` end of a cable: what is sent there, and what arrives there whole. */
  watch({ wire }: Cable): void {
    wire.onFrame(({ bytes, time, direction }) => {
      if (direction === 'aToB') this.add(bytes, time);
    });
    wire.onFrame(
      ({ bytes, time, direction }) => {
        // A card drops a frame that came to harm; nobody above it ever sees it.
        if (direction === 'bToA' && isIntact(bytes)) this.add(bytes.subarray(0, bytes.length - FCS), time);
      },
      { at: 'deliver', fcs: true },
    );
  }

  /** Writes the rest, and the file has its name. @throws CommandError if that fails. */
  save(): void {
    try {
      this.#flush();
      closeSync(this.#file);
      if (this.#path !== this.#target) renameSync(this.#path, this.#target);
    } catch (error) {
      this.discard();
      throw new CommandError(`${this.#target}: ${explain(error)}`);
    }
  }

  /** Takes back what was written. */
  discard(): void {
    if (this.#path !== this.#target) rmSync(this.#path, { force: true });
  }

  /** Adds a frame; when it was there, µs. */
  add(data: Uint8Array, time: number): void {
    const record = this.#writer.write({ data, timestamp: fromMicroseconds(time) });
    this.#chunks.push(record);
    this.#size += record.length;
    if (this.#size > BUFFER) this.#flush();
  }

  #flush(): void {
    writeSync(this.#file, Buffer.concat(this.#chunks));
    this.#chunks = [];
    this.#size = 0;
  }
}

/** Whether the last four bytes are the frame check sequence of those before. */
function isIntact(frame: Uint8Array): boolean {
  return crc32(viewOf(frame), 0, frame.length) === CRC32_RESIDUE;
}

/** Whether there is something at `path` that is no file: a pipe, a terminal. */
function isSpecial(path: string): boolean {
  try {
    return !statSync(path).isFile();
  } catch {
    return false;
  }
}

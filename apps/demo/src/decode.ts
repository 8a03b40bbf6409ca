/**
 * `decode`: prints the packets of captures, and checks that what was understood re-encodes to the same bytes.
 * @module
 */
import { createReadStream } from 'node:fs';
import { formatLinkType, type Packet, packets } from '@stack/pcap';
import { isWireError } from '@stack/skbuff';
import pc from 'picocolors';
import { count, type Difference, emptyTally, formatTally, reencode, type Tally } from './decode-check.ts';
import { formatLayers, formatPacket, formatTime, hexOf } from './decode-text.ts';
import { dissect } from './dissect.ts';
import { type Checksums, verify } from './dissect-checksums.ts';
import type { Dissection } from './dissect-layers.ts';
import { explain } from './errors.ts';

/** What the command is told. */
export interface DecodeArgs {
  /** Files to read. */
  captures: readonly string[];
  /** Every field of every layer. */
  verbose?: boolean;
  /** Re-encode, compare and report; packets are printed only if `verbose` is set too. */
  check?: boolean;
  /** One JSON object a line instead of text. */
  json?: boolean;
  /** Colours; no unless told. */
  color?: boolean;
}

/** Why a capture is broken, for people. */
const FAULTS: Readonly<Record<string, string>> = {
  PCAP_BAD_MAGIC: 'not a capture',
  PCAP_TRUNCATED: 'truncated capture:',
};

/**
 * Decodes the captures to `out`, line by line; what went wrong goes to `fail`, by default stderr. Returns the exit code: 1 if a file cannot be
 * read to its end, or a header did not re-encode to the same bytes.
 */
export async function decodeCommand(
  args: DecodeArgs,
  out: (line: string) => void,
  fail: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<number> {
  const tally = emptyTally();
  let code = 0;
  for (const file of args.captures) {
    try {
      await decodeFile(file, args, tally, out);
    } catch (error) {
      fail(`${file}: ${faultOf(error)}`);
      code = 1;
    }
  }
  if (args.check) report(tally, args, out);
  return tally.different > 0 ? 1 : code;
}

async function decodeFile(
  file: string,
  args: DecodeArgs,
  tally: Tally,
  out: (line: string) => void,
): Promise<void> {
  let number = 0;
  for await (const packet of packets(createReadStream(file))) {
    number++;
    const found = dissect(packet.data, packet.linkType);
    const differences = args.check ? reencode(packet.data, found) : [];
    count(tally, found, differences);
    if (args.json)
      out(JSON.stringify(toJson(file, number, packet, found, args.check ? differences : undefined), plain));
    else print(packet, found, args, out);
    if (args.json) continue;
    for (const { layer, offset, reason } of differences) {
      out(`${file} packet ${number}: ${layer} at ${offset} is not as it was: ${reason}`);
    }
  }
}

function print(packet: Packet, found: Dissection, args: DecodeArgs, out: (line: string) => void): void {
  if (args.check && !args.verbose) return;
  const colors = pc.createColors(args.color ?? false);
  const checksums = verify(packet.data, found);
  const bad = Object.values(checksums).includes(false) || found.refused !== undefined;
  const paint = bad ? colors.red : found.layers.length === 0 ? colors.dim : String;
  out(`${colors.cyan(formatTime(packet.timestamp))} ${paint(formatPacket(packet, found, checksums))}`);
  if (args.verbose) for (const line of formatLayers(packet.data, found)) out(colors.dim(line));
}

function report(tally: Tally, args: DecodeArgs, out: (line: string) => void): void {
  if (args.json) out(JSON.stringify({ check: tally }));
  else for (const line of formatTally(tally)) out(line);
}

/** A packet as it is printed with `json`. */
interface PacketJson extends Omit<Dissection, 'payload'> {
  file: string;
  packet: number;
  time: Packet['timestamp'] | null;
  linkType: string;
  length: number;
  captured: number;
  checksums: Checksums;
  payload: Uint8Array;
  differences: Difference[] | undefined;
}

function toJson(
  file: string,
  number: number,
  packet: Packet,
  found: Dissection,
  differences: Difference[] | undefined,
): PacketJson {
  return {
    file,
    packet: number,
    time: packet.timestamp ?? null,
    linkType: formatLinkType(packet.linkType),
    length: packet.originalLength,
    captured: packet.data.length,
    layers: found.layers,
    refused: found.refused,
    unknown: found.unknown,
    quoted: found.quoted,
    checksums: verify(packet.data, found),
    payload: packet.data.subarray(found.payload.offset, found.payload.end),
    differences,
  };
}

/** Bytes as hexadecimal digits. */
function plain(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? hexOf(value) : value;
}

function faultOf(error: unknown): string {
  if (!isWireError(error)) return explain(error);
  const fault = FAULTS[error.code] ?? 'broken capture:';
  return error.code === 'PCAP_BAD_MAGIC' && error.offset === 0
    ? fault
    : `${fault} ${error.code} at byte ${error.offset}`;
}

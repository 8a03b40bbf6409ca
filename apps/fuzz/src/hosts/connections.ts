/**
 * What can be known of a host's connections, and segments that fit them in all but some numbers.
 * @module
 */
import type { Host } from '@stack/host';
import * as tcp from '@stack/tcp';
import { LISTEN, SYN_SENT } from '@stack/tcp/engine';
import type { Way } from './packets.ts';
import type { Program } from './program.ts';

/** An entry of a host's table: a socket, a request, a connection in TIME-WAIT. Sequence numbers are int32. */
export interface Known {
  /** The host's. */
  readonly saddr: number;
  readonly sport: number;
  /** The peer's. */
  readonly daddr: number;
  readonly dport: number;
  readonly irs: number;
  readonly rcvNxt: number;
  readonly rcvWnd: number;
  readonly sndUna: number;
  readonly sndNxt: number;
  readonly maxWindow: number;
  readonly tsRecent: number;
  /** The peer's first sequence number is known: the connection is synchronised, or a request for one. */
  readonly isSynchronised: boolean;
}

/** The host's connections and requests, those of sockets that listen left out. */
export function connectionsOf(host: Host): Known[] {
  const all: Known[] = [];
  for (const entry of host.tcp.entries()) {
    if (entry.state === LISTEN) continue;
    const { saddr, sport, daddr, dport } = entry as unknown as Known;
    const fields = entry as unknown as Partial<Record<string, number>>;
    const { rcvNxt = 0, rcvWnd = 0, sntIsn = 0, maxWindow = 0, tsRecent = 0 } = fields;
    const { irs = fields.rcvIsn ?? 0, sndNxt = sntIsn } = fields;
    const { sndUna = sndNxt } = fields;
    all.push({
      saddr,
      sport,
      daddr,
      dport,
      irs,
      rcvNxt,
      rcvWnd,
      sndUna,
      sndNxt,
      maxWindow,
      tsRecent,
      isSynchronised: entry.state !== SYN_SENT,
    });
  }
  return all;
}

/** The way of a frame from the peer to the host. */
export function wayTo(to: Known, dest: number, source: number): Way {
  return { dest, source, saddr: to.daddr, daddr: to.saddr };
}

const FLAGS = [0x10, 0x18, 0x11, 0x04, 0x14, 0x02, 0x12, 0x38, 0x00, 0x29];

/** A segment to the host near what it expects. */
export function nearSegment(program: Program, to: Known): tcp.PushHeader {
  return {
    source: to.dport,
    dest: to.sport,
    seq: near(program, to.rcvNxt, to.rcvWnd) >>> 0,
    ackSeq: near(program, to.sndUna, (to.sndNxt - to.sndUna) | 0) >>> 0,
    flags: program.u8() < 200 ? program.pick(FLAGS) : program.u16() & 0x1ff,
    window: program.u16(),
    urgPtr: program.u8() < 230 ? 0 : program.u16(),
    options: options(program, to),
  };
}

/** A number at, near or far from a range. */
function near(program: Program, left: number, length: number): number {
  switch (program.u8() % 6) {
    case 0:
    case 1:
      return left;
    case 2:
      return left + program.u8() - 128;
    case 3:
      return left + length + program.u8() - 128;
    case 4:
      return left + (program.i32() >> 14);
    default:
      return program.i32();
  }
}

function options(program: Program, { tsRecent }: Known): tcp.Option[] {
  const kind = program.u8();
  if (kind < 100) return [];
  if (kind < 200) {
    const tsval = (tsRecent + program.u8() - 3) >>> 0;
    return [{ kind: tcp.TCPOPT_TIMESTAMP, tsval, tsecr: program.i32() >>> 0 }];
  }
  const bytes = new Uint8Array(20 + 4 * (kind % 11));
  bytes[12] = bytes.length << 2;
  bytes.set(program.bytes(bytes.length - 20), 20);
  return tcp.decode(bytes).options;
}

/**
 * The packets every variant is measured on: generated from a seed with a writer of its own, so that the fields known
 * here are the answer every decoder must give.
 * @module
 */
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import { Fields } from './fields.ts';
import { randomFrom } from './random.ts';

/** The sets: a mix as on a busy link, and frames of one size. */
export const SETS = ['mix', '64', '1500'] as const;
/** Name of a set of packets. */
export type SetName = (typeof SETS)[number];

/** Packets in one arena, small enough to stay in the second-level cache. */
export interface PacketSet {
  name: SetName;
  /** All frames, and nothing but. */
  bytes: Uint8Array;
  view: DataView;
  /** Where each frame begins; Ethernet headers begin at 2 mod 4, so that IP headers are aligned, as Linux has them. */
  at: Int32Array;
  /** Where each frame ends. */
  end: Int32Array;
  count: number;
  /** The fields of each packet, as they were written. */
  fields: Fields[];
}

const FIN = 0x01;
const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;

const ETHERNET = 14;
const IPV4 = 20;
const TCP = 20;

interface Shape {
  flags: number;
  payload: number;
  options: (f: Fields) => number[];
}

/** The set of that name: 1000 packets of the mix, 256 of one size; the same bytes each time. */
export function makeSet(name: SetName): PacketSet {
  const random = randomFrom(0x0800_0600);
  const count = name === 'mix' ? 1000 : 256;
  const bytes = new Uint8Array(count * 1536);
  const view = new DataView(bytes.buffer);
  const set: PacketSet = {
    ...{ name, bytes, view, count },
    ...{ at: new Int32Array(count), end: new Int32Array(count), fields: [] },
  };
  let at = 2;
  for (let i = 0; i < count; i++) {
    const fields = new Fields();
    const end = writePacket(set, at, fields, shapeOf(name, random), random);
    set.at[i] = at;
    set.end[i] = end;
    set.fields.push(fields);
    at = ((end + 3) & ~3) + 2;
  }
  return set;
}

/** 0..limit - 1, as an int32: a remainder of u32 values would stay a heap number, and make fields of all records doubles. */
function below(limit: number, random: () => number): number {
  return (random() % limit) | 0;
}

/** Each frame as the `Buffer` that Node's own packages work on. */
export function frames(set: PacketSet): Buffer[] {
  const { buffer, byteOffset } = set.bytes;
  return Array.from(set.at, (at, i) => Buffer.from(buffer, byteOffset + at, set.end[i]! - at));
}

/** 35 % pure ACKs, 10 % with SACK blocks, 5 % SYN, 25 % full frames, 25 % anything; or one fixed shape. */
function shapeOf(name: SetName, random: () => number): Shape {
  if (name === '64')
    return { flags: ACK | PSH, payload: 2, options: (f) => [...mss(f, random), ...wscale(f, random)] };
  if (name === '1500') return { flags: ACK, payload: 1448, options: (f) => timestamps(f, random) };
  const share = below(100, random);
  if (share < 35) return { flags: ACK, payload: 0, options: (f) => timestamps(f, random) };
  if (share < 45) {
    const blocks = 1 + below(3, random);
    return { flags: ACK, payload: 0, options: (f) => [...timestamps(f, random), ...sack(f, blocks, random)] };
  }
  if (share < 50) return { flags: SYN | (random() & ACK), payload: 0, options: (f) => synOptions(f, random) };
  if (share < 75)
    return { flags: ACK | (random() & PSH), payload: 1448, options: (f) => timestamps(f, random) };
  const options = [() => [], timestamps, synOptions, mss][below(4, random)]!;
  return {
    flags: (ACK | (random() & (PSH | FIN))) & 0xff,
    payload: below(1400, random),
    options: (f) => options(f, random),
  };
}

function timestamps(f: Fields, random: () => number): number[] {
  f.timestamps = 1;
  f.tsVal = random() | 0;
  f.tsEcr = random() | 0;
  return [1, 1, 8, 10, ...u32(f.tsVal), ...u32(f.tsEcr)];
}

function sack(f: Fields, blocks: number, random: () => number): number[] {
  f.sackBlocks = blocks;
  for (let i = 0; i < 2 * blocks; i++) f.edges[i] = random();
  return [1, 1, 5, 2 + 8 * blocks, ...[...f.edges.subarray(0, 2 * blocks)].flatMap(u32)];
}

function mss(f: Fields, random: () => number): number[] {
  f.mss = 536 + below(925, random);
  return [2, 4, f.mss >> 8, f.mss & 0xff];
}

function wscale(f: Fields, random: () => number): number[] {
  f.wscale = below(15, random);
  return [1, 3, 3, f.wscale];
}

/** MSS, SACK-permitted, timestamps, NOP, window scale: Linux's SYN. */
function synOptions(f: Fields, random: () => number): number[] {
  const head = mss(f, random);
  f.sackOk = 1;
  const [, , ...stamps] = timestamps(f, random);
  return [...head, 4, 2, ...stamps, ...wscale(f, random)];
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Writes one frame with good checksums, notes its fields, and gives the offset after it. */
function writePacket(set: PacketSet, at: number, f: Fields, shape: Shape, random: () => number): number {
  const { bytes, view } = set;
  const options = shape.options(f);
  const ip = at + ETHERNET;
  const tcp = ip + IPV4;
  const payload = tcp + TCP + options.length;
  const end = payload + shape.payload;

  f.dst = 0x0200_0000_0000 + random();
  f.src = 0x0200_0000_0000 + random();
  f.etherType = 0x0800;
  view.setUint16(at, f.dst / 0x1_0000_0000);
  view.setInt32(at + 2, f.dst | 0);
  view.setUint16(at + 6, f.src / 0x1_0000_0000);
  view.setInt32(at + 8, f.src | 0);
  view.setUint16(at + 12, f.etherType);

  f.version = 4;
  f.ihl = 5;
  f.tos = random() & 0xff;
  f.totLen = end - ip;
  f.id = random() & 0xffff;
  f.ipFlags = 2; // DF
  f.ttl = 32 + (random() & 0x7f);
  f.protocol = 6;
  f.saddr = random() | 0;
  f.daddr = random() | 0;
  view.setUint8(ip, (f.version << 4) | f.ihl);
  view.setUint8(ip + 1, f.tos);
  view.setUint16(ip + 2, f.totLen);
  view.setUint16(ip + 4, f.id);
  view.setUint16(ip + 6, (f.ipFlags << 13) | f.fragOff);
  view.setUint8(ip + 8, f.ttl);
  view.setUint8(ip + 9, f.protocol);
  view.setInt32(ip + 12, f.saddr);
  view.setInt32(ip + 16, f.daddr);
  f.ipCheck = csumFold(csumPartial(view, ip, IPV4));
  view.setUint16(ip + 10, f.ipCheck);

  f.source = random() & 0xffff;
  f.dest = random() & 0xffff;
  f.seq = random() | 0;
  f.ackSeq = random() | 0;
  f.doff = (TCP + options.length) / 4;
  f.tcpFlags = shape.flags;
  f.window = random() & 0xffff;
  view.setUint16(tcp, f.source);
  view.setUint16(tcp + 2, f.dest);
  view.setInt32(tcp + 4, f.seq);
  view.setInt32(tcp + 8, f.ackSeq);
  view.setUint16(tcp + 12, (f.doff << 12) | f.tcpFlags);
  view.setUint16(tcp + 14, f.window);
  bytes.set(options, tcp + TCP);
  for (let i = payload; i < end; i++) bytes[i] = random();
  f.tcpCheck = csumFold(
    csumPartial(view, tcp, end - tcp, pseudoIpv4(f.saddr, f.daddr, f.protocol, end - tcp)),
  );
  view.setUint16(tcp + 16, f.tcpCheck);
  return end;
}

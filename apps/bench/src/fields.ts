/**
 * Every field of an Ethernet/IPv4/TCP packet in one reused record, and the digest by which decoders are compared.
 * @module
 */

/** Most SACK blocks a TCP header has room for. */
const SACK_BLOCKS = 4;

/**
 * What a decoder yields for one packet. 32-bit values are int32, so that no field ever becomes a heap number; an
 * absent option is -1 (or false), its other words 0.
 */
export class Fields {
  /** MAC addresses, u48; begun with a value that is no small integer, so that V8 keeps them as doubles in place. */
  dst = 0xffff_ffff_ffff;
  src = 0xffff_ffff_ffff;
  etherType = 0;
  version = 0;
  ihl = 0;
  tos = 0;
  totLen = 0;
  id = 0;
  ipFlags = 0;
  fragOff = 0;
  ttl = 0;
  protocol = 0;
  ipCheck = 0;
  saddr = 0;
  daddr = 0;
  source = 0;
  dest = 0;
  seq = 0;
  ackSeq = 0;
  doff = 0;
  tcpFlags = 0;
  window = 0;
  tcpCheck = 0;
  urgPtr = 0;
  mss = -1;
  wscale = -1;
  sackOk = 0;
  timestamps = 0;
  tsVal = 0;
  tsEcr = 0;
  sackBlocks = 0;
  readonly edges: Int32Array = new Int32Array(2 * SACK_BLOCKS);

  /** Forgets the options of the packet before. */
  clearOptions(): void {
    this.mss = -1;
    this.wscale = -1;
    this.sackOk = 0;
    this.timestamps = 0;
    this.tsVal = 0;
    this.tsEcr = 0;
    this.sackBlocks = 0;
  }
}

/** The Ethernet and IPv4 fields, in wire order. */
export function networkWords(f: Fields): number[] {
  return [
    ...[f.dst / 0x1_0000_0000, f.dst | 0, f.src / 0x1_0000_0000, f.src | 0, f.etherType],
    ...[f.version, f.ihl, f.tos, f.totLen, f.id, f.ipFlags, f.fragOff, f.ttl, f.protocol, f.ipCheck],
    ...[f.saddr | 0, f.daddr | 0],
  ];
}

/** All fields, TCP options with them, in wire order. */
export function allWords(f: Fields): number[] {
  return [
    ...networkWords(f),
    ...[f.source, f.dest, f.seq | 0, f.ackSeq | 0, f.doff, f.tcpFlags, f.window, f.tcpCheck, f.urgPtr],
    ...[f.mss, f.wscale, f.sackOk, f.timestamps, f.tsVal | 0, f.tsEcr | 0, f.sackBlocks],
    ...f.edges.subarray(0, 2 * f.sackBlocks),
  ];
}

/** Mixes words into a 32-bit digest; the order of the words counts. */
export function digest(words: Iterable<number>, seed = 0): number {
  let h = seed;
  for (const word of words) {
    h = Math.imul(h ^ word, 0x85eb_ca6b);
    h ^= h >>> 13;
  }
  return h >>> 0;
}

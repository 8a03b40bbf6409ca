/**
 * IPv4 header codec: RFC 791 §3.1; host rules RFC 1122 §3.2.1.
 * @module
 */
import { requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { addressRange } from './address-range.ts';
import {
  CHECK,
  checksum,
  DADDR,
  daddr,
  FRAG_OFF,
  flags,
  fragOff,
  HLEN,
  headerLength,
  ID,
  id,
  ihl,
  PROTOCOL,
  protocol,
  SADDR,
  saddr,
  TOS,
  TOT_LEN,
  TTL,
  tos,
  totLen,
  ttl,
  VERSION_IHL,
  version,
} from './fields.ts';
import { MAX_IPOPTLEN, type Option } from './option-kinds.ts';
import { checkOptionRanges, optionsLength, readOptions, writeOptions } from './options.ts';

const NO_OPTIONS: readonly Option[] = [];

/** EtherType of IPv4, what {@link push} puts into `skb.protocol`. */
export const ETH_P_IP = 0x0800;
/** TTL that {@link push} writes unless told (Linux `IPDEFTTL`, sysctl `net.ipv4.ip_default_ttl`). */
export const IPDEFTTL = 64;

/** Reserved flag, must be zero (RFC 791 §3.1); RFC 3514 has fun with it. */
export const FLAG_RF = 4;
/** Don't Fragment. */
export const FLAG_DF = 2;
/** More Fragments follow. */
export const FLAG_MF = 1;

/** One field per wire field, Linux `struct iphdr` names, host byte order. */
export interface Header {
  /** Version, 4 bits: 4. */
  version: number;
  /** Internet Header Length, 4 bits, 32-bit words: 5..15. */
  ihl: number;
  /** Type of Service, u8: DSCP and ECN (RFC 2474, RFC 3168); see `dscp`, `ecn`. */
  tos: number;
  /** Total Length, u16, bytes: header + payload, so never below `ihl * 4`. */
  totLen: number;
  /** Identification, u16: the same in all fragments of a datagram (RFC 6864). */
  id: number;
  /** Flags, 3 bits: {@link FLAG_RF}, {@link FLAG_DF}, {@link FLAG_MF}. */
  flags: number;
  /** Fragment Offset, 13 bits, in units of 8 bytes. */
  fragOff: number;
  /** Time to Live, u8, hops. */
  ttl: number;
  /** Protocol, u8: `IPPROTO`. */
  protocol: number;
  /** Header Checksum, u16, over the header with this field zero. */
  check: number;
  /** Source Address, u32. */
  saddr: number;
  /** Destination Address, u32. */
  daddr: number;
  /** Options in wire order, up to 40 bytes; empty when `ihl` is 5. */
  options: Option[];
}

/** What {@link push} needs: the rest is derived, or has a default. */
export interface PushHeader {
  /** Derived: 4. */
  version?: number;
  /** Derived from `options`. */
  ihl?: number;
  /** Default 0: best effort, not ECN-capable. */
  tos?: number;
  /** Derived from `skb.len`. */
  totLen?: number;
  /** Default 0: right only for datagrams that nobody fragments (RFC 6864 §4). */
  id?: number;
  /** Default 0: may be fragmented. */
  flags?: number;
  /** Default 0. */
  fragOff?: number;
  /** Default {@link IPDEFTTL}. */
  ttl?: number;
  protocol: number;
  /** Derived: the checksum over what is written. */
  check?: number;
  saddr: number;
  daddr: number;
  /** Default none; padded with zeros to a multiple of four bytes. */
  options?: readonly Option[];
}

/** Why {@link check} or {@link checkPacket} refuses bytes. Stable API: counters and traces key on it. */
export type Drop =
  | 'IPV4_TRUNCATED'
  | 'IPV4_BAD_VERSION'
  | 'IPV4_BAD_IHL'
  | 'IPV4_BAD_TOTLEN'
  | 'IPV4_PACKET_TRUNCATED';

/**
 * Rules the header can break alone; `end` bounds the linear bytes. Total: never throws. `decode` relies on nothing else.
 * The header checksum and the options are not among them: see {@link verify} and `checkOptions`.
 */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  return checkPacket(view, at, end, 0xffff); // no total length is beyond that
}

/** {@link check}, and the `totLen` bytes the header promises are within the packet's `len`. Total. `pull` relies on it. */
export function checkPacket(view: DataView, at: number, end: number, len: number): Drop | undefined {
  if (end - at < HLEN) return 'IPV4_TRUNCATED';
  const word = view.getInt32(at + VERSION_IHL); // version, IHL, TOS and total length in one read
  const length = (word >>> 22) & 0x3c;
  const total = word & 0xffff;
  if (word >>> 28 !== 4) return 'IPV4_BAD_VERSION';
  if (length < HLEN) return 'IPV4_BAD_IHL';
  if (end - at < length) return 'IPV4_TRUNCATED';
  // RFC 791 §3.1: Total Length includes internet header and data.
  if (total < length) return 'IPV4_BAD_TOTLEN';
  return total > len ? 'IPV4_PACKET_TRUNCATED' : undefined; // len counts frags, end does not
}

/**
 * True when the header checksum is right (RFC 791 §3.1). Call after {@link check} passed. Neither `decode` nor `pull`
 * asks: who receives from a network does, as Linux `ip_rcv`, and drops on false (RFC 1122 §3.2.1.2).
 */
export function verify(view: DataView, at: number): boolean {
  return csumPartial(view, at, headerLength(view, at)) === 0xffff;
}

/** Computes and writes the header checksum after the header was changed in place (Linux `ip_send_check`). */
export function sendCheck(view: DataView, at: number): void {
  sum(view, at, headerLength(view, at));
}

/** Bytes that `encode` writes: 20 and the options, rounded up to a multiple of four. `ihl` is not asked. */
export function size(header: PushHeader | Pick<PushHeader, 'options'>): number {
  return header.options === undefined ? HLEN : HLEN + padded(optionsLength(header.options));
}

/** The header at `at`, after {@link check} passed. Bytes in options are copies. */
export function read(view: DataView, at: number): Header {
  return {
    version: version(view, at),
    ihl: ihl(view, at),
    tos: tos(view, at),
    totLen: totLen(view, at),
    id: id(view, at),
    flags: flags(view, at),
    fragOff: fragOff(view, at),
    ttl: ttl(view, at),
    protocol: protocol(view, at),
    check: checksum(view, at),
    saddr: saddr(view, at),
    daddr: daddr(view, at),
    options: readOptions(view, at + HLEN, at + headerLength(view, at)),
  };
}

/**
 * The header at `offset`, 0..`bytes.length`; what follows it is not looked at.
 * @throws WireError with a code of {@link check}; RangeError for an offset that is no place in the bytes.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('ipv4', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, offset, bytes.length));
  return read(view, offset);
}

/**
 * Writes exactly `size(header)` bytes, every field as given, valid or not; options are padded with zeros.
 * @throws RangeError, and nothing written, if `into` is too short, `offset` no place in it, a field out of its range, or
 * options exceed 40 bytes.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  const { version, ihl, tos, totLen, id, flags, fragOff, ttl, protocol, check, saddr, daddr, options } =
    header;
  const length = HLEN + paddedOptions(options);
  checkRanges(version, ihl, tos, totLen, id, flags, fragOff, ttl, protocol, check, saddr, daddr);
  checkOptionRanges(options);
  requireRange('ipv4', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  const bytes = into ?? new Uint8Array(offset + length);
  if (offset + length > bytes.length) {
    throw new RangeError(`ipv4: ${length} bytes at ${offset} do not fit into ${bytes.length}`);
  }
  const view = viewOf(bytes);
  const word = (flags << 13) | fragOff;
  write(view, offset, (version << 4) | ihl, tos, totLen, id, word, ttl, protocol, check, saddr, daddr);
  writeOptions(view, offset + HLEN, offset + length, options);
  return bytes;
}

/**
 * Prepends a header, with `version`, `ihl`, `totLen` and `check` derived unless given. Sets `skb.protocol` and
 * `skb.networkHeader`.
 * @throws RangeError, and nothing changed, if a field or the total length does not fit, or headroom is short.
 */
export function push(skb: SkBuff, header: PushHeader): void {
  // Field by field, and no whole header to hand on: that would be garbage for each packet (192 B).
  const { protocol, saddr, daddr } = header;
  const options = header.options ?? NO_OPTIONS;
  const length = HLEN + paddedOptions(options);
  const version = header.version ?? 4;
  const ihl = header.ihl ?? length >>> 2;
  const tos = header.tos ?? 0;
  const totLen = header.totLen ?? skb.len + length;
  const id = header.id ?? 0;
  const flags = header.flags ?? 0;
  const fragOff = header.fragOff ?? 0;
  const ttl = header.ttl ?? IPDEFTTL;
  const check = header.check ?? 0;
  checkRanges(version, ihl, tos, totLen, id, flags, fragOff, ttl, protocol, check, saddr, daddr);
  checkOptionRanges(options);
  const at = skb.push(length);
  const word = (flags << 13) | fragOff;
  write(skb.view, at, (version << 4) | ihl, tos, totLen, id, word, ttl, protocol, check, saddr, daddr);
  writeOptions(skb.view, at + HLEN, at + length, options);
  if (header.check === undefined) sum(skb.view, at, length);
  skb.protocol = ETH_P_IP;
  skb.networkHeader = at;
}

/**
 * Strips the header off `skb` and trims link-layer padding (RFC 894) off its tail; sets `networkHeader` and
 * `transportHeader`. A wrong checksum is not refused: call {@link verify} first.
 * @throws WireError with a code of {@link checkPacket}; the packet stays as it was.
 */
export function pull(skb: SkBuff): Header {
  if (skb.mayPull(HLEN)) skb.mayPull(headerLength(skb.view, skb.data));
  const drop = checkPacket(skb.view, skb.data, skb.tail, skb.len);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, 0, skb.len));
  const header = read(skb.view, skb.data);
  skb.trim(header.totLen);
  skb.networkHeader = skb.data;
  skb.transportHeader = skb.pull(header.ihl << 2);
  return header;
}

/** Where the field at fault stands; for missing bytes, where they ran out. */
function faultAt(drop: Drop, at: number, end: number): number {
  if (drop === 'IPV4_BAD_VERSION' || drop === 'IPV4_BAD_IHL') return at + VERSION_IHL;
  return drop === 'IPV4_BAD_TOTLEN' ? at + TOT_LEN : end;
}

/** Writes the fixed part; `first` is version and IHL, `word` flags and fragment offset. */
function write(
  view: DataView,
  at: number,
  first: number,
  tos: number,
  totLen: number,
  id: number,
  word: number,
  ttl: number,
  protocol: number,
  check: number,
  saddr: number,
  daddr: number,
): void {
  view.setUint8(at + VERSION_IHL, first);
  view.setUint8(at + TOS, tos);
  view.setUint16(at + TOT_LEN, totLen);
  view.setUint16(at + ID, id);
  view.setUint16(at + FRAG_OFF, word);
  view.setUint8(at + TTL, ttl);
  view.setUint8(at + PROTOCOL, protocol);
  view.setUint16(at + CHECK, check);
  view.setUint32(at + SADDR, saddr);
  view.setUint32(at + DADDR, daddr);
}

/** Writes the checksum of the `length` header bytes at `at`. */
function sum(view: DataView, at: number, length: number): void {
  view.setUint16(at + CHECK, 0);
  view.setUint16(at + CHECK, csumFold(csumPartial(view, at, length)));
}

function checkRanges(
  version: number,
  ihl: number,
  tos: number,
  totLen: number,
  id: number,
  flags: number,
  fragOff: number,
  ttl: number,
  protocol: number,
  check: number,
  saddr: number,
  daddr: number,
): void {
  // A value that fits is the same behind a mask; only where one is not, is it asked which.
  if (
    (version & 0x0f) === version &&
    (ihl & 0x0f) === ihl &&
    (tos & 0xff) === tos &&
    (totLen & 0xffff) === totLen &&
    (id & 0xffff) === id &&
    (flags & 7) === flags &&
    (fragOff & 0x1fff) === fragOff &&
    (ttl & 0xff) === ttl &&
    (protocol & 0xff) === protocol &&
    (check & 0xffff) === check &&
    saddr >>> 0 === saddr &&
    daddr >>> 0 === daddr
  ) {
    return;
  }
  requireRange('ipv4', 'version', version, 0x0f);
  requireRange('ipv4', 'ihl', ihl, 0x0f);
  requireRange('ipv4', 'tos', tos, 0xff);
  requireRange('ipv4', 'totLen', totLen, 0xffff);
  requireRange('ipv4', 'id', id, 0xffff);
  requireRange('ipv4', 'flags', flags, 7);
  requireRange('ipv4', 'fragOff', fragOff, 0x1fff);
  requireRange('ipv4', 'ttl', ttl, 0xff);
  requireRange('ipv4', 'protocol', protocol, 0xff);
  requireRange('ipv4', 'check', check, 0xffff);
  addressRange('saddr', saddr);
  addressRange('daddr', daddr);
}

/** Bytes of options as they are written. @throws RangeError for more than fit. */
function paddedOptions(options: readonly Option[]): number {
  const length = optionsLength(options);
  if (length <= MAX_IPOPTLEN) return padded(length);
  throw new RangeError(`ipv4: options of ${length} bytes, at most ${MAX_IPOPTLEN} fit`);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

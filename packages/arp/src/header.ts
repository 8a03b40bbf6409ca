/**
 * ARP codec: RFC 826, for addresses of any size.
 * @module
 */
import { requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { ETH_P_ARP } from './codes.ts';

/** Bytes before the addresses (RFC 826 "Packet format"). */
export const HLEN = 8;
/** Bytes of the longest packet, addresses of 255 bytes: headroom for any; `ETHERNET_IPV4_LENGTH` is enough for nearly all. */
export const MAX_HLEN = 1028;

// Byte offsets, in wire order; the four addresses follow.
const HTYPE = 0;
const PTYPE = 2;
const ALEN = 4;
const PLEN = 5;
const OP = 6;

/** One field per wire field; Linux's `struct arphdr` calls the first five `ar_hrd`, `ar_pro`, `ar_hln`, `ar_pln`, `ar_op`. */
export interface Header {
  /** Hardware address space, u16: see {@link ARPHRD_ETHER}. */
  htype: number;
  /** Protocol address space, u16: an EtherType. */
  ptype: number;
  /** Bytes of a hardware address, u8. */
  hlen: number;
  /** Bytes of a protocol address, u8. */
  plen: number;
  /** Opcode, u16: see {@link ARPOP_REQUEST}. Unknown ones are legal. */
  op: number;
  /** Sender hardware address, `hlen` bytes: a copy. */
  sha: Uint8Array;
  /** Sender protocol address, `plen` bytes: a copy. */
  spa: Uint8Array;
  /** Target hardware address, `hlen` bytes: a copy. */
  tha: Uint8Array;
  /** Target protocol address, `plen` bytes: a copy. */
  tpa: Uint8Array;
}

/** What {@link push} is given: the sizes are those of the addresses unless said. */
export interface PushHeader extends Omit<Header, 'hlen' | 'plen'> {
  /** Derived: the size of `sha` and `tha`. */
  hlen?: number;
  /** Derived: the size of `spa` and `tpa`. */
  plen?: number;
}

/** Why {@link check} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'ARP_TRUNCATED';

/** Rules the packet can break alone: its addresses are there. Total: never throws. */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  return end - at < HLEN || end - at < headerLength(view, at) ? 'ARP_TRUNCATED' : undefined;
}

/** {@link check}: ARP promises no bytes beyond its header, `len` decides nothing. Total. */
export function checkPacket(view: DataView, at: number, end: number, _len: number): Drop | undefined {
  return check(view, at, end);
}

/** Bytes of the packet without padding: 8 and four addresses; 28 for Ethernet and IPv4. */
export function headerLength(view: DataView, at: number): number {
  return HLEN + 2 * (view.getUint8(at + ALEN) + view.getUint8(at + PLEN));
}

/** Hardware address space, u16. */
export function htype(view: DataView, at: number): number {
  return view.getUint16(at + HTYPE);
}

/** Protocol address space, u16. */
export function ptype(view: DataView, at: number): number {
  return view.getUint16(at + PTYPE);
}

/** Bytes of a hardware address, u8. */
export function hlen(view: DataView, at: number): number {
  return view.getUint8(at + ALEN);
}

/** Bytes of a protocol address, u8. */
export function plen(view: DataView, at: number): number {
  return view.getUint8(at + PLEN);
}

/** Opcode, u16. */
export function op(view: DataView, at: number): number {
  return view.getUint16(at + OP);
}

/** Reads a packet that {@link check} accepts. */
export function read(view: DataView, at: number): Header {
  const hardware = view.getUint8(at + ALEN);
  const protocol = view.getUint8(at + PLEN);
  const spa = at + HLEN + hardware;
  const tha = spa + protocol;
  return {
    htype: view.getUint16(at + HTYPE),
    ptype: view.getUint16(at + PTYPE),
    hlen: hardware,
    plen: protocol,
    op: view.getUint16(at + OP),
    sha: copyOf(view, at + HLEN, hardware),
    spa: copyOf(view, spa, protocol),
    tha: copyOf(view, tha, hardware),
    tpa: copyOf(view, tha + hardware, protocol),
  };
}

/** Bytes {@link encode} writes. */
export function size(header: PushHeader | Pick<PushHeader, 'sha' | 'spa' | 'tha' | 'tpa'>): number {
  return HLEN + header.sha.length + header.spa.length + header.tha.length + header.tpa.length;
}

/**
 * The packet at `offset`, 0..`bytes.length`; what follows it is not looked at. @throws WireError `ARP_TRUNCATED`, where the
 * bytes run out; RangeError for an offset that is no place in them.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('arp', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, bytes.length);
  return read(view, offset);
}

/**
 * Writes a header as it is given, into a fresh array where there is no `into`; `hlen` and `plen` need not be the sizes of the
 * addresses. @throws RangeError if it does not fit there, or a field not its range; then nothing is written.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  refuseRanges(header, header.hlen, header.plen);
  const length = size(header);
  requireRange('arp', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  if (into !== undefined && into.length - offset < length) {
    throw new RangeError(`arp: ${length} bytes at ${offset} do not fit into ${into.length}`);
  }
  const target = into ?? new Uint8Array(offset + length);
  write(viewOf(target), offset, header, header.hlen, header.plen);
  return target;
}

/**
 * Prepends the packet and sets `networkHeader` and `protocol`; `hlen` and `plen` are derived unless given. @throws RangeError,
 * and nothing changed, if headroom is short, a field does not fit, or addresses of one kind differ in size while theirs is
 * derived.
 */
export function push(skb: SkBuff, header: PushHeader): void {
  const { sha, spa, tha, tpa } = header;
  const hardware = header.hlen ?? sha.length;
  const protocol = header.plen ?? spa.length;
  refuseRanges(header, hardware, protocol);
  if (header.hlen === undefined && sha.length !== tha.length) {
    throw new RangeError(`arp: sha of ${sha.length} bytes, tha of ${tha.length}`);
  }
  if (header.plen === undefined && spa.length !== tpa.length) {
    throw new RangeError(`arp: spa of ${spa.length} bytes, tpa of ${tpa.length}`);
  }
  const at = skb.push(size(header));
  write(skb.view, at, header, hardware, protocol);
  skb.protocol = ETH_P_ARP;
  skb.networkHeader = at;
}

/**
 * Strips the packet and trims the padding of the frame: nothing is left. Sets `networkHeader`. @throws WireError
 * `ARP_TRUNCATED`; the packet is then as it was.
 */
export function pull(skb: SkBuff): Header {
  const whole = skb.mayPull(HLEN) && skb.mayPull(headerLength(skb.view, skb.data));
  if (!whole) throw new WireError('ARP_TRUNCATED', skb.len);
  const { view, data } = skb;
  const header = read(view, data);
  const length = headerLength(view, data);
  skb.trim(length);
  skb.networkHeader = data;
  skb.pull(length);
  return header;
}

function refuseRanges(header: PushHeader, hardware: number, protocol: number): void {
  refuseScalar('sha', header.sha);
  refuseScalar('spa', header.spa);
  refuseScalar('tha', header.tha);
  refuseScalar('tpa', header.tpa);
  requireRange('arp', 'htype', header.htype, 0xffff);
  requireRange('arp', 'ptype', header.ptype, 0xffff);
  requireRange('arp', 'hlen', hardware, 0xff);
  requireRange('arp', 'plen', protocol, 0xff);
  requireRange('arp', 'op', header.op, 0xffff);
}

/** An address as text or as a number, where bytes belong. */
function refuseScalar(name: string, bytes: Uint8Array): void {
  if (typeof bytes === 'object') return;
  throw new RangeError(
    `arp: ${name} ${JSON.stringify(bytes)} is no Uint8Array; request, reply and ethernetIpv4 take numbers`,
  );
}

function write(view: DataView, at: number, header: PushHeader, hardware: number, protocol: number): void {
  view.setUint16(at + HTYPE, header.htype);
  view.setUint16(at + PTYPE, header.ptype);
  view.setUint8(at + ALEN, hardware);
  view.setUint8(at + PLEN, protocol);
  view.setUint16(at + OP, header.op);
  let next = writeBytes(view, at + HLEN, header.sha);
  next = writeBytes(view, next, header.spa);
  next = writeBytes(view, next, header.tha);
  writeBytes(view, next, header.tpa);
}

/** Returns the offset behind the bytes. */
function writeBytes(view: DataView, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) view.setUint8(at + i, bytes[i] as number);
  return at + bytes.length;
}

function copyOf(view: DataView, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = view.getUint8(at + i);
  return bytes;
}

/**
 * Ethernet header codec: Ethernet II and IEEE 802.3 with LLC/SNAP, under any VLAN tags.
 * @module
 */
import { requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { ETH_P_802_2, ETH_P_802_3, ETH_P_802_3_MIN, ETH_P_8021AD, ETH_P_8021Q } from './ether-types.ts';
import { refuseFraming, refuseTags } from './framing.ts';
import { DEST, ETH_DATA_LEN, HLEN, SOURCE, TYPE } from './layout.ts';
import { isRaw, type Llc, llcExtent, llcSize, readLlc, snapProtocol, writeLlc } from './llc.ts';
import { macRange } from './mac.ts';
import { writeMac } from './set.ts';
import { isTpid, MAX_TAGS, type Tag, VLAN_HLEN } from './vlan.ts';

/** Everything in front of the payload. Re-encoding a decoded header gives the same bytes. */
export interface Header {
  /** Destination address, u48. */
  dest: number;
  /** Source address, u48. */
  source: number;
  /** VLAN tags, outermost first; up to {@link MAX_TAGS}. */
  tags: Tag[];
  /** Type/length, u16: an EtherType from 0x0600 on, the bytes that follow it in an 802.3 frame up to {@link ETH_DATA_LEN}. */
  proto: number;
  /** The LLC header of an 802.3 frame; `null` where `proto` is an EtherType. */
  llc: Llc | null;
}

/** What {@link push} is given: no tags and no LLC unless said, and 802.3's length is derived. */
export interface PushHeader {
  /** Destination address, u48. */
  dest: number;
  /** Source address, u48. */
  source: number;
  /** Default none; up to {@link MAX_TAGS}, outermost first. */
  tags?: readonly Tag[];
  /** An EtherType, 0x0600..0xffff, that begins no tag; under an LLC the length, derived from `skb.len`. */
  proto?: number;
  /** Default none: Ethernet II. */
  llc?: Llc | null;
}

/** Why {@link check} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'ETH_TRUNCATED' | 'ETH_TAG_DEPTH' | 'ETH_BAD_TYPE' | 'ETH_BAD_LEN';

/** Rules the header can break alone. Total: never throws. */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  if (end - at < HLEN) return 'ETH_TRUNCATED';
  return isPlain(view.getUint16(at + TYPE)) ? undefined : checkLong(view, at, end);
}

/** {@link check}, and the bytes an 802.3 length promises are there: `len` counts the whole packet. Total. */
export function checkPacket(view: DataView, at: number, end: number, len: number): Drop | undefined {
  const drop = check(view, at, end);
  if (drop !== undefined) return drop;
  if (isPlain(view.getUint16(at + TYPE))) return undefined;
  const type = typeOffset(view, at, end);
  const value = view.getUint16(type);
  return value <= ETH_DATA_LEN && type + 2 - at + value > len ? 'ETH_TRUNCATED' : undefined;
}

/** Bytes from the header to the payload, tags and LLC included. */
export function headerLength(view: DataView, at: number): number {
  return isPlain(view.getUint16(at + TYPE)) ? HLEN : extent(view, at, view.byteLength);
}

/** Destination address, u48. */
export function dest(view: DataView, at: number): number {
  return view.getUint16(at + DEST) * 0x1_0000_0000 + view.getUint32(at + DEST + 2);
}

/** Source address, u48. */
export function source(view: DataView, at: number): number {
  return view.getUint16(at + SOURCE) * 0x1_0000_0000 + view.getUint32(at + SOURCE + 2);
}

/** The type/length field behind all tags, u16. */
export function proto(view: DataView, at: number): number {
  const value = view.getUint16(at + TYPE);
  return isTpid(value) ? view.getUint16(typeOffset(view, at, view.byteLength)) : value;
}

/** How many tags there are. */
export function tagCount(view: DataView, at: number): number {
  return (typeOffset(view, at, view.byteLength) - at - TYPE) / VLAN_HLEN;
}

/** TCI of the outermost tag, u16; -1 where there is none. */
export function vlanTci(view: DataView, at: number): number {
  return isTpid(view.getUint16(at + TYPE)) ? view.getUint16(at + TYPE + 2) : -1;
}

/**
 * What the payload is, as `skb.protocol` says it: the EtherType, SNAP's under RFC 1042, else Linux's {@link ETH_P_802_2} or,
 * for Novell's raw frames, {@link ETH_P_802_3}.
 */
export function protocol(view: DataView, at: number): number {
  const type = typeOffset(view, at, view.byteLength);
  const value = view.getUint16(type);
  if (value > ETH_DATA_LEN) return value;
  if (llcExtent(view, type + 2, view.byteLength) === 2) return ETH_P_802_3;
  const snap = snapProtocol(view, type + 2, view.byteLength);
  return snap >= ETH_P_802_3_MIN ? snap : ETH_P_802_2;
}

/** Reads a header that {@link check} accepts. */
export function read(view: DataView, at: number): Header {
  const type = typeOffset(view, at, view.byteLength);
  const tags: Tag[] = [];
  for (let tag = at + TYPE; tag < type; tag += VLAN_HLEN) {
    tags.push({ tpid: view.getUint16(tag), tci: view.getUint16(tag + 2) });
  }
  const value = view.getUint16(type);
  const llc = value <= ETH_DATA_LEN ? readLlc(view, type + 2) : null;
  return { dest: dest(view, at), source: source(view, at), tags, proto: value, llc };
}

/** Bytes {@link encode} writes. */
export function size(header: PushHeader | Pick<PushHeader, 'tags' | 'llc'>): number {
  const { tags, llc } = header;
  return HLEN + (tags === undefined ? 0 : tags.length * VLAN_HLEN) + (llc ? llcSize(llc) : 0);
}

/**
 * The header at `offset`, 0..`bytes.length`. @throws WireError with a {@link Drop}, at the field at fault; RangeError for an
 * offset that is no place in the bytes.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('ethernet', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined)
    throw new WireError(drop, faultOffset(drop, view, offset, bytes.length, bytes.length));
  return read(view, offset);
}

/**
 * Writes a header as it is given, into a fresh array where there is no `into`: also one that no frame should have, which is
 * then read back as another or refused (a `proto` of 1501, an LLC behind an EtherType, a tag of 0x9100). {@link push} refuses
 * those. @throws RangeError if it does not fit there, or a field not its range; then nothing is written.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  const length = size(header);
  refuseRanges(header, header.proto);
  requireRange('ethernet', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  if (into !== undefined && into.length - offset < length) {
    throw new RangeError(`ethernet: ${length} bytes at ${offset} do not fit into ${into.length}`);
  }
  const target = into ?? new Uint8Array(offset + length);
  write(viewOf(target), offset, header, header.proto);
  return target;
}

/**
 * Prepends a header and sets `macHeader`, `protocol` as {@link pull} would, and `networkHeader`, where it is not set, to the
 * payload. `proto` of an 802.3 frame is derived from `skb.len` unless given; a given length is written as it is, right or wrong.
 * Pads nothing: see `pad`.
 * @throws RangeError, and nothing changed, if headroom is short (`MAX_HLEN` always suffices), the payload is longer than
 * 1,500 bytes under a derived length, a field does not fit, or `pull` could not give the header back: a `proto` of 1501..1535
 * or one that begins a tag, a length without LLC, an EtherType with one, SNAP without aa/aa/03 or the reverse, a `tpid` other
 * than 0x8100 and 0x88a8, too many tags.
 */
export function push(skb: SkBuff, header: PushHeader): void {
  const { llc = null } = header;
  const value = header.proto ?? (llc === null ? undefined : llcSize(llc) + skb.len);
  if (value === undefined) throw new RangeError('ethernet: neither proto nor llc');
  if (header.proto === undefined && value > ETH_DATA_LEN) {
    throw new RangeError(`ethernet: ${value} bytes do not fit an 802.3 length`);
  }
  refuseRanges(header, value);
  refuseFraming(value, llc);
  if (header.tags !== undefined) refuseTags(header.tags);
  const length = size(header);
  const at = skb.push(length);
  write(skb.view, at, header, value);
  skb.macHeader = at;
  if (skb.networkHeader < 0) skb.networkHeader = at + length;
  skb.protocol = llc === null ? value : protocol(skb.view, at);
}

/**
 * Strips the header, trims what follows the length of an 802.3 frame, and sets `macHeader`, `networkHeader` and `protocol`.
 * @throws WireError with a {@link Drop}; the packet is then as it was.
 */
export function pull(skb: SkBuff): Header {
  // The header says how long it is a few bytes at a time; no byte of payload is moved for it.
  let need = HLEN;
  while (skb.mayPull(need)) {
    need = extent(skb.view, skb.data, skb.tail);
    if (need <= skb.tail - skb.data) break;
  }
  const { view, data, tail } = skb;
  const drop = checkPacket(view, data, tail, skb.len);
  if (drop !== undefined)
    throw new WireError(drop, faultOffset(drop, view, data, tail, data + skb.len) - data);
  const header = read(view, data);
  const length = extent(view, data, tail);
  if (header.llc !== null) skb.trim(length - llcSize(header.llc) + header.proto);
  skb.protocol = protocol(view, data);
  skb.macHeader = data;
  skb.networkHeader = skb.pull(length);
  return header;
}

/**
 * Whether a frame's first type/length field is an EtherType with the payload behind it: no tag, no LLC. Most are; `check` and
 * the readers ask this first and leave the rest to functions of their own, so that V8 inlines them (7 ns a frame less).
 */
function isPlain(value: number): boolean {
  return value >= ETH_P_802_3_MIN && value !== ETH_P_8021Q && value !== ETH_P_8021AD;
}

/** {@link check} of a frame with tags or LLC. */
function checkLong(view: DataView, at: number, end: number): Drop | undefined {
  const type = typeOffset(view, at, end);
  if (type + 2 > end) return 'ETH_TRUNCATED';
  const value = view.getUint16(type);
  if (value >= ETH_P_802_3_MIN) return isTpid(value) ? 'ETH_TAG_DEPTH' : undefined;
  if (value > ETH_DATA_LEN) return 'ETH_BAD_TYPE';
  const extent = llcExtent(view, type + 2, end);
  if (value < extent) return 'ETH_BAD_LEN';
  return type + 2 + extent > end ? 'ETH_TRUNCATED' : undefined;
}

/** Where the type/length field stands behind the tags; at or past `end - 1` where the bytes end before it. */
function typeOffset(view: DataView, at: number, end: number): number {
  let type = at + TYPE;
  for (let tags = 0; tags < MAX_TAGS && type + 2 <= end; tags++) {
    const value = view.getUint16(type);
    if (value !== ETH_P_8021Q && value !== ETH_P_8021AD) return type;
    type += VLAN_HLEN;
  }
  return type;
}

/** Bytes of header as far as those before `end` tell: more than there are when it goes on. */
function extent(view: DataView, at: number, end: number): number {
  const type = typeOffset(view, at, end);
  if (type + 2 > end || view.getUint16(type) > ETH_DATA_LEN) return type + 2 - at;
  return type + 2 - at + llcExtent(view, type + 2, end);
}

/** Where a refused header is at fault; a truncation is where the bytes run out. */
function faultOffset(drop: Drop, view: DataView, at: number, end: number, truncation: number): number {
  return drop === 'ETH_TRUNCATED' ? truncation : typeOffset(view, at, end);
}

function refuseRanges(header: PushHeader, value: number): void {
  const { dest, source, tags, llc } = header;
  macRange('dest', dest);
  macRange('source', source);
  requireRange('ethernet', 'proto', value, 0xffff);
  if (tags !== undefined) for (const tag of tags) refuseTag(tag);
  if (llc) refuseLlc(llc);
}

function refuseTag(tag: Tag): void {
  requireRange('ethernet', 'tpid', tag.tpid, 0xffff);
  requireRange('ethernet', 'tci', tag.tci, 0xffff);
}

function refuseLlc(llc: Llc): void {
  requireRange('ethernet', 'dsap', llc.dsap, 0xff);
  requireRange('ethernet', 'ssap', llc.ssap, 0xff);
  requireRange('ethernet', 'control', llc.control, isRaw(llc) ? 0 : (llc.control & 3) === 3 ? 0xff : 0xffff);
  if (llc.snap === null) return;
  requireRange('ethernet', 'oui', llc.snap.oui, 0xff_ffff);
  requireRange('ethernet', 'pid', llc.snap.pid, 0xffff);
}

function write(view: DataView, at: number, header: PushHeader, value: number): void {
  writeMac(view, at + DEST, header.dest);
  writeMac(view, at + SOURCE, header.source);
  let type = at + TYPE;
  if (header.tags !== undefined) {
    for (const tag of header.tags) {
      view.setUint16(type, tag.tpid);
      view.setUint16(type + 2, tag.tci);
      type += VLAN_HLEN;
    }
  }
  view.setUint16(type, value);
  if (header.llc) writeLlc(view, type + 2, header.llc);
}

/**
 * UDP header codec: RFC 768; host rules RFC 1122 §4.1.3.
 * @module
 */
import { CHECKSUM_PARTIAL, requireRange, type SkBuff, viewOf, WireError } from '@stack/skbuff';
import { CHECK, checksum, DEST, dest, HLEN, LEN, len, SOURCE, source } from './fields.ts';

/** One field per wire field, Linux `struct udphdr` names, host byte order. */
export interface Header {
  /** Source Port, u16. 0 means "no reply expected". */
  source: number;
  /** Destination Port, u16. */
  dest: number;
  /** Length, u16, bytes: header + payload, so never below {@link HLEN}. */
  len: number;
  /** Checksum, u16, over pseudo-header + header + payload. 0 means "none" (IPv4 only). */
  check: number;
}

/** What {@link push} needs: the rest is derived. */
export interface PushHeader {
  source: number;
  dest: number;
  /** Derived from `skb.len`. */
  len?: number;
  /** Derived from the pseudo-header's sum, where {@link push} is given one; else 0, none. */
  check?: number;
}

/** Why {@link check} or {@link checkPacket} refuses bytes. Stable API: counters and traces key on it. */
export type Drop = 'UDP_TRUNCATED' | 'UDP_BAD_LEN' | 'UDP_PACKET_TRUNCATED';

/** The checksum's place in the header, bytes: the `csumOffset` of a UDP packet with CHECKSUM_PARTIAL. */
export const CSUM_OFFSET: 6 = CHECK;

/**
 * Rules the header can break alone; `end` bounds the linear bytes. Total: never throws. `decode` relies on nothing else. The
 * checksum is not among them: see `verify`.
 */
export function check(view: DataView, at: number, end: number): Drop | undefined {
  return checkPacket(view, at, end, 0xffff); // no length is beyond that
}

/** {@link check}, and the `len` bytes the header promises are within the packet's `len`. Total. `pull` relies on it. */
export function checkPacket(view: DataView, at: number, end: number, length: number): Drop | undefined {
  if (end - at < HLEN) return 'UDP_TRUNCATED';
  const promised = view.getUint16(at + LEN);
  // RFC 768: "the minimum value of the length is eight".
  if (promised < HLEN) return 'UDP_BAD_LEN';
  return promised > length ? 'UDP_PACKET_TRUNCATED' : undefined; // length counts frags, end does not
}

/** Bytes that `encode` writes: 8. */
export function size(_header?: unknown): number {
  return HLEN;
}

/** The header at `at`, after {@link check} passed. */
export function read(view: DataView, at: number): Header {
  return { source: source(view, at), dest: dest(view, at), len: len(view, at), check: checksum(view, at) };
}

/**
 * The header at `offset`, 0..`bytes.length`; what follows it is not looked at.
 * @throws WireError with a code of {@link check}; RangeError for an offset that is no place in the bytes.
 */
export function decode(bytes: Uint8Array, offset = 0): Header {
  requireRange('udp', 'offset', offset, bytes.length);
  const view = viewOf(bytes);
  const drop = check(view, offset, bytes.length);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, offset, bytes.length));
  return read(view, offset);
}

/**
 * Writes exactly eight bytes, every field as given, valid or not.
 * @throws RangeError, and nothing written, if `into` is too short, `offset` no place in it, or a field out of its range.
 */
export function encode(header: Header, into?: Uint8Array, offset = 0): Uint8Array {
  checkRanges(header);
  requireRange('udp', 'offset', offset, into?.length ?? Number.MAX_SAFE_INTEGER);
  const bytes = into ?? new Uint8Array(offset + HLEN);
  if (offset + HLEN > bytes.length) {
    throw new RangeError(`udp: ${HLEN} bytes at ${offset} do not fit into ${bytes.length}`);
  }
  write(viewOf(bytes), offset, header.source, header.dest, header.len, header.check);
  return bytes;
}

/**
 * Prepends a header and sets `skb.transportHeader`. `len` is derived from `skb.len` unless given. So is `check`, from
 * `pseudoSum`: the sum of the pseudo-header, whose length is `8 + skb.len` before the call. The sum goes into the header and the
 * packet becomes CHECKSUM_PARTIAL, to be completed by the device. Without both, `check` is 0: no checksum.
 * @throws RangeError, and nothing changed, if a field or the length does not fit, or headroom is short.
 */
export function push(skb: SkBuff, header: PushHeader, pseudoSum?: number): void {
  const length = header.len ?? skb.len + HLEN;
  const whole = {
    source: header.source,
    dest: header.dest,
    len: length,
    check: header.check ?? pseudoSum ?? 0,
  };
  checkRanges(whole);
  const at = skb.push(HLEN);
  write(skb.view, at, whole.source, whole.dest, length, whole.check);
  skb.transportHeader = at;
  if (header.check !== undefined || pseudoSum === undefined) return;
  skb.ipSummed = CHECKSUM_PARTIAL;
  skb.csumStart = at;
  skb.csumOffset = CSUM_OFFSET;
}

/**
 * Strips the header off `skb`, trims what follows the datagram off its tail, and sets `transportHeader`. A wrong checksum is
 * not refused: call `verify` first.
 * @throws WireError with a code of {@link checkPacket}; the packet stays as it was.
 */
export function pull(skb: SkBuff): Header {
  skb.mayPull(HLEN);
  const drop = checkPacket(skb.view, skb.data, skb.tail, skb.len);
  if (drop !== undefined) throw new WireError(drop, faultAt(drop, 0, skb.len));
  const header = read(skb.view, skb.data);
  skb.trim(header.len);
  skb.transportHeader = skb.data;
  skb.pull(HLEN);
  return header;
}

/** Writes all eight bytes at `at`; allocates nothing, checks nothing. */
export function write(
  view: DataView,
  at: number,
  source: number,
  dest: number,
  len: number,
  check: number,
): void {
  view.setUint16(at + SOURCE, source);
  view.setUint16(at + DEST, dest);
  view.setUint16(at + LEN, len);
  view.setUint16(at + CHECK, check);
}

/** Where the field at fault stands; for missing bytes, where they ran out. */
function faultAt(drop: Drop, at: number, end: number): number {
  return drop === 'UDP_BAD_LEN' ? at + LEN : end;
}

function checkRanges(h: Header): void {
  requireRange('udp', 'source', h.source, 0xffff);
  requireRange('udp', 'dest', h.dest, 0xffff);
  requireRange('udp', 'len', h.len, 0xffff);
  requireRange('udp', 'check', h.check, 0xffff);
}

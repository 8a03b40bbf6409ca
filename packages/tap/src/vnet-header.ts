/**
 * `struct virtio_net_hdr`: what stands in front of each packet on a TAP with `IFF_VNET_HDR`, and says what is left to do with it (VIRTIO 1.2,
 * §5.1.6). Legacy layout: ten bytes in the byte order of the machine.
 * @module
 */
import { endianness } from 'node:os';
import {
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  type SkBuff,
} from '@stack/skbuff';

/** Bytes of the header. */
export const VNET_HLEN = 10;

// Byte offsets, in order.
const FLAGS = 0;
const GSO_TYPE = 1;
const HDR_LEN = 2;
const GSO_SIZE = 4;
const CSUM_START = 6;
const CSUM_OFFSET = 8;

/** `flags`: the checksum is partial. */
const F_NEEDS_CSUM = 1;
/** `flags`: the checksum was verified. */
const F_DATA_VALID = 2;
/** `gso_type`. */
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_ECN = 0x80;

const TCP_HLEN = 20;
/** Where a TCP header says how long it is, and where its checksum is. */
const TCP_DOFF = 12;
const TCP_CHECK = 16;

const LITTLE: boolean = /* @__PURE__ */ endianness() === 'LE';

/** Why a packet or its header cannot be believed; Linux's drop reasons. */
export type VnetFault = 'DEV_HDR' | 'SKB_CSUM' | 'SKB_GSO_SEG' | 'NOMEM';

/** What of `skb` a header says, which follows it on the wire. Changes nothing about the packet. */
export function writeVnetHeader(view: DataView, skb: SkBuff): VnetFault | undefined {
  for (let at = 0; at < VNET_HLEN; at += 2) view.setUint16(at, 0);
  if (skb.ipSummed !== CHECKSUM_PARTIAL) return skb.gsoSize > 0 ? 'SKB_GSO_SEG' : undefined;
  const start = skb.csumStart - skb.data;
  if (!isSumInside(start, skb.csumOffset, skb.len)) return 'SKB_CSUM';
  view.setUint8(FLAGS, F_NEEDS_CSUM);
  view.setUint16(CSUM_START, start, LITTLE);
  view.setUint16(CSUM_OFFSET, skb.csumOffset, LITTLE);
  return skb.gsoSize > 0 ? writeGso(view, skb, start) : undefined;
}

function writeGso(view: DataView, skb: SkBuff, start: number): VnetFault | undefined {
  const { gsoSize, gsoType } = skb;
  const family = gsoType & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6);
  const known = family | SKB_GSO_DODGY | SKB_GSO_TCP_ECN;
  if (family !== SKB_GSO_TCPV4 && family !== SKB_GSO_TCPV6) return 'SKB_GSO_SEG';
  if ((gsoType & ~known) !== 0 || gsoSize > 0xffff || start + TCP_HLEN > skb.headlen) return 'SKB_GSO_SEG';
  const hlen = start + ((skb.view.getUint8(skb.data + start + TCP_DOFF) >>> 4) << 2);
  if (hlen < start + TCP_HLEN || hlen > skb.len) return 'SKB_GSO_SEG';
  const type = family === SKB_GSO_TCPV4 ? GSO_TCPV4 : GSO_TCPV6;
  view.setUint8(GSO_TYPE, (gsoType & SKB_GSO_TCP_ECN) === 0 ? type : type | GSO_ECN);
  view.setUint16(HDR_LEN, hlen, LITTLE);
  view.setUint16(GSO_SIZE, gsoSize, LITTLE);
  return undefined;
}

/**
 * Puts on `skb` what the header in front of it says; every field is judged, for a foreign program may have written it. The packet stays the
 * caller's in any case.
 */
export function readVnetHeader(view: DataView, skb: SkBuff): VnetFault | undefined {
  const flags = view.getUint8(FLAGS);
  const type = view.getUint8(GSO_TYPE);
  if (view.getUint16(HDR_LEN, LITTLE) > skb.len) return 'DEV_HDR';
  if ((flags & F_NEEDS_CSUM) === 0) {
    if (type !== GSO_NONE) return 'DEV_HDR'; // VIRTIO 1.2 §5.1.6.4: segments need checksums
    if ((flags & F_DATA_VALID) !== 0) skb.ipSummed = CHECKSUM_UNNECESSARY;
    return undefined;
  }
  const start = view.getUint16(CSUM_START, LITTLE);
  const offset = view.getUint16(CSUM_OFFSET, LITTLE);
  if (!isSumInside(start, offset, skb.len)) return 'DEV_HDR';
  if (!skb.mayPull(start + offset + 2)) return 'NOMEM';
  const fault = type === GSO_NONE ? undefined : readGso(view, skb, start, offset);
  if (fault !== undefined) return fault;
  skb.ipSummed = CHECKSUM_PARTIAL;
  skb.csumStart = skb.data + start;
  skb.csumOffset = offset;
  skb.transportHeader = skb.csumStart;
  return undefined;
}

function readGso(view: DataView, skb: SkBuff, start: number, offset: number): VnetFault | undefined {
  const type = view.getUint8(GSO_TYPE);
  const family = type & ~GSO_ECN;
  const size = view.getUint16(GSO_SIZE, LITTLE);
  if ((family !== GSO_TCPV4 && family !== GSO_TCPV6) || size === 0) return 'DEV_HDR';
  if (offset !== TCP_CHECK || start + TCP_HLEN > skb.len) return 'DEV_HDR';
  if (!skb.mayPull(start + TCP_HLEN)) return 'NOMEM';
  // hdr_len is only a hint: what counts is what the headers say.
  const hlen = start + ((skb.view.getUint8(skb.data + start + TCP_DOFF) >>> 4) << 2);
  if (hlen < start + TCP_HLEN || hlen > skb.len) return 'DEV_HDR';
  const payload = skb.len - hlen;
  if (payload <= size) return undefined; // one segment is a packet like any other
  skb.gsoSize = size;
  skb.gsoSegs = Math.ceil(payload / size);
  // Nobody here looked at the headers.
  skb.gsoType = SKB_GSO_DODGY | (family === GSO_TCPV4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6);
  if ((type & GSO_ECN) !== 0) skb.gsoType |= SKB_GSO_TCP_ECN;
  return undefined;
}

/** Whether a checksum lies within `len` bytes, and fits the header's fields. */
function isSumInside(start: number, offset: number, len: number): boolean {
  return start >= 0 && start <= 0xffff && offset >= 0 && offset <= 0xffff && start + offset + 2 <= len;
}

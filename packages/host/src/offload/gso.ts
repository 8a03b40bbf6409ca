/**
 * Segmentation in software, and what else a device leaves to its host on the way out (Linux `validate_xmit_skb`). The protocols say how
 * a copied header becomes that of a segment.
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import {
  CHECKSUM_PARTIAL,
  checksumHelp,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ACCECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP_L4,
  type SkBuff,
  segment,
} from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import { pushTag } from './vlan.ts';

/** The segment that has the byte whose sender wants to hear of it; of datagrams it is the first. */
function stamp(part: SkBuff, skb: SkBuff): void {
  part.txFlags = skb.txFlags;
  part.tskey = skb.tskey;
  part.sk = skb.sk; // to hear, not to be charged
}

/** What of a device is asked here. */
export interface GsoDevice {
  /** By the names of `ethtool -K`: `tx tso gso txvlan`. */
  readonly features: Readonly<Record<string, boolean>>;
  /** Bytes of the largest super-packet it takes. */
  readonly gsoMaxSize: number;
  /** Segments of the largest super-packet it takes. */
  readonly gsoMaxSegs: number;
}

/**
 * Cuts a super-packet of TCP or UDP over IPv4, `data` at its link header (or, without one, at its network header), `networkHeader` and
 * `transportHeader` set, into packets of `gsoSize` payload bytes. Whatever stands in front of the network header, tags included, is
 * copied. Checksums are left partial. The caller keeps `skb`; segments share its payload and have no owner. `undefined` where it cannot
 * be cut: no such protocol, headers that are none, or the pool's limit. Total: never throws.
 */
export function segmentGso(skb: SkBuff): SkBuff[] | undefined {
  const network = skb.networkHeader - skb.data;
  const transport = skb.transportHeader - skb.data;
  const hlen = headersOf(skb, network, transport);
  if (hlen === 0) return undefined;
  const isTcp = (skb.gsoType & SKB_GSO_TCPV4) !== 0;
  const offset = isTcp ? tcp.CSUM_OFFSET : udp.CSUM_OFFSET;
  const isPartial = skb.ipSummed === CHECKSUM_PARTIAL;
  const length = skb.len - transport;
  const firstOnly = (skb.gsoType & SKB_GSO_TCP_ACCECN) === 0 ? tcp.CWR : 0;
  const step = (skb.gsoType & SKB_GSO_TCP_FIXEDID) === 0 ? 1 : 0;
  const stamped = skb.txFlags === 0 ? -1 : isTcp ? skb.tskey - tcp.seq(skb.view, skb.data + transport) : 0;
  return segment(skb, hlen, (part, index, count, payload) => {
    const { view, data } = part;
    const at = data + transport;
    const own = part.len - transport;
    if (isTcp) tcp.gsoFixup(view, at, index, count, payload, length, own, firstOnly);
    else udp.gsoFixup(view, at, length, own);
    ipv4.gsoFixup(view, data + network, index * step, part.len - network);
    if (stamped >= payload && stamped < payload + skb.gsoSize) stamp(part, skb);
    if (isPartial) return;
    // The whole had its checksum, which is no segment's.
    view.setUint16(at + offset, pseudoSum(view, data + network, own));
    part.ipSummed = CHECKSUM_PARTIAL;
    part.csumStart = at;
    part.csumOffset = offset;
  });
}

/**
 * Makes a packet one, or several, that the device takes: cut where it does not cut, tagged where it does not tag, summed where it does
 * not sum. `data` at the link header. The packet is taken over and the first to send returned, the others linked through `next`; where
 * it had an owner, that one hears when the last of them is done with. `undefined`: it cannot be sent, and is still the caller's to drop
 * (`SKB_GSO_SEG`, `SKB_CSUM`). Total: never throws.
 */
export function validateXmit(skb: SkBuff, device: GsoDevice): SkBuff | undefined {
  if (skb.gsoSize > 0 && !takesWhole(skb, device)) return cut(skb, device);
  return prepare(skb, device) ? skb : undefined;
}

/** Whether the device cuts this super-packet itself, or passes it whole. */
function takesWhole(skb: SkBuff, device: GsoDevice): boolean {
  const { features } = device;
  if (skb.len > device.gsoMaxSize || skb.gsoSegs > device.gsoMaxSegs) return false;
  if (features.gso) return true;
  // Fixed ids, and CWR on the first segment alone, are what only the software knows.
  return features.tso === true && features.tx === true && skb.gsoType === SKB_GSO_TCPV4;
}

function cut(skb: SkBuff, device: GsoDevice): SkBuff | undefined {
  const parts = segmentGso(skb);
  if (parts === undefined) return undefined;
  for (let i = 0; i < parts.length; i++) {
    if (prepare(parts[i] as SkBuff, device)) continue;
    for (const part of parts) part.free();
    return undefined;
  }
  const last = parts[parts.length - 1] as SkBuff;
  for (let i = 1; i < parts.length; i++) (parts[i - 1] as SkBuff).next = parts[i] as SkBuff;
  if (skb.destructor === undefined) skb.free();
  else {
    last.sk = skb;
    last.destructor = freeOwner;
  }
  return parts[0];
}

/** Destructor of the last segment: the super-packet, and with it its owner's charge, was kept until now. */
function freeOwner(part: SkBuff): void {
  (part.sk as SkBuff).free();
}

/** Tag and checksum, in software where the device will not. */
function prepare(skb: SkBuff, device: GsoDevice): boolean {
  const { features } = device;
  if (skb.vlanProto !== 0 && features.txvlan !== true && !pushTag(skb)) return false;
  if (skb.ipSummed !== CHECKSUM_PARTIAL || features.tx === true) return true;
  return isSumInPacket(skb) && checksumHelp(skb);
}

function isSumInPacket(skb: SkBuff): boolean {
  const start = skb.csumStart - skb.data;
  return start >= 0 && skb.csumOffset >= 0 && start + skb.csumOffset + 2 <= skb.len;
}

/** Bytes of all headers, made linear; 0 where they are not those of a TCP or UDP super-packet. */
function headersOf(skb: SkBuff, network: number, transport: number): number {
  const type = skb.gsoType & ~SKB_GSO_DODGY;
  if (!Number.isInteger(skb.gsoSize) || skb.gsoSize < 1) return 0;
  if (network < 0 || transport < network + ipv4.HLEN) return 0;
  const isTcp = (type & SKB_GSO_TCPV4) !== 0;
  if (!isTcp && (type & SKB_GSO_UDP_L4) === 0) return 0;
  const least = transport + (isTcp ? tcp.HLEN : udp.HLEN);
  if (!skb.mayPull(least)) return 0;
  if (ipv4.headerLength(skb.view, skb.data + network) !== transport - network) return 0;
  if (!isTcp) return least;
  const length = tcp.headerLength(skb.view, skb.data + transport);
  const hlen = transport + length;
  return length < tcp.HLEN || !skb.mayPull(hlen) ? 0 : hlen;
}

function pseudoSum(view: DataView, network: number, length: number): number {
  const protocol = ipv4.protocol(view, network);
  return pseudoIpv4(ipv4.saddr(view, network), ipv4.daddr(view, network), protocol, length);
}

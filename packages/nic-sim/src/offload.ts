/**
 * What a packet asks of the device, and the same in software.
 * @module
 */
import {
  CHECKSUM_PARTIAL,
  checksumHelp,
  MAX_SKB_FRAGS,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
  type SkBuff,
} from '@stack/skbuff';
import { type Core, VET } from './core.ts';
import { VLAN_HLEN } from './frame.ts';

/** TUCSS, TUCSO and HDRLEN are bytes. */
const MAX_HEADER = 0xff;
const MAX_MSS = 0xffff;
const MAX_PAYLEN = 0xf_ffff;
const MIN_TCP_HLEN = 20;
/** Bytes of both MAC addresses: a tag goes behind them. */
const ADDRESSES = 12;

/** Whether the device can cut this super-packet: TCP over IPv4 or IPv6 and nothing special about it. */
export function canSegment(core: Core, skb: SkBuff): boolean {
  const { features } = core;
  if (!features.tso || !features.tx || core.segment === undefined) return false;
  if (skb.gsoType !== SKB_GSO_TCPV4 && skb.gsoType !== SKB_GSO_TCPV6) return false;
  if (skb.len > core.gsoMaxSize || skb.gsoSegs > core.gsoMaxSegs || skb.gsoSize > MAX_MSS) return false;
  if (skb.networkHeader < skb.data || skb.transportHeader <= skb.networkHeader) return false;
  const hdrlen = tcpHeaderEnd(skb);
  if (hdrlen < 0 || hdrlen > MAX_HEADER - VLAN_HLEN) return false;
  if (skb.ipSummed === CHECKSUM_PARTIAL && (skb.csumStart !== skb.transportHeader || !isSumInReach(skb))) {
    return false;
  }
  return (skb.headlen > hdrlen ? 1 : 0) + skb.nrFrags <= MAX_SKB_FRAGS;
}

/** Bytes of headers up to the TCP payload, from the data offset; -1 if they are not all linear. */
export function tcpHeaderEnd(skb: SkBuff): number {
  const at = skb.transportHeader;
  if (at < skb.data || at + MIN_TCP_HLEN > skb.tail) return -1;
  const hlen = (skb.view.getUint8(at + 12) >> 4) * 4;
  return hlen < MIN_TCP_HLEN || at + hlen > skb.tail ? -1 : at + hlen - skb.data;
}

/**
 * What a descriptor can say about a packet. @throws RangeError if its checksum or its headers lie where no descriptor's field
 * reaches; `xmit` sends such packets by way of software.
 */
export function checkDescribable(skb: SkBuff): void {
  if (skb.ipSummed === CHECKSUM_PARTIAL && !(isSumInPacket(skb) && isSumInReach(skb))) {
    throw new RangeError(
      `nic: no descriptor for a checksum at ${skb.csumStart - skb.data} + ${skb.csumOffset}`,
    );
  }
  if (skb.gsoSize === 0) return;
  const hdrlen = tcpHeaderEnd(skb);
  const isTcp = skb.gsoType === SKB_GSO_TCPV4 || skb.gsoType === SKB_GSO_TCPV6;
  const reaches = hdrlen > 0 && hdrlen <= MAX_HEADER && skb.gsoSize <= MAX_MSS && skb.len <= MAX_PAYLEN;
  if (!isTcp || !reaches || skb.networkHeader < skb.data || skb.transportHeader <= skb.networkHeader) {
    throw new RangeError(`nic: no descriptor to cut ${skb.len} bytes of gsoType ${skb.gsoType} with`);
  }
}

/** @throws RangeError if the packet was freed. */
export function checkAlive(skb: SkBuff): void {
  if (skb.users <= 0) throw new RangeError('nic: an skb that was freed');
}

/** Whether the checksum field, and the start of the sum, lie in the packet. */
export function isSumInPacket(skb: SkBuff): boolean {
  if (skb.ipSummed !== CHECKSUM_PARTIAL) return true;
  const start = skb.csumStart - skb.data;
  return start >= 0 && skb.csumOffset >= 0 && start + skb.csumOffset + 2 <= skb.len;
}

/**
 * Does in software what the device will not do for this packet: inserts the tag, completes the checksum. False at the pool's
 * limit; the packet is then as it was, or a step further on the same way.
 */
export function prepare(core: Core, skb: SkBuff): boolean {
  const { features, ethtool } = core;
  if (skb.vlanProto !== 0 && (!features.txvlan || skb.vlanProto !== VET)) {
    if (!insertTag(skb)) return false;
    ethtool.swTagged++;
  }
  if (skb.ipSummed !== CHECKSUM_PARTIAL || (features.tx && isSumInReach(skb))) return true;
  if (!checksumHelp(skb)) return false;
  ethtool.swChecksummed++;
  return true;
}

function isSumInReach(skb: SkBuff): boolean {
  const start = skb.csumStart - skb.data;
  return start <= MAX_HEADER && start + skb.csumOffset <= MAX_HEADER;
}

/** Moves the out-of-band tag into the packet, behind the addresses. */
function insertTag(skb: SkBuff): boolean {
  if (!skb.mayPull(ADDRESSES) || !skb.cow(VLAN_HLEN)) return false;
  const at = skb.push(VLAN_HLEN);
  skb.bytes.copyWithin(at, at + VLAN_HLEN, at + VLAN_HLEN + ADDRESSES);
  skb.view.setUint16(at + ADDRESSES, skb.vlanProto);
  skb.view.setUint16(at + ADDRESSES + 2, skb.vlanTci);
  skb.macHeader = at;
  skb.vlanProto = 0;
  skb.vlanTci = 0;
  return true;
}

/**
 * What follows the header: IANA protocol numbers and the pseudo-header that transports sum.
 * @module
 */
import { requireRange } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { anyAddress } from './address-range.ts';

/** Internet Control Message Protocol. */
export const IPPROTO_ICMP = 1;
/** Internet Group Management Protocol. */
export const IPPROTO_IGMP = 2;
/** Transmission Control Protocol. */
export const IPPROTO_TCP = 6;
/** User Datagram Protocol. */
export const IPPROTO_UDP = 17;

/** Protocol numbers, by Linux's name; ICMPv6 and the routing protocols by IANA's. Any other number is legal. */
export const IPPROTO = {
  IPPROTO_IP: 0,
  IPPROTO_ICMP: 1,
  IPPROTO_IGMP: 2,
  IPPROTO_IPIP: 4,
  IPPROTO_TCP: 6,
  IPPROTO_EGP: 8,
  IPPROTO_PUP: 12,
  IPPROTO_UDP: 17,
  IPPROTO_IDP: 22,
  IPPROTO_TP: 29,
  IPPROTO_DCCP: 33,
  IPPROTO_IPV6: 41,
  IPPROTO_RSVP: 46,
  IPPROTO_GRE: 47,
  IPPROTO_ESP: 50,
  IPPROTO_AH: 51,
  IPPROTO_ICMPV6: 58,
  IPPROTO_EIGRP: 88,
  IPPROTO_OSPF: 89,
  IPPROTO_MTP: 92,
  IPPROTO_BEETPH: 94,
  IPPROTO_ENCAP: 98,
  IPPROTO_PIM: 103,
  IPPROTO_COMP: 108,
  IPPROTO_VRRP: 112,
  IPPROTO_L2TP: 115,
  IPPROTO_SCTP: 132,
  IPPROTO_UDPLITE: 136,
  IPPROTO_MPLS: 137,
  IPPROTO_ETHERNET: 143,
  IPPROTO_RAW: 255,
} as const;

/** Linux's name of a protocol number that has one. */
export type ProtocolName = keyof typeof IPPROTO;

/** The name of a number, such as `IPPROTO_TCP`; `undefined` where it has none. Searches: for people, not per packet. */
export function protocolName(protocol: number): ProtocolName | undefined {
  return (Object.keys(IPPROTO) as ProtocolName[]).find((name) => IPPROTO[name] === protocol);
}

/**
 * Sum of the pseudo-header of `header` (RFC 9293 §3.1, RFC 768): 0..0xffff, not complemented. `length`, bytes, counts the
 * transport header and its data. Addresses are u32 or int32. With a source route that is not used up, `daddr` must be the last
 * address of the route. @throws RangeError if an address, `protocol` or `length` is not what it should be.
 */
export function pseudoSum(
  header: { readonly saddr: number; readonly daddr: number; readonly protocol: number },
  length: number,
): number {
  anyAddress('saddr', header.saddr);
  anyAddress('daddr', header.daddr);
  requireRange('ipv4', 'protocol', header.protocol, 0xff);
  requireRange('ipv4', 'length', length, 0xffff_ffff);
  return pseudoIpv4(header.saddr, header.daddr, header.protocol, length);
}

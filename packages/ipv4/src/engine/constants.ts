/**
 * Numbers of Linux's interfaces that the engine and its host share, by Linux's names.
 * @module
 */

/** Scope of a route or an address: everywhere. */
export const RT_SCOPE_UNIVERSE = 0;
/** Scope: within the site. */
export const RT_SCOPE_SITE = 200;
/** Scope: on the link. */
export const RT_SCOPE_LINK = 253;
/** Scope: on this host. */
export const RT_SCOPE_HOST = 254;
/** Scope: nowhere. */
export const RT_SCOPE_NOWHERE = 255;

/** Routing table of what the host's addresses mean. */
export const RT_TABLE_LOCAL = 255;
/** Routing table of everything else. */
export const RT_TABLE_MAIN = 254;
/** Protocol of routes that come with an address. */
export const RTPROT_KERNEL = 2;

/** Address flag: another address of its subnet was there before. */
export const IFA_F_SECONDARY = 0x01;
/** Address flag: no route to its subnet. */
export const IFA_F_NOPREFIXROUTE = 0x200;

/** `IP_MTU_DISCOVER`: never set DF. */
export const IP_PMTUDISC_DONT = 0;
/** `IP_MTU_DISCOVER`: set DF on what fits the path, fragment what does not. */
export const IP_PMTUDISC_WANT = 1;
/** `IP_MTU_DISCOVER`: always set DF. */
export const IP_PMTUDISC_DO = 2;
/** `IP_MTU_DISCOVER`: set DF and ignore the path MTU. */
export const IP_PMTUDISC_PROBE = 3;
/** `IP_MTU_DISCOVER`: never set DF, use the device's MTU, believe no ICMP. */
export const IP_PMTUDISC_INTERFACE = 4;
/** `IP_MTU_DISCOVER`: as `INTERFACE`, but fragment where that is too big. */
export const IP_PMTUDISC_OMIT = 5;

/** `pktType`: our own multicast or broadcast, for ourselves. */
export const PACKET_LOOPBACK = 5;

/** The largest IP packet, bytes. */
export const IP_MAX_MTU = 0xffff;

// ICMP types and codes the engine sends (RFC 792, RFC 1812).

export const ICMP_DEST_UNREACH = 3;
export const ICMP_REDIRECT = 5;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETERPROB = 12;

export const ICMP_NET_UNREACH = 0;
export const ICMP_HOST_UNREACH = 1;
export const ICMP_PROT_UNREACH = 2;
export const ICMP_FRAG_NEEDED = 4;
export const ICMP_SR_FAILED = 5;
export const ICMP_PKT_FILTERED = 13;
export const ICMP_REDIR_HOST = 1;
export const ICMP_EXC_TTL = 0;
export const ICMP_EXC_FRAGTIME = 1;

// Bits of `skb.cb[CB_FLAGS]` while IPv4 holds a packet.

/** Route: to a broadcast address. */
export const RTCF_BROADCAST = 1;
/** Route: to a multicast group. */
export const RTCF_MULTICAST = 2;
/** Route: (also) to this host. */
export const RTCF_LOCAL = 4;
/** The packet came in and goes on. */
export const IPSKB_FORWARDED = 8;
/** It goes back where it came from: its sender gets a redirect. */
export const IPSKB_DOREDIRECT = 16;
/** DF is set and yet it may be fragmented: nobody insisted on DF. */
export const IPSKB_IGNORE_DF = 32;
/** It was sent with a source route of which this host was one hop. */
export const IPSKB_SOURCE_ROUTED = 128;
/** That source route is strict. */
export const IPSKB_STRICT_ROUTE = 256;
/** Record route got an address of ours. */
export const IPSKB_FILLED_ADDRESS = 512;
/** Our own multicast or broadcast, for ourselves. */
export const IPSKB_LOOPED = 1024;

/** Index in `skb.cb` of the flags above. Valid in `Protocol.receive` until the protocol uses `cb` itself. */
export const CB_FLAGS = 0;
/** Index in `skb.cb` of the size of the largest fragment, bytes; 0 = was none. */
export const CB_FRAG_MAX_SIZE = 1;
/** Index in `skb.cb` of the next hop that a source route names, int32. */
export const CB_SOURCE_ROUTE = 2;

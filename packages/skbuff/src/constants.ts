/**
 * Values of the fields an skb carries, by Linux's names (include/linux/skbuff.h, include/uapi/linux/if_packet.h).
 * @module
 */

/**
 * Frags one skb may hold: the most that Linux can be built with (`CONFIG_MAX_SKB_FRAGS`, 17 to 45). There are no frag lists
 * here, and 64 KiB that arrived as segments of 1448 bytes need 45.
 */
export const MAX_SKB_FRAGS = 45;

/** `ipSummed`: nobody looked at the checksum. Received: verify it in software. Sent: it is complete. */
export const CHECKSUM_NONE = 0;
/** `ipSummed`: the device, or a link without a wire, vouches for the checksum. */
export const CHECKSUM_UNNECESSARY = 1;
/** `ipSummed`: `csum` is the sum over every byte from `data` to the packet's end. */
export const CHECKSUM_COMPLETE = 2;
/** `ipSummed`: the checksum at `csumStart + csumOffset` holds the pseudo-header's sum; someone below completes it. */
export const CHECKSUM_PARTIAL = 3;

/** `pktType`: addressed to this host. */
export const PACKET_HOST = 0;
/** `pktType`: to the link's broadcast address. */
export const PACKET_BROADCAST = 1;
/** `pktType`: to a multicast group. */
export const PACKET_MULTICAST = 2;
/** `pktType`: to someone else; seen because the device is promiscuous. */
export const PACKET_OTHERHOST = 3;
/** `pktType`: our own, seen by a packet socket on its way out. */
export const PACKET_OUTGOING = 4;

/** `gsoType`: TCP over IPv4. */
export const SKB_GSO_TCPV4 = 1;
/** `gsoType`: from a peer that may have cut corners; header fields need checking before use. */
export const SKB_GSO_DODGY = 2;
/** `gsoType`: the first segment carries CWR, the rest must not (RFC 3168 §6.1.2). */
export const SKB_GSO_TCP_ECN = 4;
/** `gsoType`: every segment keeps the super-packet's IPv4 identification. */
export const SKB_GSO_TCP_FIXEDID = 8;
/** `gsoType`: TCP over IPv6. */
export const SKB_GSO_TCPV6 = 16;
/** `gsoType`: CWR is a part of the ACE field, which all segments carry (RFC 9768 §3.2.2). */
export const SKB_GSO_TCP_ACCECN = 0x8_0000;
/** `gsoType`: UDP datagrams of `gsoSize` bytes each. */
export const SKB_GSO_UDP_L4 = 0x2_0000;

/**
 * ARP's code points under Linux's names; unknown numbers are legal data.
 * @module
 */

/** EtherType of ARP, what `push` puts into `skb.protocol`. */
export const ETH_P_ARP = 0x0806;

/** Hardware type of Ethernet. */
export const ARPHRD_ETHER = 1;

/** Request: who has this protocol address? RFC 826. */
export const ARPOP_REQUEST = 1;
/** Reply. RFC 826. */
export const ARPOP_REPLY = 2;
/** Reverse request: what is my protocol address? RFC 903. */
export const ARPOP_RREQUEST = 3;
/** Reverse reply. RFC 903. */
export const ARPOP_RREPLY = 4;
/** Inverse request: whose is this hardware address? RFC 2390. */
export const ARPOP_INREQUEST = 8;
/** Inverse reply. RFC 2390. */
export const ARPOP_INREPLY = 9;
/** Negative acknowledgement of ATMARP. RFC 2225. */
export const ARPOP_NAK = 10;

/**
 * Types and codes, by Linux's names (include/uapi/linux/icmp.h); numbers are the IANA registry's.
 * @module
 */

/** Echo reply, RFC 792. */
export const ICMP_ECHOREPLY = 0;
/** Destination unreachable, RFC 792. */
export const ICMP_DEST_UNREACH = 3;
/** Source quench, RFC 792; deprecated by RFC 6633. */
export const ICMP_SOURCE_QUENCH = 4;
/** Redirect, RFC 792. */
export const ICMP_REDIRECT = 5;
/** Echo request, RFC 792. */
export const ICMP_ECHO = 8;
/** Router advertisement, RFC 1256. */
export const ICMP_ROUTERADVERT = 9;
/** Router solicitation, RFC 1256. */
export const ICMP_ROUTERSOLICIT = 10;
/** Time exceeded, RFC 792. */
export const ICMP_TIME_EXCEEDED = 11;
/** Parameter problem, RFC 792. */
export const ICMP_PARAMETERPROB = 12;
/** Timestamp request, RFC 792. */
export const ICMP_TIMESTAMP = 13;
/** Timestamp reply, RFC 792. */
export const ICMP_TIMESTAMPREPLY = 14;
/** Information request, RFC 792; obsolete, RFC 6918. */
export const ICMP_INFO_REQUEST = 15;
/** Information reply, RFC 792; obsolete, RFC 6918. */
export const ICMP_INFO_REPLY = 16;
/** Address mask request, RFC 950; obsolete, RFC 6918. */
export const ICMP_ADDRESS = 17;
/** Address mask reply, RFC 950; obsolete, RFC 6918. */
export const ICMP_ADDRESSREPLY = 18;
/** The highest type that is not told apart from noise (Linux `NR_ICMP_TYPES`). */
export const NR_ICMP_TYPES = 18;
/** Extended echo request (PROBE), RFC 8335. */
export const ICMP_EXT_ECHO = 42;
/** Extended echo reply, RFC 8335. */
export const ICMP_EXT_ECHOREPLY = 43;

/** Unreachable: no route. RFC 792. */
export const ICMP_NET_UNREACH = 0;
/** Unreachable: the host does not answer. RFC 792. */
export const ICMP_HOST_UNREACH = 1;
/** Unreachable: the host does not have the protocol. RFC 792. */
export const ICMP_PROT_UNREACH = 2;
/** Unreachable: nobody has the port. RFC 792. */
export const ICMP_PORT_UNREACH = 3;
/** Unreachable: larger than the next link's MTU, and not to be fragmented. RFC 792, 1191. */
export const ICMP_FRAG_NEEDED = 4;
/** Unreachable: the source route failed. RFC 792. */
export const ICMP_SR_FAILED = 5;
/** Unreachable: network unknown. RFC 1122. */
export const ICMP_NET_UNKNOWN = 6;
/** Unreachable: host unknown. RFC 1122. */
export const ICMP_HOST_UNKNOWN = 7;
/** Unreachable: source host isolated. RFC 1122. */
export const ICMP_HOST_ISOLATED = 8;
/** Unreachable: network administratively prohibited. RFC 1122. */
export const ICMP_NET_ANO = 9;
/** Unreachable: host administratively prohibited. RFC 1122. */
export const ICMP_HOST_ANO = 10;
/** Unreachable: network, for this type of service. RFC 1122. */
export const ICMP_NET_UNR_TOS = 11;
/** Unreachable: host, for this type of service. RFC 1122. */
export const ICMP_HOST_UNR_TOS = 12;
/** Unreachable: filtered. RFC 1812. */
export const ICMP_PKT_FILTERED = 13;
/** Unreachable: precedence violation. RFC 1812. */
export const ICMP_PREC_VIOLATION = 14;
/** Unreachable: precedence too low. RFC 1812. */
export const ICMP_PREC_CUTOFF = 15;
/** The highest code of destination unreachable (Linux `NR_ICMP_UNREACH`). */
export const NR_ICMP_UNREACH = 15;

/** Redirect for the network. RFC 792; hosts treat it as one for the host, RFC 1122 §3.2.2.2. */
export const ICMP_REDIR_NET = 0;
/** Redirect for the host. RFC 792. */
export const ICMP_REDIR_HOST = 1;
/** Redirect for network and type of service. RFC 792. */
export const ICMP_REDIR_NETTOS = 2;
/** Redirect for host and type of service. RFC 792. */
export const ICMP_REDIR_HOSTTOS = 3;

/** Time exceeded: TTL ran out on the way. RFC 792. */
export const ICMP_EXC_TTL = 0;
/** Time exceeded: fragments were missing too long. RFC 792. */
export const ICMP_EXC_FRAGTIME = 1;

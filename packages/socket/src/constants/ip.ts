/**
 * Options of IPv4 (level SOL_IP): `IP_*`. Linux's values.
 * @module
 */

/** Number: TOS of packets; a control message too. */
export const IP_TOS = 1;
/** Number: 1..255, -1 = the host's default; a control message too. */
export const IP_TTL = 2;
/** Boolean: raw sockets give the header themselves. */
export const IP_HDRINCL = 3;
/** Bytes: options of packets (RFC 791). */
export const IP_OPTIONS = 4;
/** Boolean: routers' alerts come to this raw socket. */
export const IP_ROUTER_ALERT = 5;
/** Boolean: IP_OPTIONS control messages of received packets. */
export const IP_RECVOPTS = 6;
/** Boolean: the same, ready to send back. */
export const IP_RETOPTS = 7;
/** Boolean: IP_PKTINFO control messages; a control message too. */
export const IP_PKTINFO = 8;
/** Number: `IP_PMTUDISC_*`. */
export const IP_MTU_DISCOVER = 10;
/** Boolean: errors are queued with their details for MSG_ERRQUEUE. */
export const IP_RECVERR = 11;
/** Boolean: IP_TTL control messages. */
export const IP_RECVTTL = 12;
/** Boolean: IP_TOS control messages. */
export const IP_RECVTOS = 13;
/** Bytes, read only: the path MTU of a connected socket. */
export const IP_MTU = 14;
/** Boolean: addresses that this host does not have may be bound. */
export const IP_FREEBIND = 15;
/** Boolean: the same, for proxies that have packets of others delivered to them. */
export const IP_TRANSPARENT = 19;
/** Boolean: IP_ORIGDSTADDR control messages. */
export const IP_RECVORIGDSTADDR = 20;
/** Control message: where a datagram was going. */
export const IP_ORIGDSTADDR = 20;
/** Number: packets of a lower TTL are dropped (RFC 5082). */
export const IP_MINTTL = 21;
/** Boolean: take no port until connect. */
export const IP_BIND_ADDRESS_NO_PORT = 24;
/** Address or `{ ifindex }`: the device of outgoing multicast. */
export const IP_MULTICAST_IF = 32;
/** Number: TTL of outgoing multicast, 0..255. */
export const IP_MULTICAST_TTL = 33;
/** Boolean: outgoing multicast comes back to this host. */
export const IP_MULTICAST_LOOP = 34;
/** `{ multiaddr, address?, ifindex? }`: join a group. */
export const IP_ADD_MEMBERSHIP = 35;
/** `{ multiaddr, address?, ifindex? }`: leave a group. */
export const IP_DROP_MEMBERSHIP = 36;
/** `{ multiaddr, interface, sourceaddr }`: take a source again. */
export const IP_UNBLOCK_SOURCE = 37;
/** `{ multiaddr, interface, sourceaddr }`: ignore a source. */
export const IP_BLOCK_SOURCE = 38;
/** `{ multiaddr, interface, sourceaddr }`: join a group for one source (RFC 3376). */
export const IP_ADD_SOURCE_MEMBERSHIP = 39;
/** `{ multiaddr, interface, sourceaddr }`: leave it. */
export const IP_DROP_SOURCE_MEMBERSHIP = 40;
/** Boolean: groups that others joined are received too. */
export const IP_MULTICAST_ALL = 49;
/** Index of the device that packets leave by. */
export const IP_UNICAST_IF = 50;

/** {@link IP_MTU_DISCOVER}: fragments are allowed. */
export const IP_PMTUDISC_DONT = 0;
/** {@link IP_MTU_DISCOVER}: fragments where the route wants them. */
export const IP_PMTUDISC_WANT = 1;
/** {@link IP_MTU_DISCOVER}: never fragments; EMSGSIZE above the path MTU. */
export const IP_PMTUDISC_DO = 2;
/** {@link IP_MTU_DISCOVER}: never fragments, whatever the path MTU is said to be. */
export const IP_PMTUDISC_PROBE = 3;

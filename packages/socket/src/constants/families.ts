/**
 * `AF_*`, `SOCK_*`, `IPPROTO_*`, `SHUT_*`: what `socket(2)` and `shutdown(2)` are called with. Linux's values.
 * @module
 */

/** No family: `connect` to it takes a socket's peer away. */
export const AF_UNSPEC = 0;
/** IPv4. */
export const AF_INET = 2;
/** IPv6. */
export const AF_INET6 = 10;
/** Packets at the device. */
export const AF_PACKET = 17;

/** A stream of bytes: TCP. */
export const SOCK_STREAM = 1;
/** Datagrams: UDP; in AF_PACKET, packets without their link-layer header. */
export const SOCK_DGRAM = 2;
/** Packets with their headers. */
export const SOCK_RAW = 3;
/** Flag: calls answer EAGAIN instead of waiting (`O_NONBLOCK`). */
export const SOCK_NONBLOCK = 0o4000;
/** Flag: has no effect, for nothing is executed here. */
export const SOCK_CLOEXEC = 0o2000000;

/** The type's own protocol. */
export const IPPROTO_IP = 0;
/** ICMP for IPv4. */
export const IPPROTO_ICMP = 1;
/** IGMP. */
export const IPPROTO_IGMP = 2;
/** TCP. */
export const IPPROTO_TCP = 6;
/** UDP. */
export const IPPROTO_UDP = 17;
/** IPv6. */
export const IPPROTO_IPV6 = 41;
/** ICMPv6. */
export const IPPROTO_ICMPV6 = 58;
/** Raw IP packets: the header is the application's. */
export const IPPROTO_RAW = 255;

/** Receives no more. */
export const SHUT_RD = 0;
/** Sends no more. */
export const SHUT_WR = 1;
/** Neither. */
export const SHUT_RDWR = 2;

/** Most connections `listen` is usually asked for (`net.core.somaxconn`). */
export const SOMAXCONN = 4096;

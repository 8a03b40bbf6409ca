/**
 * `MSG_*`, `POLL*`, `SIOC*`, `SO_EE_*`, `PACKET_*`: flags and answers of calls. Linux's values.
 * @module
 */

/** Urgent data. */
export const MSG_OOB = 0x1;
/** Look at what is received, and leave it. */
export const MSG_PEEK = 0x2;
/** Only to destinations on a link of this host. */
export const MSG_DONTROUTE = 0x4;
/** Told: control messages were cut. */
export const MSG_CTRUNC = 0x8;
/** Asked: answer a datagram's whole length; on TCP, throw bytes away. Told: the datagram was cut. */
export const MSG_TRUNC = 0x20;
/** This call answers EAGAIN instead of waiting. */
export const MSG_DONTWAIT = 0x40;
/** A record ends; no effect here. */
export const MSG_EOR = 0x80;
/** Wait until the buffer is full. */
export const MSG_WAITALL = 0x100;
/** The peer answered: its neighbour entry is good. */
export const MSG_CONFIRM = 0x800;
/** Read the queue of errors. It never waits. */
export const MSG_ERRQUEUE = 0x2000;
/** No SIGPIPE; there are no signals here anyway. */
export const MSG_NOSIGNAL = 0x4000;
/** More follows. */
export const MSG_MORE = 0x8000;
/** Send from the caller's own memory, which it leaves alone until the error queue says so (SO_ZEROCOPY). */
export const MSG_ZEROCOPY = 0x4000000;
/** Connect by sending (RFC 7413). */
export const MSG_FASTOPEN = 0x20000000;

/** There is something to read. */
export const POLLIN = 0x001;
/** Urgent data. */
export const POLLPRI = 0x002;
/** A send would not wait. */
export const POLLOUT = 0x004;
/** An error waits. Told, asked or not. */
export const POLLERR = 0x008;
/** Both directions are closed. Told, asked or not. */
export const POLLHUP = 0x010;
/** The socket is closed. Told, asked or not. */
export const POLLNVAL = 0x020;
/** As POLLIN. */
export const POLLRDNORM = 0x040;
/** As POLLOUT. */
export const POLLWRNORM = 0x100;
/** The peer sends no more. */
export const POLLRDHUP = 0x2000;

/** Bytes to read; of a datagram socket, those of the next one. */
export const SIOCINQ = 0x541b;
/** The same as {@link SIOCINQ}. */
export const FIONREAD = 0x541b;
/** Bytes not acknowledged, or not sent. */
export const SIOCOUTQ = 0x5411;
/** Bytes not sent yet. */
export const SIOCOUTQNSD = 0x894b;
/** 1 where the next byte to read is the urgent one. */
export const SIOCATMARK = 0x8905;

/** An error of this host. */
export const SO_EE_ORIGIN_LOCAL = 1;
/** An ICMP message. */
export const SO_EE_ORIGIN_ICMP = 2;
/** An ICMPv6 message. */
export const SO_EE_ORIGIN_ICMP6 = 3;
/** A packet left, or was acknowledged: a timestamp. */
export const SO_EE_ORIGIN_TIMESTAMPING = 4;
/** A zero-copy send is done with its memory. */
export const SO_EE_ORIGIN_ZEROCOPY = 5;
/** Zero copy: the bytes were copied after all. */
export const SO_EE_CODE_ZEROCOPY_COPIED = 1;

/** To this host. */
export const PACKET_HOST = 0;
/** To everybody. */
export const PACKET_BROADCAST = 1;
/** To a group. */
export const PACKET_MULTICAST = 2;
/** To somebody else. */
export const PACKET_OTHERHOST = 3;
/** From this host. */
export const PACKET_OUTGOING = 4;

/** EtherType of IPv4. */
export const ETH_P_IP = 0x0800;
/** EtherType of ARP. */
export const ETH_P_ARP = 0x0806;
/** EtherType of IPv6. */
export const ETH_P_IPV6 = 0x86dd;
/** Every EtherType. */
export const ETH_P_ALL = 0x0003;

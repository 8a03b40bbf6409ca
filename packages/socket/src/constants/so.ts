/**
 * `SOL_*`, and `SO_*`: options of level SOL_SOCKET. Linux's values (x86, ARM, RISC-V).
 * @module
 */

/** Options of every socket. */
export const SOL_SOCKET = 1;
/** Options of IPv4. */
export const SOL_IP = 0;
/** Options of TCP. */
export const SOL_TCP = 6;
/** Options of UDP. */
export const SOL_UDP = 17;
/** Options of IPv6. */
export const SOL_IPV6 = 41;
/** Options of raw sockets. */
export const SOL_RAW = 255;
/** Options of AF_PACKET. */
export const SOL_PACKET = 263;

/** Boolean: an address in TIME_WAIT, or that others may use too, can be bound. */
export const SO_REUSEADDR = 2;
/** Number, read only: `SOCK_STREAM`, … */
export const SO_TYPE = 3;
/** Number, read only: errno of the pending error, positive; reading clears it. */
export const SO_ERROR = 4;
/** Boolean: only to destinations on a link of this host. */
export const SO_DONTROUTE = 5;
/** Boolean: may send to broadcast addresses. */
export const SO_BROADCAST = 6;
/** Bytes: half of what the send buffer may hold; reading gives the doubled value. */
export const SO_SNDBUF = 7;
/** Bytes: half of what the receive buffer may hold; reading gives the doubled value. */
export const SO_RCVBUF = 8;
/** Boolean: probe a silent peer. */
export const SO_KEEPALIVE = 9;
/** Boolean: urgent data stays in the stream. */
export const SO_OOBINLINE = 10;
/** Boolean: send UDP over IPv4 without a checksum. */
export const SO_NO_CHECK = 11;
/** Number: 0..6, more with CAP_NET_ADMIN. */
export const SO_PRIORITY = 12;
/** `{ onoff, linger }`, seconds: what `close` does with unsent data. */
export const SO_LINGER = 13;
/** Boolean: several sockets share a port, and connections are spread over them. */
export const SO_REUSEPORT = 15;
/** Bytes that a receive waits for. */
export const SO_RCVLOWAT = 18;
/** Bytes, read only: 1. */
export const SO_SNDLOWAT = 19;
/** Timeval, or milliseconds: how long a receive waits; 0 = for ever. */
export const SO_RCVTIMEO = 20;
/** Timeval, or milliseconds: how long a send or connect waits; 0 = for ever. */
export const SO_SNDTIMEO = 21;
/** Name of the one device to use; `''` = any. */
export const SO_BINDTODEVICE = 25;
/** Boolean: SO_TIMESTAMP control messages tell when a packet came, in microseconds. */
export const SO_TIMESTAMP = 29;
/** Boolean, read only: whether it listens. */
export const SO_ACCEPTCONN = 30;
/** SO_SNDBUF beyond `wmem_max`, with CAP_NET_ADMIN. */
export const SO_SNDBUFFORCE = 32;
/** SO_RCVBUF beyond `rmem_max`, with CAP_NET_ADMIN. */
export const SO_RCVBUFFORCE = 33;
/** Boolean: as SO_TIMESTAMP, in nanoseconds. */
export const SO_TIMESTAMPNS = 35;
/**
 * `SOF_TIMESTAMPING_*`: SCM_TIMESTAMPING control messages tell when packets came, and those of the error queue when they left; as a
 * control message of a send, which of the latter are wanted of it.
 */
export const SO_TIMESTAMPING = 37;
/** Control message: three timespecs, of software, none, of hardware. */
export const SCM_TIMESTAMPING = 37;
/** u32: mark of packets, for routing rules; CAP_NET_ADMIN or CAP_NET_RAW. */
export const SO_MARK = 36;
/** Number, read only: IPPROTO_*. */
export const SO_PROTOCOL = 38;
/** Number, read only: AF_*. */
export const SO_DOMAIN = 39;
/** Boolean: control messages tell how many packets were dropped for want of room. */
export const SO_RXQ_OVFL = 40;
/** Bytes: where MSG_PEEK looks; -1 = at the front. */
export const SO_PEEK_OFF = 42;
/** Bytes a second that a connection is paced to. */
export const SO_MAX_PACING_RATE = 47;
/** Boolean: MSG_ZEROCOPY may be used. */
export const SO_ZEROCOPY = 60;
/** Index of the one device to use; 0 = any. */
export const SO_BINDTOIFINDEX = 62;
/** Control message of a send, u32: its number in place of the next one (SOF_TIMESTAMPING_OPT_ID). */
export const SCM_TS_OPT_ID = 81;
/** Bits 1 (send) and 2 (receive): the buffer's size is fixed, nothing tunes it. */
export const SO_BUF_LOCK = 72;

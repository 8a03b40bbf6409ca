/**
 * Options of TCP and UDP (levels SOL_TCP, SOL_UDP): `TCP_*`, `UDP_*`. Linux's values.
 * @module
 */

/** Boolean: no Nagle. */
export const TCP_NODELAY = 1;
/** Bytes: largest segment to announce and to send. */
export const TCP_MAXSEG = 2;
/** Boolean: hold back what fills no segment. */
export const TCP_CORK = 3;
/** Seconds of silence before the first keepalive probe. */
export const TCP_KEEPIDLE = 4;
/** Seconds between keepalive probes. */
export const TCP_KEEPINTVL = 5;
/** Keepalive probes before the connection is given up. */
export const TCP_KEEPCNT = 6;
/** SYNs that are sent again. */
export const TCP_SYNCNT = 7;
/** Seconds in FIN_WAIT_2 after close; negative = none. */
export const TCP_LINGER2 = 8;
/** Seconds: `accept` waits for data. */
export const TCP_DEFER_ACCEPT = 9;
/** Bytes that the announced window never exceeds. */
export const TCP_WINDOW_CLAMP = 10;
/** Read only: `struct tcp_info`. */
export const TCP_INFO = 11;
/** Boolean: acknowledge at once. */
export const TCP_QUICKACK = 12;
/** Name of the congestion control. */
export const TCP_CONGESTION = 13;
/** `TcpMd5Sig`: a key that segments to and from a peer are signed with (RFC 2385); an empty one deletes it. */
export const TCP_MD5SIG = 14;
/** Boolean: a stream with little in flight does not double its first timeouts. */
export const TCP_THIN_LINEAR_TIMEOUTS = 16;
/** Boolean: accepted, and of no effect. */
export const TCP_THIN_DUPACK = 17;
/** Milliseconds that data may stay unacknowledged. */
export const TCP_USER_TIMEOUT = 18;
/** `TCP_REPAIR_*`: queues and numbers of the connection are read and set, and nothing of it is sent. CAP_NET_ADMIN. */
export const TCP_REPAIR = 19;
/** `TCP_*_QUEUE`: the one that TCP_QUEUE_SEQ, send and recv with MSG_PEEK are about. */
export const TCP_REPAIR_QUEUE = 20;
/** Sequence number behind what is in the queue. */
export const TCP_QUEUE_SEQ = 21;
/** Set only: what both ends agreed on. */
export const TCP_REPAIR_OPTIONS = 22;
/** As a listener: connections that may be open before their handshake is over (RFC 7413). */
export const TCP_FASTOPEN = 23;
/** The clock of timestamps, ms. */
export const TCP_TIMESTAMP = 24;
/** Bytes not sent yet above which the socket is not writable. */
export const TCP_NOTSENT_LOWAT = 25;
/** Read only: what the congestion control tells of itself; nothing for most. */
export const TCP_CC_INFO = 26;
/** `struct tcp_repair_window`. */
export const TCP_REPAIR_WINDOW = 29;
/** Boolean: `connect` waits for the first send, to go with its SYN, where there is a cookie. */
export const TCP_FASTOPEN_CONNECT = 30;
/** As {@link TCP_MD5SIG}, with its flags: for all peers of a prefix. */
export const TCP_MD5SIG_EXT = 32;
/** Sixteen bytes, or 32 for two keys: what cookies are made with. */
export const TCP_FASTOPEN_KEY = 33;
/** Boolean: fast open without cookies, where both sides have it so. */
export const TCP_FASTOPEN_NO_COOKIE = 34;
/** Boolean: {@link TCP_CM_INQ} control messages tell how much is left to read. */
export const TCP_INQ = 36;
/** Control message, a number: bytes left to read; 1 where only the end is. */
export const TCP_CM_INQ = 36;
/** `TcpAoAdd`: a master key tuple of TCP-AO (RFC 5925). */
export const TCP_AO_ADD_KEY = 38;
/** `TcpAoDel`: deletes one. */
export const TCP_AO_DEL_KEY = 39;
/** `TcpAoInfo`: the keys in use, what is required, counters. */
export const TCP_AO_INFO = 40;
/** Read only: all keys, `TcpAoKey`s. */
export const TCP_AO_GET_KEYS = 41;
/** `TcpAoRepair`, in repair mode: the numbers of a connection that TCP-AO makes its codes with. */
export const TCP_AO_REPAIR = 42;
/** Milliseconds, 1000 to 120,000: the most that a retransmission timeout may become. */
export const TCP_RTO_MAX_MS = 44;

/** In the flags of `TcpMd5Sig`: its `prefixlen` counts. */
export const TCP_MD5SIG_FLAG_PREFIX = 1;
/** In the flags of `TcpMd5Sig`: its `ifindex` counts. */
export const TCP_MD5SIG_FLAG_IFINDEX = 2;
/** In `keyflags` of TCP-AO: the key is for a device. */
export const TCP_AO_KEYF_IFINDEX = 1;
/** In `keyflags` of TCP-AO: other options are not signed, so that the network may change them. */
export const TCP_AO_KEYF_EXCLUDE_OPT = 2;

/** Boolean: datagrams are held back and become one. */
export const UDP_CORK = 1;
/** Bytes: cut what is sent into datagrams of this size; a control message too. */
export const UDP_SEGMENT = 103;
/** Boolean: datagrams of a flow are received several at once; a control message too. */
export const UDP_GRO = 104;

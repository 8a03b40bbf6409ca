/**
 * Bits of `sk_shutdown` and `sk_userlocks`: what a protocol's socket remembers. Linux's values.
 * @module
 */

/** No more is received. */
export const RCV_SHUTDOWN = 1;
/** No more is sent. */
export const SEND_SHUTDOWN = 2;

/** SO_SNDBUF was set. */
export const SOCK_SNDBUF_LOCK = 1;
/** SO_RCVBUF was set. */
export const SOCK_RCVBUF_LOCK = 2;

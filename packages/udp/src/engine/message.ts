/**
 * What goes with the bytes of a send or a receive: `struct msghdr` without its buffers.
 * @module
 */
import type { ExtendedError } from '@stack/skbuff/sock';

/** Out-of-band data: UDP has none (`EOPNOTSUPP`). */
export const MSG_OOB = 0x1;
/** Leave the datagram in the queue. */
export const MSG_PEEK = 0x2;
/** Only to destinations on a link of this host. */
export const MSG_DONTROUTE = 0x4;
/** With {@link MSG_CONFIRM}: confirm, and send nothing. */
export const MSG_PROBE = 0x10;
/** Asked: answer the datagram's whole length. Answered: the buffer was shorter. */
export const MSG_TRUNC = 0x20;
/** Never wait. */
export const MSG_DONTWAIT = 0x40;
/** The peer answered lately: its neighbour entry is good. */
export const MSG_CONFIRM = 0x800;
/** Read the error queue. */
export const MSG_ERRQUEUE = 0x2000;
/** More bytes for the same datagram follow. */
export const MSG_MORE = 0x8000;
/** Send from the caller's memory; the error queue tells when it may be used again. */
export const MSG_ZEROCOPY = 0x400_0000;

/** Address and ancillary data of one call. Make one and use it again: each call that fills it in sets every field. */
export class Message {
  /** Send: where to; `undefined` = where the socket is connected to. Receive: where from. */
  address: unknown = undefined;
  /** The port at {@link address}. */
  port = 0;
  /** Receive: `MSG_TRUNC`, `MSG_ERRQUEUE`. */
  flags = 0;
  /** `IP_PKTINFO`: the address of this host to send from; receive: the one a reply should come from, with `inet.pktinfo` alone. */
  source: unknown = undefined;
  /** `IP_PKTINFO`: index of the device to send by, or of the one it came in by; 0 = any. */
  ifindex = 0;
  /** `IP_TTL`; send: -1 = the socket's. */
  ttl = -1;
  /** `IP_TOS`; send: -1 = the socket's. */
  tos = -1;
  /** `SO_MARK`, u32; send: -1 = the socket's. */
  mark = -1;
  /** `UDP_SEGMENT`: bytes per datagram, 0 = the socket's. Receive: `UDP_GRO`, 0 = one datagram. */
  gsoSize = 0;
  /** `SO_TIMESTAMP`: when it was received, µs; 0 = not known. */
  tstamp = 0;
  /** `IP_ORIGDSTADDR`: where it was sent to. */
  destination: unknown = undefined;
  /** The port at {@link destination}. */
  destinationPort = 0;
  /** `SO_TIMESTAMPING`: timestamps wanted of a send, `SOF_TIMESTAMPING_*`; -1 = those the socket wants. */
  tsflags = -1;
  /** `SCM_TS_OPT_ID`: the number they bear, u32; -1 = the next. */
  tskey = -1;
  /** Receive with `MSG_ERRQUEUE`: the error (`IP_RECVERR`). */
  error: ExtendedError | undefined = undefined;
}

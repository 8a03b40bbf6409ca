/**
 * What goes with the bytes of a send or a receive on a ping socket: `struct msghdr` without its buffers.
 * @module
 */
import type { ExtendedError } from '@stack/skbuff/sock';

/** Out-of-band data: there is none (`EOPNOTSUPP`). */
export const MSG_OOB = 0x1;
/** Leave the message in the queue. */
export const MSG_PEEK = 0x2;
/** Answered: the buffer was shorter than the message. */
export const MSG_TRUNC = 0x20;
/** Never wait. */
export const MSG_DONTWAIT = 0x40;
/** Read the error queue. */
export const MSG_ERRQUEUE = 0x2000;

/** Address and ancillary data of one call. Make one and use it again: each receive sets every field. */
export class Message {
  /** u32. Send: where to; `undefined` = where the socket is connected to. Receive: where from. */
  address: number | undefined = undefined;
  /** Always 0 of what is received. */
  port = 0;
  /** Receive: `MSG_TRUNC`, `MSG_ERRQUEUE`. */
  flags = 0;
  /** `IP_PKTINFO`, u32: the address of this host to send from; receive: the one that was written to, with `inet.pktinfo` alone. */
  source: number | undefined = undefined;
  /** `IP_PKTINFO`: index of the device to send by, or of the one it came in by; 0 = any. */
  ifindex = 0;
  /** `IP_TTL`; send: -1 = the socket's. */
  ttl = -1;
  /** `IP_TOS`; send: -1 = the socket's. */
  tos = -1;
  /** `SO_MARK`, u32; send: -1 = the socket's. */
  mark = -1;
  /** `SO_TIMESTAMP`: when it was received, µs; 0 = not known. */
  tstamp = 0;
  /** `SO_TIMESTAMPING`: timestamps wanted of a send, `SOF_TIMESTAMPING_*`; -1 = those the socket wants. */
  tsflags = -1;
  /** `SCM_TS_OPT_ID`: the number they bear, u32; -1 = the next. */
  tskey = -1;
  /** Receive with `MSG_ERRQUEUE`: the error (`IP_RECVERR`). */
  error: ExtendedError<number> | undefined = undefined;
}

/**
 * Flags of `sendmsg` and `recvmsg`, Linux's values.
 * @module
 */

/** Urgent data. */
export const MSG_OOB = 0x1;
/** Copy without consuming. */
export const MSG_PEEK = 0x2;
/** Receiving: consume without copying. */
export const MSG_TRUNC = 0x20;
/** Sending: the end of a record, so that nothing is added to its last segment. */
export const MSG_EOR = 0x80;
/** Receiving: the caller goes on until all is there; the engine reports what is. */
export const MSG_WAITALL = 0x100;
/** Sending: more follows, do not send a segment that is not full. */
export const MSG_MORE = 0x8000;
/** Sending: reference the bytes instead of copying; the error queue tells when they are free again. */
export const MSG_ZEROCOPY = 0x400_0000;

/** One attempt of a send that is made in several, and what goes with it. */
export interface SendAttempt {
  /** Bytes that earlier attempts have queued: a send with MSG_ZEROCOPY has one number. */
  queued: number;
  /** More of it follows, however much this attempt takes. */
  more: boolean;
  /** What this attempt does not take follows when there is room. */
  waits: boolean;
  /** `SOF_TIMESTAMPING_*`: the timestamps of its last byte; -1 = those the socket wants. */
  tsflags: number;
}

/** What `recvmsg` tells besides bytes. */
export interface Message {
  /** `MSG_OOB` where the bytes are urgent. */
  flags: number;
  /** When the last byte's segment came, µs; 0 = not asked for. */
  tstamp: number;
  /** With TCP_INQ: bytes that can be read yet, and 1 where only the end can. Left alone without. */
  inq: number;
}

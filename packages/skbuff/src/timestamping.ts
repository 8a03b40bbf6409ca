/**
 * `SO_TIMESTAMPING`: what a packet carries so that its socket hears when it left, and how the socket hears (Linux net/core/skbuff.c,
 * `__skb_tstamp_tx`).
 * @module
 */
import type { SkBuff } from './skbuff.ts';
import type { ExtendedError, Sock } from './sock.ts';

/** Tell when the packet is given to the device. */
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
/** Number transmit timestamps: packets from 0 on, a stream by its bytes. */
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
/** Tell when the packet comes to the queue of the device. */
export const SOF_TIMESTAMPING_TX_SCHED = 0x100;
/** Tell when all bytes of a send are acknowledged. */
export const SOF_TIMESTAMPING_TX_ACK = 0x200;
/** Tell with a transmit timestamp which way the packet left. */
export const SOF_TIMESTAMPING_OPT_CMSG = 0x400;
/** Transmit timestamps come without the packet. */
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;

/** {@link SkBuff.txFlags}: the device's driver tells. */
export const SKBTX_SW_TSTAMP = 0x2;
/** {@link SkBuff.txFlags}: the queue in front of the device tells. */
export const SKBTX_SCHED_TSTAMP = 0x40;
/** {@link SkBuff.txFlags}: all that the layers below look at. */
export const SKBTX_ANY_TSTAMP: number = SKBTX_SW_TSTAMP | SKBTX_SCHED_TSTAMP;

/** `ExtendedError.info` of a transmit timestamp: the packet was given to the device. */
export const SCM_TSTAMP_SND = 0;
/** It came to the queue of the device. */
export const SCM_TSTAMP_SCHED = 1;
/** The last byte of the send was acknowledged. */
export const SCM_TSTAMP_ACK = 2;

/** `ExtendedError.origin`: a transmit timestamp. */
export const SO_EE_ORIGIN_TIMESTAMPING = 4;

const NOTHING = /* @__PURE__ */ new Uint8Array(0);

/** What a socket keeps for `SO_TIMESTAMPING`. */
export interface Timestamping {
  /** `SOF_TIMESTAMPING_*`. */
  flags: number;
  /** With OPT_ID: number of the next packet, u32. */
  next: number;
  /** With OPT_ID: what numbers count from; 0, but of a stream a sequence number. */
  base: number;
}

/** `SOF_TIMESTAMPING_*` that hold for a send: its own, and where it has none (-1) the socket's. */
export function tsflagsOf(sk: Sock, own: number): number {
  if (own >= 0) return own;
  return sk.timestamping === undefined ? 0 : sk.timestamping.flags;
}

/** What the layers below are to look at (Linux `__sock_tx_timestamp`). */
export function txFlagsOf(tsflags: number): number {
  return (
    ((tsflags & SOF_TIMESTAMPING_TX_SOFTWARE) !== 0 ? SKBTX_SW_TSTAMP : 0) |
    ((tsflags & SOF_TIMESTAMPING_TX_SCHED) !== 0 ? SKBTX_SCHED_TSTAMP : 0)
  );
}

/**
 * Marks a datagram for the timestamps its sender wants (Linux `skb_setup_tx_timestamp`). `tsflags` as in {@link tsflagsOf}; `id`: the
 * number it is to have, u32, -1 = the next.
 */
export function setupTxTimestamp(sk: Sock, skb: SkBuff, tsflags: number, id: number): void {
  const flags = tsflagsOf(sk, tsflags);
  const txFlags = flags === 0 ? 0 : txFlagsOf(flags);
  if (txFlags === 0) return;
  skb.txFlags = txFlags;
  const { timestamping } = sk;
  if (id >= 0) skb.tskey = id;
  else if (timestamping !== undefined && (flags & SOF_TIMESTAMPING_OPT_ID) !== 0) {
    skb.tskey = timestamping.next;
    timestamping.next = (timestamping.next + 1) >>> 0;
  }
}

/**
 * Tells a socket when what became of a packet of its: an entry of the error queue, with the packet as it is now unless the socket wants
 * none. `kind`: `SCM_TSTAMP_*`; `ifindex`: the device it leaves by, 0 = none. A full queue loses it, as in Linux. Gives the entry where the
 * socket wants to know the way (OPT_CMSG): whose addresses the packet has, the caller may add.
 */
export function queueTxTimestamp(
  now: number,
  sk: Sock,
  skb: SkBuff,
  kind: number,
  ifindex: number,
): ExtendedError | undefined {
  const { timestamping } = sk;
  const flags = timestamping === undefined ? 0 : timestamping.flags;
  const isBare = (flags & SOF_TIMESTAMPING_OPT_TSONLY) !== 0;
  const tellsWay = (flags & SOF_TIMESTAMPING_OPT_CMSG) !== 0 && !isBare && ifindex !== 0;
  const base = timestamping === undefined ? 0 : timestamping.base;
  const report: ExtendedError = {
    errno: 'ENOMSG',
    origin: SO_EE_ORIGIN_TIMESTAMPING,
    type: 0,
    code: 0,
    info: kind,
    data: (flags & SOF_TIMESTAMPING_OPT_ID) !== 0 ? (skb.tskey - base) >>> 0 : 0,
    offender: undefined,
    address: undefined,
    port: 0,
    payload: isBare ? NOTHING : skb.toBytes(),
    tstamp: now,
    ifindex: tellsWay ? ifindex : 0,
  };
  return sk.queueError(report) && tellsWay ? report : undefined;
}

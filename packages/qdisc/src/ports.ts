/**
 * What a queueing discipline needs of its neighbours. The host passes the real things.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** The packet was taken over and will be sent, as far as anybody knows (Linux `NET_XMIT_SUCCESS`). */
export const OK = 0;
/** The packet was taken over and dropped (Linux `NET_XMIT_DROP`). */
export const DROP = 1;
/** The packet was taken over, and the queue is congested (Linux `NET_XMIT_CN`). */
export const CN = 2;

/** {@link TxDevice.xmit} had no room: the caller still owns the packet (Linux `NETDEV_TX_BUSY`). */
export const BUSY = 1;

/** Why a packet was dropped: Linux's `enum skb_drop_reason` without its prefix. */
export type DropReason =
  | 'QDISC_DROP'
  | 'QDISC_OVERLIMIT'
  | 'FQ_BAND_LIMIT'
  | 'FQ_FLOW_LIMIT'
  | 'FQ_HORIZON_LIMIT'
  | 'RECURSION_LIMIT'
  | 'QUEUE_PURGE';

/** Takes a dropped packet over: counts, traces and frees it. It must not throw, nor send. */
export type Drop = (skb: SkBuff, reason: DropReason) => void;

/** Cuts a super-packet into packets of its `gsoSize`; the packet stays the caller's. `undefined` where it cannot be cut. */
export type Segment = (skb: SkBuff) => SkBuff[] | undefined;

/** What any discipline is made with. */
export interface QdiscPorts {
  drop: Drop;
  /** A random u32; netem takes its seed from it when it is not given one. Default: always 0. */
  random?: (() => number) | undefined;
  /** For tbf and for corruption by netem. Without it super-packets are dropped where they would have to be cut. */
  segment?: Segment | undefined;
  /** The socket whose flow a packet belongs to, for fq; `undefined` = its hash decides. Default: `skb.sk`. */
  flowOwner?: ((skb: SkBuff) => PacedOwner | undefined) | undefined;
  /** Flow hash of a packet, u32, for fq. Default: `skb.hash`. */
  flowHash?: ((skb: SkBuff) => number) | undefined;
  /** Marks a packet: congestion was met (Linux `INET_ECN_set_ce`), as far as its IP header lets itself be marked. Default: nothing is. */
  setCe?: ((skb: SkBuff) => void) | undefined;
  /** Packets a queue holds unless told otherwise (`txqueuelen`). Default 1000. */
  txQueueLen?: number | undefined;
  /** Bytes of the longest frame: the device's MTU and its link header (Linux `psched_mtu`). Default 1514. */
  mtu?: number | undefined;
}

/** What fq reads of a socket. Its identity names the flow. */
export interface PacedOwner {
  /** Bytes per second it wants to send at most (`sk_pacing_rate`, `SO_MAX_PACING_RATE`); absent or `Infinity` = as it likes. */
  readonly pacingRate?: number | undefined;
  /** Set to `SK_PACING_FQ` by fq, where present: it spaces the packets, so their sender need not. */
  pacingStatus?: number | undefined;
}

/** Linux's `timer_list`. */
export interface Timer {
  readonly pending: boolean;
  /** When it fires, µs. */
  readonly expires: number;
  /** Arms it for an absolute time, µs, or moves it there; a past time fires as soon as possible, never synchronously. */
  mod(expires: number): void;
  /** Disarms it; whether it was armed. */
  del(): boolean;
}

/** Where timers come from. */
export interface Timers {
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
}

/** The driver below a transmit queue. */
export interface TxDevice {
  /** {@link OK}: taken over. {@link BUSY}: still the caller's, and the queue's `wake` will be called. */
  xmit(skb: SkBuff): number;
}

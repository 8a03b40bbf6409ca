/**
 * `struct sock`, as far as all protocols share it (Linux net/core/sock.c): what a socket is charged for, its errors, and how it
 * tells that something happened. A protocol's own socket extends {@link Sock}; nothing here knows a protocol.
 * @packageDocumentation
 */
import { SkbQueue } from './queue.ts';
import type { SkBuff } from './skbuff.ts';
import type { Timestamping } from './timestamping.ts';
import { truesizeOf } from './truesize.ts';

/** `poll(2)`: there is something to read. */
export const POLLIN = 0x001;
/** `poll(2)`: urgent data. */
export const POLLPRI = 0x002;
/** `poll(2)`: a send would not block. */
export const POLLOUT = 0x004;
/** `poll(2)`: an error waits, in `err` or in the error queue. */
export const POLLERR = 0x008;
/** `poll(2)`: both directions are closed. */
export const POLLHUP = 0x010;
/** `poll(2)`: the peer sends no more. */
export const POLLRDHUP = 0x2000;

/** {@link Sock.shutdown}: no more is received. */
export const RCV_SHUTDOWN = 1;
/** {@link Sock.shutdown}: no more is sent. */
export const SEND_SHUTDOWN = 2;
/** {@link Sock.shutdown}: both. */
export const SHUTDOWN_MASK = 3;

/** {@link Sock.userlocks}: SO_SNDBUF was set, so nothing tunes it. */
export const SOCK_SNDBUF_LOCK = 1;
/** {@link Sock.userlocks}: SO_RCVBUF was set, so nothing tunes it. */
export const SOCK_RCVBUF_LOCK = 2;

/** {@link Sock.pacingStatus}: packets leave as they come. */
export const SK_PACING_NONE = 0;
/** {@link Sock.pacingStatus}: the protocol has to space them itself. */
export const SK_PACING_NEEDED = 1;
/** {@link Sock.pacingStatus}: a queue below does. */
export const SK_PACING_FQ = 2;

/** {@link ExtendedError.origin}: this host. */
export const SO_EE_ORIGIN_LOCAL = 1;
/** {@link ExtendedError.origin}: an ICMP message. */
export const SO_EE_ORIGIN_ICMP = 2;
/** {@link ExtendedError.origin}: an ICMPv6 message. */
export const SO_EE_ORIGIN_ICMP6 = 3;
/** {@link ExtendedError.origin}: a zero-copy send is done with its memory. */
export const SO_EE_ORIGIN_ZEROCOPY = 5;

export {
  queueTxTimestamp,
  SCM_TSTAMP_ACK,
  SCM_TSTAMP_SCHED,
  SCM_TSTAMP_SND,
  SKBTX_ANY_TSTAMP,
  SKBTX_SCHED_TSTAMP,
  SKBTX_SW_TSTAMP,
  SO_EE_ORIGIN_TIMESTAMPING,
  SOF_TIMESTAMPING_OPT_CMSG,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_TX_ACK,
  SOF_TIMESTAMPING_TX_SCHED,
  SOF_TIMESTAMPING_TX_SOFTWARE,
  setupTxTimestamp,
  type Timestamping,
  tsflagsOf,
  txFlagsOf,
} from './timestamping.ts';

/** An entry of a socket's error queue (`MSG_ERRQUEUE`): Linux's `struct sock_extended_err` and what goes with it. */
export interface ExtendedError<A = unknown> {
  /** Such as `ECONNREFUSED`; empty for a completion, `ENOMSG` for a timestamp. */
  errno: string;
  /** `SO_EE_ORIGIN_*`. */
  origin: number;
  /** ICMP type. */
  type: number;
  /** ICMP code; for zero copy 1 = the bytes were copied after all. */
  code: number;
  /** Path MTU; for zero copy the first send this is about; `SCM_TSTAMP_*`. */
  info: number;
  /** For zero copy the last send this is about; with OPT_ID the number of what was stamped. */
  data: number;
  /** Who sent the ICMP message (`SO_EE_OFFENDER`). */
  offender: A | undefined;
  /** Where the packet at fault was going. */
  address: A | undefined;
  /** And to which port; 0 = none. */
  port: number;
  /** What the packet carried, as far as it came back. */
  payload: Uint8Array;
  /** When it happened, µs; left out = nobody knows. */
  tstamp?: number;
  /** By which device a packet left (SOF_TIMESTAMPING_OPT_CMSG); left out = nobody asked. */
  ifindex?: number;
}

/** Default of `net.core.wmem_default` and `net.core.rmem_default`, bytes of truesize. */
export const SK_MEM_DEFAULT = 212_992;

/** A socket below its protocol. Fields are public because engines read them on every packet. */
export class Sock {
  /** Most truesize that may wait to be sent, bytes (`SO_SNDBUF`). */
  sndbuf: number = SK_MEM_DEFAULT;
  /** Most truesize that may wait to be read, bytes (`SO_RCVBUF`). */
  rcvbuf: number = SK_MEM_DEFAULT;
  /** `SOCK_*_LOCK` bits. */
  userlocks = 0;
  /** Truesize of the skbs that the layers below hold for this socket, bytes. */
  wmemAlloc = 0;
  /** Truesize of what waits in the receive and the error queue, bytes. */
  rmemAlloc = 0;
  /** The error that the next call gets (`sk_err`), such as `ECONNRESET`; empty = none. */
  err = '';
  /** An error that explains a later timeout (`sk_err_soft`); empty = none. */
  errSoft = '';
  /** `RCV_SHUTDOWN` and `SEND_SHUTDOWN`. */
  shutdown = 0;
  /** Packets dropped for want of room (`sk_drops`). */
  drops = 0;
  /** Bytes a second to send at most (`sk_pacing_rate`); Infinity = as fast as it goes. */
  pacingRate: number = Number.POSITIVE_INFINITY;
  /** Upper bound on {@link pacingRate} (`SO_MAX_PACING_RATE`). */
  maxPacingRate: number = Number.POSITIVE_INFINITY;
  /** `SK_PACING_*`: who spaces packets. */
  pacingStatus: number = SK_PACING_NONE;
  /** `SO_MARK`, u32: goes into each skb and into route lookups. */
  mark = 0;
  /** `SO_PRIORITY`, u32. */
  priority = 0;
  /** `SO_BINDTODEVICE`: index of the one device to use; 0 = any. */
  boundDevIf = 0;
  /** `SO_REUSEADDR`. */
  reuse = false;
  /** `SO_REUSEPORT`. */
  reusePort = false;
  /** `SO_KEEPALIVE`. */
  keepOpen = false;
  /** `SO_BROADCAST`. */
  broadcast = false;
  /** `SO_LINGER`, seconds; -1 = off. */
  linger = -1;
  /** `SO_RCVLOWAT`, bytes. */
  rcvlowat = 1;
  /** `SO_ZEROCOPY`. */
  zerocopy = false;
  /** `SO_TIMESTAMP` or `SO_TIMESTAMPNS`, whichever was set last: receive times are wanted; 0 = none. */
  timestamp = 0;
  /** `undefined` until `SO_TIMESTAMPING` was set. */
  timestamping: Timestamping | undefined = undefined;
  /** Received packets that nobody read yet. */
  readonly receiveQueue: SkbQueue = new SkbQueue();
  /** See {@link queueError}; `undefined` until the first one. */
  errorQueue: ExtendedError[] | undefined = undefined;
  /** What is above it (`sk_socket`): the socket layer's own. */
  socket: unknown = undefined;
  /** Called with the `POLL*` bits that may have become true. It must not throw. */
  wake: ((sk: Sock, events: number) => void) | undefined = undefined;

  /** The pending error, which is cleared by this (Linux `sock_error`); empty = none. */
  takeError(): string {
    const { err } = this;
    this.err = '';
    return err;
  }

  /** Sets the error of the next call and tells. */
  reportError(errno: string): void {
    this.err = errno;
    this.wake?.(this, POLLERR);
  }

  /** Charges this socket for a packet on its way down, until it is freed or orphaned (Linux `skb_set_owner_w`). */
  setOwnerW(skb: SkBuff): void {
    skb.orphan();
    skb.sk = this;
    skb.destructor = sockWfree;
    this.wmemAlloc += skb.truesize;
  }

  /** Charges this socket for a received packet, until it is freed or orphaned (Linux `skb_set_owner_r`). */
  setOwnerR(skb: SkBuff): void {
    skb.orphan();
    skb.sk = this;
    skb.destructor = sockRfree;
    this.rmemAlloc += skb.truesize;
  }

  /**
   * Queues a received packet and tells (Linux `sock_queue_rcv_skb`). False, counted in {@link drops}, where the buffer is full; the
   * packet is then still the caller's. A packet that overshoots the last free byte is taken, as in Linux.
   */
  queueRcv(skb: SkBuff): boolean {
    if (this.rmemAlloc >= this.rcvbuf) {
      this.drops++;
      return false;
    }
    this.setOwnerR(skb);
    this.receiveQueue.push(skb);
    this.wake?.(this, POLLIN);
    return true;
  }

  /** Queues an error for `MSG_ERRQUEUE` and tells; false where it would fill the receive buffer (Linux `sock_queue_err_skb`). */
  queueError(error: ExtendedError): boolean {
    const cost = truesizeOf(error.payload.length);
    if (this.rmemAlloc + cost >= this.rcvbuf) return false;
    this.rmemAlloc += cost;
    this.errorQueue ??= [];
    this.errorQueue.push(error);
    this.wake?.(this, POLLERR);
    return true;
  }

  /** Takes the oldest error out of the error queue. */
  shiftError(): ExtendedError | undefined {
    const error = this.errorQueue?.shift();
    if (error !== undefined) this.rmemAlloc -= truesizeOf(error.payload.length);
    return error;
  }

  /** Whether a sender should go on (Linux `sock_writeable`): less than half of {@link sndbuf} waits below. */
  writeable(): boolean {
    return this.wmemAlloc * 2 < this.sndbuf;
  }

  /** A packet of this socket left the layers below: tells who waits to send. Protocols with another rule override it. */
  writeSpace(): void {
    if (this.writeable()) this.wake?.(this, POLLOUT);
  }

  /** Frees what waits in both queues. */
  purgeQueues(): void {
    this.receiveQueue.purge();
    while (this.shiftError() !== undefined);
  }
}

/** Destructor of a packet on its way down (Linux `sock_wfree`). */
export function sockWfree(skb: SkBuff): void {
  const sk = skb.sk as Sock;
  sk.wmemAlloc -= skb.truesize;
  sk.writeSpace();
}

/** Destructor of a received packet (Linux `sock_rfree`). */
export function sockRfree(skb: SkBuff): void {
  (skb.sk as Sock).rmemAlloc -= skb.truesize;
}

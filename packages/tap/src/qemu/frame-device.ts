/**
 * An Ethernet device whose frames are bytes in a socket of the machine: what stream and datagram devices have in common.
 * @module
 */
import { CHECKSUM_PARTIAL, type Pool, type SkBuff } from '@stack/skbuff';
import {
  Backlog,
  type Device,
  type DeviceDrop,
  ETH_HLEN,
  isTooLong,
  type LinkStats,
  linkStats,
  OK,
} from '@stack/skbuff/netdev';
import type { TapError } from '../tap-error.ts';
import { type CheckedOptions, longestFrame } from './options.ts';

/** Headroom of a received frame: what a router may push, and two bytes that align the IP header (Linux `NET_SKB_PAD + NET_IP_ALIGN`). */
const HEADROOM = 64 + 2;

/**
 * A device that carries whole Ethernet frames and does nothing for its host: checksums are computed and super-packets cut before `xmit`, and what
 * arrives is verified. A frame is copied on its way into the socket and on its way out of it.
 */
export abstract class FrameDevice implements Device {
  ifindex = 0;
  name: string;
  readonly type = 'ether';
  mtu: number;
  address: number;
  readonly features: Readonly<Record<string, boolean>> = { rx: false, tx: false, tso: false };
  readonly gsoMaxSize: number = 65_536;
  readonly gsoMaxSegs: number = 65_535;
  wake: ((device: never) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  linkChange: ((device: never, up: boolean) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  /** Takes over what is dropped. */
  drop: DeviceDrop;
  /** What ended the link, or disturbed it last; `undefined` while all is well. */
  error: TapError | undefined = undefined;
  /** Frames that wait for a poll. @internal */
  protected readonly backlog: Backlog;
  /** After {@link close}. @internal */
  protected closed = false;
  readonly #pool: Pool;
  #interrupt: ((device: never) => void) | undefined = undefined;
  /** A sender got BUSY. */
  #waits = false;
  /** There is room again, and the next poll says so. */
  #wakes = false;

  /** @internal */
  constructor(options: CheckedOptions) {
    this.name = options.name;
    this.mtu = options.mtu;
    this.address = options.address;
    this.drop = options.drop;
    this.#pool = options.pool;
    this.backlog = new Backlog(this, () => {
      this.#interrupt?.(this as never);
      return this.#interrupt !== undefined;
    });
  }

  /** Whether there is somebody at the other end. */
  abstract get carrierUp(): boolean;

  /** Frames that {@link xmit} took and that the socket has not. */
  abstract get txQueued(): number;

  /** Frames that have arrived and wait for {@link poll}. */
  get rxQueued(): number {
    return this.backlog.length;
  }

  /** See {@link Device.interrupt}. Frames may have arrived before there was a host. */
  get interrupt(): ((device: never) => void) | undefined {
    return this.#interrupt;
  }

  set interrupt(interrupt: ((device: never) => void) | undefined) {
    this.#interrupt = interrupt;
    if (this.backlog.length > 0) this.backlog.raise();
  }

  xmit(skb: SkBuff): number {
    if (skb.users <= 0) throw new RangeError(`${this.name}: an skb that was freed`);
    const { stats } = this;
    if (this.closed) {
      stats.txDropped++;
      this.drop(skb, 'DEV_READY');
      return OK;
    }
    if (!this.carrierUp) {
      stats.txErrors++;
      stats.txCarrierErrors++;
      this.drop(skb, 'DEV_READY');
      return OK;
    }
    const fault = faultOf(skb, this.mtu);
    if (fault !== undefined) {
      if (fault === 'NOMEM') stats.txDropped++;
      else stats.txErrors++;
      this.drop(skb, fault);
      return OK;
    }
    const rc = this.send(skb);
    if (rc === OK) skb.free();
    else this.#waits = true;
    return rc;
  }

  poll(budget: number): number {
    if (this.closed) return 0;
    try {
      return this.backlog.poll(budget);
    } finally {
      this.polled();
      if (this.#wakes) {
        this.#wakes = false;
        this.wake?.(this as never);
      }
    }
  }

  abstract close(): void;

  /** Copies a frame that is fit to be sent: OK, or BUSY if there is no room. @internal */
  protected abstract send(skb: SkBuff): number;

  /** Frames were taken out of the backlog. @internal */
  protected polled(): void {}

  /** There is room, or no link: a sender that waits is woken in the next poll. @internal */
  protected roomMade(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.#wakes = true;
    this.backlog.raise();
  }

  /** Where a frame of `length` bytes goes; `undefined`, and counted, if nowhere. @internal */
  allocate(length: number): SkBuff | undefined {
    if (length < ETH_HLEN || length > longestFrame(this.mtu)) {
      this.#badLength();
      return undefined;
    }
    const skb = this.#pool.alloc(length, HEADROOM);
    if (skb === undefined) this.stats.rxDropped++;
    return skb;
  }

  /** A frame has arrived; it is taken over. @internal */
  arrived(skb: SkBuff): void {
    if (this.closed) {
      skb.free();
    } else if (isTooLong(skb, this.mtu)) {
      this.#badLength();
      this.drop(skb, 'PKT_TOO_BIG');
    } else this.backlog.push(skb);
  }

  /** `frames` that {@link xmit} took are lost. @internal */
  protected lostWithCarrier(frames: number): void {
    this.stats.txErrors += frames;
    this.stats.txCarrierErrors += frames;
  }

  #badLength(): void {
    this.stats.rxErrors++;
    this.stats.rxLengthErrors++;
  }
}

/** Why a packet cannot be sent. */
function faultOf(skb: SkBuff, mtu: number): string | undefined {
  if (!skb.mayPull(ETH_HLEN)) return skb.len < ETH_HLEN ? 'PKT_TOO_SMALL' : 'NOMEM';
  if (skb.gsoSize > 0) return 'SKB_GSO_SEG';
  if (skb.ipSummed === CHECKSUM_PARTIAL) return 'SKB_CSUM';
  return isTooLong(skb, mtu) ? 'PKT_TOO_BIG' : undefined;
}

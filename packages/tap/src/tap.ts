/**
 * A TAP or TUN as a device: packets down in one write, packets up in one read, from and into the pool's memory.
 * @module
 */
import { CHECKSUM_PARTIAL, type Page, type Pool, type SkBuff, SkbQueue, wrapPage } from '@stack/skbuff';
import {
  BUSY,
  type Device,
  type DeviceDrop,
  deliver,
  ETH_HLEN,
  freeDropped,
  GSO_MAX_SIZE,
  isTooLong,
  type LinkStats,
  linkStats,
  OK,
} from '@stack/skbuff/netdev';
import { type Descriptor, type DescriptorEvents, ERRNO, errnoName } from './descriptor.ts';
import { IoVector } from './io-vector.ts';
import { RxBuffers } from './rx-buffers.ts';
import { TapError } from './tap-error.ts';
import { readVnetHeader, VNET_HLEN, writeVnetHeader } from './vnet-header.ts';

/** Errors that no later call will be without: the interface was deleted, or who had the other end is gone. */
const GONE: readonly number[] = [
  ERRNO.EBADF,
  ERRNO.EBADFD,
  ERRNO.ENODEV,
  ERRNO.ENXIO,
  ERRNO.EPIPE,
  ERRNO.ECONNRESET,
  ERRNO.ENOTCONN,
  ERRNO.ECONNREFUSED,
];
/** Errors of a read that the next one may be without. */
const PASSING: readonly number[] = [ERRNO.EAGAIN, ERRNO.EINTR, ERRNO.ENOMEM, ERRNO.ENOBUFS];

/** Packets that wait for the doorbell at most; one more rings it. */
const RING = 64;

/** What is switched on, by the names of `ethtool -K`. */
export type TapFeatures = {
  /** The other side vouches for checksums, or says where they are partial. */
  readonly rx: boolean;
  /** Takes packets whose checksum is partial. */
  readonly tx: boolean;
  /** Takes TCP super-packets, and passes them whole. */
  readonly tso: boolean;
};

/** What a {@link Tap} is made of. @internal */
export interface TapInit {
  readonly descriptor: Descriptor;
  readonly pool: Pool;
  readonly type: 'ether' | 'none';
  readonly name: string;
  readonly mtu: number;
  readonly address: number;
  readonly offloads: boolean;
  /**
   * Calls back when the present task of the process is over. With it packets are gathered where the host wants that, and their owners hear of them
   * then, as of a NIC's: while they wait, TCP gathers small writes. Without it a packet is written and freed at once.
   */
  readonly later?: ((run: () => void) => void) | undefined;
}

/** A device with the other side of the system behind it; made by `openTap`, `openTun` and `tapPair`. */
export class Tap implements Device {
  ifindex = 0;
  name: string;
  readonly type: 'ether' | 'none';
  mtu: number;
  address: number;
  readonly features: TapFeatures;
  readonly gsoMaxSize: number = GSO_MAX_SIZE;
  readonly gsoMaxSegs = 65_535;
  wake: ((device: Tap) => void) | undefined = undefined;
  receive: ((skb: SkBuff) => void) | undefined = undefined;
  linkChange: ((device: Tap, up: boolean) => void) | undefined = undefined;
  readonly stats: LinkStats = linkStats();
  gathers = false;
  readonly flush: (() => void) | undefined;
  /** Takes over what is dropped on its way down. */
  drop: DeviceDrop = freeDropped;
  /** The interface's name on the kernel's side, as it was when it was opened. */
  readonly kernelName: string;
  readonly #descriptor: Descriptor;
  readonly #buffers: RxBuffers;
  readonly #events: DescriptorEvents;
  readonly #rx: IoVector = new IoVector();
  readonly #tx: IoVector = new IoVector();
  /** The header of what is written; no bytes where there is none. */
  readonly #header: Page;
  #interrupt: ((device: Tap) => void) | undefined = undefined;
  #error: TapError | undefined = undefined;
  #closed = false;
  /** The host knows that there is something to poll. */
  #scheduled = false;
  #polling = false;
  /** A sender got BUSY. */
  #busy = false;
  /** And there is room again. */
  #wakeDue = false;
  readonly #later: ((run: () => void) => void) | undefined;
  /** Gathered, and not written yet. */
  readonly #ring: SkbQueue = new SkbQueue();
  /** Written, and not freed yet. */
  readonly #sent: SkbQueue = new SkbQueue();
  readonly #complete: () => void = () => this.#sent.purge();
  /** What a write found out; told by the next poll, for a sender is no place for it. */
  #gone = 0;

  /** Use `openTap`, `openTun` or `tapPair`. @throws TapError ENOBUFS where the pool has no memory. @internal */
  constructor(init: TapInit) {
    const { descriptor, pool, type, name, mtu, address, offloads, later } = init;
    this.name = name;
    this.kernelName = name;
    this.type = type;
    this.mtu = mtu;
    this.address = type === 'none' ? 0 : address;
    this.features = { rx: offloads, tx: offloads, tso: offloads };
    const headerLength = offloads ? VNET_HLEN : 0;
    const buffers = RxBuffers.create(pool, type === 'none' ? 0 : ETH_HLEN, headerLength);
    if (buffers === undefined) throw new TapError('ENOBUFS', `${name}: the pool has no memory to receive to`);
    this.#buffers = buffers;
    this.#header = wrapPage(new Uint8Array(headerLength));
    this.#descriptor = descriptor;
    this.#later = later;
    this.flush = later && (() => this.#doorbell());
    this.#events = { readable: () => this.#readable(), writable: () => this.#writable() };
  }

  /** What ended it, without {@link close}; `undefined` as long as it lives. */
  get error(): TapError | undefined {
    return this.#error;
  }

  /** False once it was closed, or {@link error} ended it. */
  get carrierUp(): boolean {
    return !this.#closed;
  }

  get interrupt(): ((device: Tap) => void) | undefined {
    return this.#interrupt;
  }

  set interrupt(interrupt: ((device: Tap) => void) | undefined) {
    this.#interrupt = interrupt;
    this.#scheduled = false;
    this.#want();
  }

  /** Keeps the process alive while it is open, which is the default. */
  ref(): void {
    if (!this.#closed) this.#descriptor.hold(true);
  }

  /** Does not keep the process alive. */
  unref(): void {
    if (!this.#closed) this.#descriptor.hold(false);
  }

  xmit(skb: SkBuff): number {
    if (skb.users <= 0) throw new RangeError('tap: an skb that was freed');
    if (this.#closed) return this.#refuse(skb, 'DEV_READY');
    if (!this.gathers || this.flush === undefined) return this.#write(skb);
    if (this.#ring.qlen >= RING) this.#doorbell();
    if (this.#ring.qlen >= RING) return BUSY;
    this.#ring.push(skb);
    return OK;
  }

  /** Writes what was gathered, as far as there is room. */
  #doorbell(): void {
    const ring = this.#ring;
    while (!this.#busy) {
      const skb = ring.shift();
      if (skb === undefined) return;
      if (this.#write(skb) === BUSY) ring.unshift(skb);
    }
  }

  #write(skb: SkBuff): number {
    if (this.#busy) return BUSY;
    const fault = this.#fault(skb);
    if (fault !== undefined) return this.#refuse(skb, fault);
    const vector = this.#tx;
    const header = this.#header;
    if (header.size > 0) vector.add(header.arena, 0, header.size);
    vector.addPacket(skb);
    const { length } = vector;
    let written: number;
    do written = this.#descriptor.writev(vector);
    while (written === -ERRNO.EINTR);
    vector.clear();
    if (written !== length) return this.#unsent(skb, -written);
    this.stats.txBytes += skb.len;
    this.stats.txPackets++;
    if (this.#later === undefined) {
      skb.free();
      return OK;
    }
    this.#sent.push(skb);
    if (this.#sent.qlen === 1) this.#later(this.#complete);
    return OK;
  }

  poll(budget: number): number {
    if (this.#closed || this.#polling) return 0;
    this.#polling = true;
    let done = 0;
    try {
      if (this.#wakeDue) {
        this.#wakeDue = false;
        this.#doorbell();
        if (!this.#busy) this.wake?.(this);
      }
      if (this.#gone !== 0) this.#fail(this.#gone);
      while (done < budget && this.#next()) done++;
    } finally {
      this.#polling = false;
      // Also where a receiver threw: what is left comes with the next interrupt.
      if (done < budget) {
        this.#scheduled = false;
        this.#want();
      }
    }
    return done;
  }

  /** Gives the descriptor up, and with it a TAP or TUN that no one made persistent. Nothing of it is left when this returns. */
  close(): void {
    if (this.#closed) return;
    if (this.#error === undefined) this.#doorbell();
    this.#closed = true;
    this.#descriptor.close();
    this.#sent.purge();
    for (let skb = this.#ring.shift(); skb !== undefined; skb = this.#ring.shift())
      this.#refuse(skb, 'DEV_READY');
    this.#buffers.release();
    this.#rx.clear();
    if (this.#busy) this.wake?.(this); // to find out
  }

  /** Reads one packet and delivers it, or counts it. False when there is none. */
  #next(): boolean {
    if (this.#closed) return false;
    const vector = this.#rx;
    this.#buffers.fill(vector);
    const length = this.#descriptor.readv(vector);
    if (length > 0) {
      this.#arrived(length - this.#header.size, length === vector.length);
      return true;
    }
    if (length === 0) this.#fail(ERRNO.ENODEV);
    else if (!PASSING.includes(-length)) this.#fail(-length);
    return length === -ERRNO.EINTR;
  }

  #arrived(length: number, isCut: boolean): void {
    const { stats } = this;
    if (length < (this.type === 'none' ? 1 : ETH_HLEN) || isCut) {
      stats.rxLengthErrors++;
      stats.rxErrors++;
      return;
    }
    const skb = this.#buffers.take(length);
    if (skb === undefined) {
      stats.rxDropped++;
      return;
    }
    skb.networkHeader = skb.data + (this.type === 'none' ? 0 : ETH_HLEN);
    const fault = this.#header.size > 0 ? readVnetHeader(this.#buffers.header, skb) : undefined;
    if (fault === 'NOMEM') stats.rxDropped++;
    else if (fault !== undefined) {
      stats.rxFrameErrors++;
      stats.rxErrors++;
    } else if (this.#isLong(skb)) {
      stats.rxLengthErrors++;
      stats.rxErrors++;
    } else {
      deliver(this, skb);
      return;
    }
    skb.free();
  }

  /** Why a packet cannot be sent; the header is written where there is one. */
  #fault(skb: SkBuff): string | undefined {
    if (skb.len < (this.type === 'none' ? 1 : ETH_HLEN)) return 'PKT_TOO_SMALL';
    if (this.#isLong(skb)) return 'PKT_TOO_BIG';
    if (this.#header.size > 0) return writeVnetHeader(this.#header.arena.view, skb);
    if (skb.gsoSize > 0) return 'SKB_GSO_SEG';
    return skb.ipSummed === CHECKSUM_PARTIAL ? 'SKB_CSUM' : undefined;
  }

  #isLong(skb: SkBuff): boolean {
    if (this.type === 'none') return skb.gsoSize === 0 && skb.len > this.mtu;
    return isTooLong(skb, this.mtu);
  }

  #refuse(skb: SkBuff, reason: string): number {
    this.stats.txDropped++;
    if (this.#error !== undefined) this.stats.txCarrierErrors++;
    this.drop(skb, reason);
    return OK;
  }

  /** A write that failed. */
  #unsent(skb: SkBuff, errno: number): number {
    const { stats } = this;
    if (errno === ERRNO.EAGAIN) {
      this.#busy = true;
      this.#want();
      return BUSY;
    }
    stats.txErrors++;
    if (errno === ERRNO.EIO) stats.txCarrierErrors++; // the interface is down on the kernel's side
    if (errno === ERRNO.ENOMEM || errno === ERRNO.ENOBUFS) stats.txFifoErrors++;
    if (GONE.includes(errno)) {
      this.#gone = errno;
      this.#raise();
    }
    this.drop(skb, errno === ERRNO.EIO ? 'DEV_READY' : 'DEV_HDR');
    return OK;
  }

  /** The descriptor is of no use any more. */
  #fail(errno: number): void {
    if (this.#closed) return;
    const code = errnoName(errno);
    this.#error = new TapError(
      code,
      `${this.kernelName}: the device is gone, deleted on the other side (${code})`,
    );
    this.close();
    this.linkChange?.(this, false);
  }

  #readable(): void {
    this.#raise();
  }

  #writable(): void {
    if (!this.#busy) return;
    this.#busy = false;
    this.#wakeDue = true;
    this.#raise();
    this.#want();
  }

  /** Interrupts unless the host knows. Told again all the same, it is not to be told any more until the next poll ended. */
  #raise(): void {
    if (this.#scheduled || this.#interrupt === undefined) {
      this.#want();
      return;
    }
    this.#scheduled = true;
    this.#interrupt(this);
  }

  #want(): void {
    if (this.#closed) return;
    const isIdle = !this.#scheduled && this.#interrupt !== undefined;
    this.#descriptor.want(this.#events, isIdle, this.#busy);
  }
}

/**
 * The device's receive engine: checks, filters, strips, sums, and scatters frames into posted buffers.
 * @module
 */
import { csumPartial } from '@stack/skbuff/checksum';
import { ICR, RX_ERROR, RX_STATUS } from './bits.ts';
import { type Core, frameLimit, VET } from './core.ts';
import { HLEN } from './descriptor.ts';
import { copyRun } from './dma.ts';
import { ETH_HLEN, ETH_ZLEN, FCS_LEN, type Frame, VLAN_HLEN } from './frame.ts';
import { addressHigh, addressLow, writeBackRx } from './in-place.ts';
import type { RxRing } from './rx-ring.ts';

/** Bytes of both addresses; what is stripped lies behind them. */
const ADDRESSES = 12;
/** Bytes of frames the receive FIFO holds while there are no buffers: the 8254x's default share (manual 13.4.14, PBA). */
export const RX_FIFO = 49_152;
/** RXDMT0 comes when fewer buffers than this part of the ring are left (manual 13.4.22, RDMTS = 1/4). */
const MINIMUM_THRESHOLD = 4;
/** After this long, µs, a NIC whose frames wait for buffers asks its driver again. */
const FIRST_RETRY = 1000;
/** Each wait is twice the one before; after this many without a buffer the next frame or poll has to ask. */
const RETRIES = 11;

/** One NIC's receiver. */
export class Receiver {
  readonly #core: Core;
  readonly #ring: RxRing;
  readonly #fifo: Frame[] = [];
  #fifoBytes = 0;
  #timer: object | undefined = undefined;
  #retries = 0;

  constructor(core: Core, ring: RxRing) {
    this.#core = core;
    this.#ring = ring;
    ring.onDoorbell = () => this.#drain();
  }

  /** Takes a frame off the wire. */
  arrive(frame: Frame): void {
    const core = this.#core;
    if (!core.closed) core.trace?.({ kind: 'arrive', frame, length: frame.length });
    if (core.closed) {
      core.drops.NIC_RX_CLOSED++;
      frame.free();
      return;
    }
    const isBad = !this.#judge(frame);
    if (frame.length < ETH_HLEN || (isBad && !core.features['rx-all'])) {
      frame.free();
      return;
    }
    if (!core.filter.accepts(frame.page.arena.view, frame.start)) {
      core.drops.NIC_RX_FILTER++;
      frame.free();
      return;
    }
    if (this.#fifo.length === 0 && this.#fits(frame)) {
      this.#store(frame);
      return;
    }
    this.#keep(frame);
  }

  /** Frees what waits for buffers. */
  stop(): void {
    for (const frame of this.#fifo) frame.free();
    this.#fifo.length = 0;
    this.#fifoBytes = 0;
    this.#rest();
  }

  /** Frames waited for buffers all this time: asks the driver for some, as the watchdog of Linux's e1000 does. @internal */
  retry(): void {
    this.#timer = undefined;
    this.#watch();
    this.#core.interrupts.raise(ICR.RXDMT0);
  }

  /** Sees to it that the driver is asked again, unless it was too often. */
  #watch(): void {
    if (this.#timer !== undefined || this.#retries === RETRIES) return;
    const { clock } = this.#core;
    this.#timer = clock.at(clock.now() + (FIRST_RETRY << this.#retries++), retry, this);
  }

  /** There was a buffer: no need to ask any more, or from the start again. */
  #rest(): void {
    if (this.#timer !== undefined) this.#core.clock.cancel(this.#timer);
    this.#timer = undefined;
    this.#retries = 0;
  }

  /** Whether the frame is good: FCS and length. Counts what it is not. */
  #judge(frame: Frame): boolean {
    const { stats, ethtool, drops } = this.#core;
    if (!frame.isIntact()) {
      frame.damaged = true;
      stats.rxErrors++;
      stats.rxCrcErrors++;
      drops.NIC_RX_CRC++;
      return false;
    }
    if (frame.length < ETH_ZLEN) {
      stats.rxErrors++;
      stats.rxLengthErrors++;
      ethtool.rx_short_length_errors++;
      drops.NIC_RX_SHORT++;
      return false;
    }
    const type = frame.page.arena.view.getUint16(frame.start + ADDRESSES);
    if (frame.length > frameLimit(this.#core.mtu, type) || !this.#fitsRing(frame)) {
      stats.rxErrors++;
      stats.rxLengthErrors++;
      ethtool.rx_long_length_errors++;
      drops.NIC_RX_LONG++;
      return false;
    }
    return true;
  }

  /** Buffers the frame takes, counted without stripping. */
  #need(frame: Frame): number {
    return Math.ceil((frame.length + FCS_LEN) / this.#ring.bufferSize);
  }

  #fitsRing(frame: Frame): boolean {
    return this.#need(frame) < this.#ring.count;
  }

  #fits(frame: Frame): boolean {
    return this.#need(frame) <= this.#ring.free;
  }

  /** No buffer: the frame waits in the FIFO, and when that is full it is lost. */
  #keep(frame: Frame): void {
    const { stats, ethtool, drops, interrupts } = this.#core;
    ethtool.rx_no_buffer_count++;
    if (this.#fifoBytes + frame.length > RX_FIFO || !this.#fitsRing(frame)) {
      stats.rxMissedErrors++;
      drops.NIC_RX_MISSED++;
      frame.free();
      interrupts.raise(ICR.RXO);
      return;
    }
    this.#fifo.push(frame);
    this.#fifoBytes += frame.length;
    interrupts.raise(ICR.RXDMT0);
    this.#watch();
  }

  #drain(): void {
    const waited = this.#fifo.length;
    for (let frame = this.#fifo[0]; frame !== undefined && this.#fits(frame); frame = this.#fifo[0]) {
      this.#fifo.shift();
      this.#fifoBytes -= frame.length;
      this.#store(frame);
    }
    if (this.#fifo.length === waited) return;
    this.#rest();
    if (this.#fifo.length > 0) this.#watch();
  }

  /** One copy: from the frame into as many posted buffers as it takes. */
  #store(frame: Frame): void {
    const core = this.#core;
    const { view } = frame.page.arena;
    const isTagged = frame.length >= ETH_HLEN + VLAN_HLEN && view.getUint16(frame.start + ADDRESSES) === VET;
    const strip = isTagged && core.features.rxvlan ? VLAN_HLEN : 0;
    if (core.features['rx-fcs']) frame.stamp();
    const fcs = core.features['rx-fcs'] ? FCS_LEN : 0;
    const total = frame.length - strip + fcs;
    const { head, bufferSize, count, fcsLengths } = this.#ring;
    fcsLengths[(head + Math.ceil(total / bufferSize) - 1) % count] = fcs;
    const sums = core.features.rx && !frame.damaged;
    const sum = sums ? this.#sum(frame, strip, total) : 0;
    const status = (sums ? 0 : RX_STATUS.IXSM) | (strip > 0 ? RX_STATUS.VP : 0);
    const tag = strip > 0 ? view.getUint16(frame.start + ETH_HLEN) : 0;
    if (this.#scatter(frame, strip, total, sum, status, frame.damaged ? RX_ERROR.CE : 0, tag)) {
      core.ethtool.dmaScatters++;
      core.ethtool.dmaScatterBytes += total;
    }
    frame.free();
    let cause = ICR.RXT0 as number;
    if (this.#ring.free * MINIMUM_THRESHOLD < this.#ring.count) cause |= ICR.RXDMT0;
    core.interrupts.raise(cause);
  }

  /** The sum from behind the Ethernet header on (RXCSUM.PCSS = 14), as the host will see the packet. */
  #sum(frame: Frame, strip: number, total: number): number {
    const skip = ETH_HLEN + strip;
    return csumPartial(frame.page.arena.view, frame.start + skip, total - ETH_HLEN);
  }

  #scatter(
    frame: Frame,
    strip: number,
    total: number,
    sum: number,
    status: number,
    errors: number,
    tag: number,
  ): boolean {
    const ring = this.#ring;
    for (let done = 0; done < total; ) {
      const index = ring.head;
      const at = index * HLEN;
      const offset = addressLow(ring.view, at);
      const n = Math.min(ring.bufferSize, total - done);
      const arena = this.#core.memory.writable(addressHigh(ring.view, at), offset, n);
      if (arena === undefined) {
        this.#core.drops.NIC_RX_ABORT++;
        this.#core.ethtool.masterAborts++;
        this.#writeBack(index, 0, 0, RX_STATUS.EOP | RX_STATUS.IXSM, RX_ERROR.RXE, 0);
        return false;
      }
      this.#copy(frame, strip, done, arena.bytes, offset, n);
      this.#core.trace?.({ kind: 'dma-write', index, bytes: n });
      const isFirst = done === 0;
      done += n;
      const isLast = done === total;
      this.#writeBack(
        index,
        n,
        isFirst ? sum : 0,
        isLast ? status | RX_STATUS.EOP : 0,
        isLast ? errors : 0,
        isLast ? tag : 0,
      );
    }
    return true;
  }

  /** Copies `n` bytes from byte `done` on of the frame as the host will see it: without the `strip` bytes of a tag. */
  #copy(frame: Frame, strip: number, done: number, target: Uint8Array, to: number, n: number): void {
    const { bytes } = frame.page.arena;
    if (strip === 0 || done >= ADDRESSES) {
      copyRun(bytes, frame.start + done + strip, target, to, n);
      return;
    }
    const front = Math.min(ADDRESSES - done, n);
    copyRun(bytes, frame.start + done, target, to, front);
    copyRun(bytes, frame.start + done + front + strip, target, to + front, n - front);
  }

  #writeBack(index: number, length: number, sum: number, status: number, errors: number, tag: number): void {
    const ring = this.#ring;
    writeBackRx(ring.view, index * HLEN, length, sum, status | RX_STATUS.DD, errors, tag);
    ring.head = index + 1 === ring.count ? 0 : index + 1;
    this.#core.trace?.({ kind: 'write-back', ring: 'rx', index });
  }
}

function retry(receiver: Receiver): void {
  receiver.retry();
}

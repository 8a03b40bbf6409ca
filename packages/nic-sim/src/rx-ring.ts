/**
 * The receive ring: empty buffers for the device to fill.
 *
 * ```text
 *            clean            head                  tail = use
 *              |               |                      |
 *     +----+----+----+----+----+----+----+----+----+----+----+----+
 *     |    | DD | DD | EOP| .. | empty buffers  |    |    |    |
 *     +----+----+----+----+----+----+----+----+----+----+----+----+
 *          received: to reap    posted: the device's     to refill
 * ```
 *
 * A buffer is an empty skb: the device writes into its page, and the driver hands on that very skb. Nobody keeps a view into
 * the ring. What the ring holds is the driver's own record; the descriptors are the device's word, and lengths in it are
 * never trusted beyond the buffer.
 * @module
 */
import { CHECKSUM_COMPLETE, MAX_SKB_FRAGS, type SkBuff } from '@stack/skbuff';
import { csumAdd, csumPartial } from '@stack/skbuff/checksum';
import { RX_ERROR, RX_STATUS } from './bits.ts';
import { BUSY, OK, VET } from './core.ts';
import { HLEN } from './descriptor.ts';
import { DescriptorRing } from './descriptor-ring.ts';
import { ETH_HLEN } from './frame.ts';
import { isDone, rxChecksum, rxErrors, rxLength, rxStatus, special, writeRxBuffer } from './in-place.ts';
import type { Memory } from './memory.ts';

/** A receive ring. The driver's half is {@link post}, {@link doorbell} and {@link reap}; the registers are the device's. */
export class RxRing extends DescriptorRing {
  readonly kind = 'rx';
  /** Bytes the device may write to each buffer. */
  readonly bufferSize: number;
  /** Error bits of the packet {@link reap} gave last: {@link RX_ERROR}. 0 = good. */
  errors = 0;
  /** Bytes of FCS at the end of the packet {@link reap} gave last: 0, or 4 with `rx-fcs`. */
  fcsLength = 0;
  /** The device's note at a packet's last descriptor: {@link fcsLength}. No field of a descriptor says it. @internal */
  readonly fcsLengths: Uint8Array;
  readonly #skbs: (SkBuff | undefined)[];
  readonly #windows: Int32Array;

  /** @throws RangeError if `count` is not a multiple of 8 within 8..4096, `bufferSize` not within 14..65535, or no window is left. */
  constructor(memory: Memory, count = 256, bufferSize = 1982) {
    if (!Number.isInteger(bufferSize) || bufferSize < ETH_HLEN || bufferSize > 0xffff) {
      throw new RangeError(`nic: receive buffers of ${bufferSize} bytes`);
    }
    super(memory, count);
    this.bufferSize = bufferSize;
    this.#skbs = new Array<SkBuff | undefined>(count).fill(undefined);
    this.#windows = new Int32Array(count);
    this.fcsLengths = new Uint8Array(count);
  }

  /** Buffers the device has. */
  get free(): number {
    return (this.tail - this.head + this.count) % this.count;
  }

  /**
   * Posts an empty skb as a buffer and takes it over: the device writes from `data` on. BUSY, and nothing taken, without room
   * or windows. @throws RangeError if the skb is not empty, is shared, or has less than {@link bufferSize} bytes of tailroom.
   */
  post(skb: SkBuff): number {
    if (skb.len !== 0 || skb.cloned || skb.tailroom < this.bufferSize) {
      throw new RangeError(
        `nic: an skb of ${skb.len} bytes with ${skb.tailroom} of tailroom is no empty buffer`,
      );
    }
    if (this.room === 0) return BUSY;
    const window = this.memory.mapForWrite(skb.page, skb.data, this.bufferSize);
    if (window === 0) return BUSY;
    const index = this.use;
    this.#skbs[index] = skb;
    this.#windows[index] = window;
    writeRxBuffer(this.view, index * HLEN, window, skb.data);
    this.use = this.next(index);
    this.trace?.({ kind: 'post', ring: 'rx', index, type: 'rx-legacy', skb });
    return OK;
  }

  /**
   * The next packet, now the caller's; `undefined` when there is none. A frame of several buffers has the others as frags.
   * Sets `ipSummed` and `csum` (over the whole packet from `data` on, Ethernet header included), `vlanProto` and `vlanTci`; and
   * {@link errors}: a packet with errors has what the device managed to write, and is to be freed as any other.
   */
  reap(): SkBuff | undefined {
    const first = this.clean;
    let index = first;
    let status = 0;
    while (index !== this.use && (status & RX_STATUS.EOP) === 0) {
      if (!isDone(this.view, index * HLEN)) return undefined;
      status = rxStatus(this.view, index * HLEN);
      index = this.next(index);
    }
    if (index === first) return undefined;
    const last = this.previous(index);
    // All buffers done and no end: no device writes that.
    this.errors = (status & RX_STATUS.EOP) === 0 ? RX_ERROR.RXE : rxErrors(this.view, last * HLEN);
    this.fcsLength = this.fcsLengths[last] as number;
    this.fcsLengths[last] = 0;
    const skb = this.#take(first);
    skb.put(Math.min(rxLength(this.view, first * HLEN), this.bufferSize));
    for (let i = this.next(first); i !== index; i = this.next(i)) this.#append(skb, i);
    this.clean = index;
    if ((this.errors & ~RX_ERROR.CE) === 0) this.#describe(skb, first, last, status);
    return skb;
  }

  /** Gives up the ring: frees what was posted and unmaps everything. */
  close(): void {
    while (this.clean !== this.use) {
      this.#take(this.clean).free();
      this.clean = this.next(this.clean);
    }
    this.leave();
  }

  #take(index: number): SkBuff {
    const skb = this.#skbs[index] as SkBuff; // between clean and use there always is one
    this.#skbs[index] = undefined;
    this.memory.unmap(this.#windows[index] as number);
    this.#windows[index] = 0;
    return skb;
  }

  #append(skb: SkBuff, index: number): void {
    const more = this.#take(index);
    const length = Math.min(rxLength(this.view, index * HLEN), this.bufferSize);
    if (skb.nrFrags === MAX_SKB_FRAGS) this.errors |= RX_ERROR.RXE;
    else skb.addFrag(more.page.hold(), more.data, length, more.truesize);
    more.free();
  }

  #describe(skb: SkBuff, first: number, last: number, status: number): void {
    if ((status & RX_STATUS.VP) !== 0) {
      skb.vlanProto = VET;
      skb.vlanTci = special(this.view, last * HLEN);
    }
    if ((status & RX_STATUS.IXSM) !== 0 || skb.headlen < ETH_HLEN) return;
    const header = csumPartial(skb.view, skb.data, ETH_HLEN);
    skb.csum = csumAdd(rxChecksum(this.view, first * HLEN), header);
    skb.ipSummed = CHECKSUM_COMPLETE;
  }
}

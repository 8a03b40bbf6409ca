/**
 * The transmit ring: descriptors in memory that driver and device share.
 *
 * ```text
 *            clean            head                  tail = use
 *              |               |                      |
 *     +----+----+----+----+----+----+----+----+----+----+----+----+
 *     |    | DD | .. | DD | .. | ctx  data data |    |    |    |
 *     +----+----+----+----+----+----+----+----+----+----+----+----+
 *           sent: to reap       posted: the device's        free
 * ```
 *
 * The driver writes descriptors at `use` and rings the doorbell by writing `tail`. The device reads from `head` on, writes DD
 * into descriptors with RS, and moves `head`. The driver reaps from `clean` on what has DD. One descriptor stays
 * free, so that `head = tail` means empty.
 * @module
 */
import { CHECKSUM_PARTIAL, type Frag, type Page, SKB_GSO_TCPV4, type SkBuff } from '@stack/skbuff';
import { CMD, POPTS, TUCMD } from './bits.ts';
import { BUSY, OK } from './core.ts';
import { HLEN } from './descriptor.ts';
import { DescriptorRing } from './descriptor-ring.ts';
import { isDone, writeContextSize, writeContextSums, writeTxData, writeTxLegacy } from './in-place.ts';
import type { Memory } from './memory.ts';
import { checkDescribable, tcpHeaderEnd } from './offload.ts';

/** Bytes one transmit descriptor describes, at most (manual 3.3.3). */
export const MAX_DATA = 16_288;

/** A transmit ring. The driver's half is {@link post}, {@link doorbell} and {@link reap}; the registers are the device's. */
export class TxRing extends DescriptorRing {
  readonly kind = 'tx';
  /** At a packet's first descriptor: the packet. */
  readonly #skbs: (SkBuff | undefined)[];
  /** At a packet's first descriptor: the index of its last. */
  readonly #last: Int32Array;
  /** Window each descriptor's buffer was mapped to; 0 for a context. */
  readonly #windows: Int32Array;

  /** @throws RangeError if `count` is not a multiple of 8 within 8..4096, or the memory has no window left. */
  constructor(memory: Memory, count = 256) {
    super(memory, count);
    this.#skbs = new Array<SkBuff | undefined>(count).fill(undefined);
    this.#last = new Int32Array(count);
    this.#windows = new Int32Array(count);
  }

  /** Descriptors that posting this packet takes. */
  need(skb: SkBuff): number {
    let need = needsContext(skb) ? 1 : 0;
    need += pieces(skb.tail - skb.data);
    for (let i = 0; i < skb.nrFrags; i++) need += pieces((skb.frags[i] as Frag).length);
    return Math.max(1, need);
  }

  /**
   * Writes the descriptors of a packet, all offloads it asks for included (`CHECKSUM_PARTIAL`, `gsoSize`, `vlanProto`), and takes
   * it over. {@link doorbell} then shows them to the device. BUSY, and nothing taken, without room or windows.
   * @throws RangeError if no descriptor can say what the packet asks for.
   */
  post(skb: SkBuff): number {
    const context = needsContext(skb);
    if (context) checkDescribable(skb);
    const need = this.need(skb);
    if (need > this.room) return BUSY;
    const first = this.use;
    const start = context ? this.next(first) : first;
    let index = this.#postRun(skb, start, context, skb.page, skb.data, skb.tail - skb.data);
    for (let i = 0; index >= 0 && i < skb.nrFrags; i++) {
      const { page, offset, length } = skb.frags[i] as Frag;
      index = this.#postRun(skb, index, context, page, offset, length);
    }
    if (index < 0) {
      this.#unmap(first, (first + need - 1) % this.count);
      return BUSY;
    }
    if (index === start) index = this.#postNothing(start);
    if (context) this.#postContext(skb, first);
    const last = this.previous(index);
    const at = last * HLEN + 11;
    this.view.setUint8(at, this.view.getUint8(at) | CMD.EOP | CMD.RS);
    this.#skbs[first] = skb;
    this.#last[first] = last;
    this.use = index;
    if (this.trace !== undefined) this.#tell(first, last, context, skb);
    return OK;
  }

  /** The next packet that is done, now the caller's; `undefined` when there is none. */
  reap(): SkBuff | undefined {
    const first = this.clean;
    if (first === this.use) return undefined;
    const last = this.#last[first] as number;
    if (!isDone(this.view, last * HLEN)) return undefined;
    return this.#release(first, last);
  }

  /** Gives up the ring: frees what was posted and unmaps everything. */
  close(): void {
    while (this.clean !== this.use) this.#release(this.clean, this.#last[this.clean] as number)?.free();
    this.leave();
  }

  #release(first: number, last: number): SkBuff | undefined {
    this.#unmap(first, last);
    const skb = this.#skbs[first];
    this.#skbs[first] = undefined;
    this.clean = this.next(last);
    return skb;
  }

  /** Posts one run of bytes in as many descriptors as it takes. The index behind it, or -1 without a window left. */
  #postRun(skb: SkBuff, from: number, context: boolean, page: Page, offset: number, length: number): number {
    const cmd = CMD.IFCS | (skb.gsoSize > 0 ? CMD.TSE : 0) | (skb.vlanProto === 0 ? 0 : CMD.VLE);
    const popts = skb.ipSummed === CHECKSUM_PARTIAL ? POPTS.TXSM : 0;
    const tag = skb.vlanProto === 0 ? 0 : skb.vlanTci;
    let index = from;
    for (let done = 0; done < length; done += MAX_DATA) {
      const window = this.memory.mapForRead(page);
      if (window === 0) return -1;
      this.#windows[index] = window;
      const at = index * HLEN;
      const n = Math.min(MAX_DATA, length - done);
      if (context) writeTxData(this.view, at, window, offset + done, n, cmd, popts, tag);
      else writeTxLegacy(this.view, at, window, offset + done, n, cmd, tag);
      index = this.next(index);
    }
    return index;
  }

  /** A packet without a byte still takes a descriptor; what to make of it is the device's affair. */
  #postNothing(index: number): number {
    writeTxLegacy(this.view, index * HLEN, 0, 0, 0, CMD.IFCS, 0);
    return this.next(index);
  }

  #postContext(skb: SkBuff, index: number): void {
    const { view } = this;
    const at = index * HLEN;
    const tucss = skb.ipSummed === CHECKSUM_PARTIAL ? skb.csumStart - skb.data : 0;
    const tucso = skb.ipSummed === CHECKSUM_PARTIAL ? tucss + skb.csumOffset : 0;
    if (skb.gsoSize === 0) {
      writeContextSums(view, at, 0, 0, 0, tucss, tucso);
      writeContextSize(view, at, 0, 0, 0, 0);
      return;
    }
    const network = skb.networkHeader - skb.data;
    const transport = skb.transportHeader - skb.data;
    const isIpv4 = skb.gsoType === SKB_GSO_TCPV4;
    const hdrlen = tcpHeaderEnd(skb);
    writeContextSums(view, at, network, isIpv4 ? network + 10 : 0, transport - 1, transport, tucso);
    const tucmd = TUCMD.TSE | TUCMD.TCP | (isIpv4 ? TUCMD.IP : 0);
    writeContextSize(view, at, tucmd, skb.len - hdrlen, hdrlen, skb.gsoSize);
  }

  #tell(first: number, last: number, context: boolean, skb: SkBuff): void {
    for (let i = first; ; i = this.next(i)) {
      const type = !context ? 'tx-legacy' : i === first ? 'tx-context' : 'tx-data';
      this.trace?.({ kind: 'post', ring: 'tx', index: i, type, skb });
      if (i === last) return;
    }
  }

  #unmap(first: number, last: number): void {
    for (let i = first; ; i = this.next(i)) {
      const window = this.#windows[i] as number;
      if (window !== 0) this.memory.unmap(window);
      this.#windows[i] = 0;
      if (i === last) return;
    }
  }
}

function needsContext(skb: SkBuff): boolean {
  return skb.ipSummed === CHECKSUM_PARTIAL || skb.gsoSize > 0;
}

function pieces(length: number): number {
  return length <= MAX_DATA ? (length > 0 ? 1 : 0) : Math.ceil(length / MAX_DATA);
}

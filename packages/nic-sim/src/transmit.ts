/**
 * The device's transmit engine: reads descriptors, gathers frames, segments, sums, tags, pads, and feeds the link.
 * @module
 */
import { CHECKSUM_PARTIAL, type Page, type SkBuff } from '@stack/skbuff';
import { csumFold, csumPartial } from '@stack/skbuff/checksum';
import { CMD, ICR, POPTS } from './bits.ts';
import { kindOf } from './codec.ts';
import { type Core, countTxDrop, countTxFifo, MAX_FRAME, VET } from './core.ts';
import { HLEN } from './descriptor.ts';
import { copyRun } from './dma.ts';
import { ETH_HLEN, ETH_ZLEN, FCS_LEN, Frame, VLAN_HLEN } from './frame.ts';
import { addressHigh, addressLow, bufferLength, command, special, writeBackTx } from './in-place.ts';
import type { Link } from './link.ts';
import { type Context, context, cut, isSegmented, loadContext, superPacket } from './segmentation.ts';
import type { Drop } from './stats.ts';
import type { TxRing } from './tx-ring.ts';

/** Bytes of both addresses: the tag goes behind them. */
const ADDRESSES = 12;

/** One NIC's transmitter. It works in events of the clock, never inside the driver's register write. */
export class Transmitter {
  readonly #core: Core;
  readonly #ring: TxRing;
  #link: Link | undefined = undefined;
  #timer: object | undefined = undefined;
  readonly #context: Context = context();
  /** Segments of the super-packet at `head` that are still to be gathered, and the super-packet's descriptors. */
  #segments: SkBuff[] = [];
  #segment = 0;
  #first = 0;
  #last = 0;

  constructor(core: Core, ring: TxRing) {
    this.#core = core;
    this.#ring = ring;
    ring.onDoorbell = () => this.kick();
  }

  /** Where frames go. Without a link, what is in the ring is completed unsent. */
  plug(link: Link | undefined): void {
    this.#link = link;
    this.restart();
  }

  /** Looks at the ring soon, and waits no longer for the link to be free: it came, went or is another one. */
  restart(): void {
    this.#cancel();
    this.kick();
  }

  /** Looks at the ring soon. */
  kick(): void {
    if (this.#core.closed || this.#timer !== undefined) return;
    this.#timer = this.#core.clock.at(this.#core.clock.now(), run, this);
  }

  /** Stops for good. */
  stop(): void {
    this.#cancel();
    this.#dropSegments();
  }

  /** Sends as long as the link takes frames and the ring has any. @internal */
  run(): void {
    this.#timer = undefined;
    const { clock, trace } = this.#core;
    for (;;) {
      const link = this.#link;
      if (this.#core.closed) return;
      if (!this.#core.carrier || link === undefined) {
        this.#flush();
        return;
      }
      const ready = link.readyAt();
      if (ready > clock.now()) {
        this.#timer = clock.at(ready, run, this);
        return;
      }
      const frame = this.#next();
      if (frame === undefined) return;
      this.#count(frame);
      trace?.({ kind: 'wire', frame, length: frame.length });
      link.send(frame);
    }
  }

  /** The next frame, gathered; `undefined` when the ring has no whole packet. */
  #next(): Frame | undefined {
    const ring = this.#ring;
    for (;;) {
      if (this.#segment < this.#segments.length) {
        const frame = this.#nextSegment();
        if (frame !== undefined) return frame;
        continue;
      }
      if (ring.head === ring.tail) break;
      const at = ring.head * HLEN;
      const kind = kindOf(ring.view, at);
      if (kind === undefined) {
        this.#refuse(ring.head, ring.head, 'NIC_TX_DESCRIPTOR');
        continue;
      }
      if (kind === 'tx-context') {
        loadContext(this.#context, ring.view, at);
        this.#complete(ring.head, ring.head);
        continue;
      }
      const last = this.#endOfPacket();
      if (last < 0) return undefined;
      const frame = this.#packet(ring.head, last);
      if (frame !== undefined) return frame;
    }
    this.#core.interrupts.raise(ICR.TXQE);
    return undefined;
  }

  /**
   * The packet's last descriptor; -1 if the driver has yet to post it. A packet that fills the ring and does not end, or has
   * a descriptor of another kind in its middle, is cut there: {@link packet} refuses what has no EOP.
   */
  #endOfPacket(): number {
    const { view, head, tail, count } = this.#ring;
    let last = head;
    for (let index = head, seen = 1; index !== tail; index = this.#after(index), seen++) {
      const kind = kindOf(view, index * HLEN);
      if (kind !== 'tx-legacy' && kind !== 'tx-data') return last;
      last = index;
      if ((command(view, index * HLEN) & CMD.EOP) !== 0 || seen === count - 1) return last;
    }
    return -1;
  }

  /** The frame, or the first of several, that descriptors `first` to `last` describe; `undefined` when they were refused. */
  #packet(first: number, last: number): Frame | undefined {
    const { view } = this.#ring;
    const cmd = command(view, last * HLEN);
    const total = this.#total(first, last);
    const fcs = (cmd & CMD.IFCS) === 0 ? FCS_LEN : 0;
    if ((cmd & CMD.EOP) === 0 || total - fcs < ETH_HLEN)
      return this.#refuse(first, last, 'NIC_TX_DESCRIPTOR');
    if (isSegmented(view, first * HLEN)) return this.#packetOfMany(first, last, total);
    if (total - fcs > MAX_FRAME) return this.#refuse(first, last, 'NIC_TX_DESCRIPTOR');
    return this.#gather(first, last, total, fcs);
  }

  #total(first: number, last: number): number {
    let total = 0;
    for (let index = first; ; index = this.#after(index)) {
      total += bufferLength(this.#ring.view, index * HLEN);
      if (index === last) return total;
    }
  }

  /** One copy: from wherever the descriptors point, into the frame. */
  #gather(first: number, last: number, total: number, fcs: number): Frame | undefined {
    const { view } = this.#ring;
    const tagged = (command(view, last * HLEN) & CMD.VLE) !== 0;
    const gap = tagged ? VLAN_HLEN : 0;
    const page = this.#core.pool.page(Math.max(ETH_ZLEN, total + gap) + FCS_LEN);
    if (page === undefined) return this.#refuse(first, last, 'NIC_TX_NOMEM');
    if (!this.#read(first, last, page, page.start + gap)) {
      page.put();
      return this.#refuse(first, last, 'NIC_TX_ABORT');
    }
    this.#sum(first, page, page.start + gap, total - fcs);
    if (tagged) insertTag(page, special(view, last * HLEN));
    this.#core.trace?.({ kind: 'dma-read', first, last, bytes: total });
    const frame = this.#seal(page, total - fcs + gap, fcs > 0);
    this.#complete(first, last);
    return frame;
  }

  #read(first: number, last: number, page: Page, from: number): boolean {
    const { view } = this.#ring;
    let to = from;
    for (let index = first; ; index = this.#after(index)) {
      const at = index * HLEN;
      const length = bufferLength(view, at);
      if (length > 0) {
        const offset = addressLow(view, at);
        const arena = this.#core.memory.readable(addressHigh(view, at), offset, length);
        if (arena === undefined) return false;
        copyRun(arena.bytes, offset, page.arena.bytes, to, length);
        to += length;
      }
      if (index === last) return true;
    }
  }

  /** Inserts the checksums that the packet's first descriptor asks for. */
  #sum(first: number, page: Page, from: number, length: number): void {
    const { view } = this.#ring;
    const at = first * HLEN;
    const cmd = command(view, at);
    if ((cmd & CMD.DEXT) === 0) {
      if ((cmd & CMD.IC) !== 0) {
        this.#insertSum(page, from, length, view.getUint8(at + 13), 0, view.getUint8(at + 10));
      }
      return;
    }
    const context = this.#context;
    const popts = view.getUint8(at + 13);
    if ((popts & POPTS.IXSM) !== 0) {
      this.#insertSum(page, from, length, context.ipcss, context.ipcse, context.ipcso);
    }
    if ((popts & POPTS.TXSM) !== 0) {
      this.#insertSum(page, from, length, context.tucss, context.tucse, context.tucso);
    }
  }

  /** Sums from `start` to `end`, its last byte (0: to the end), and puts the complement at `offset`. */
  #insertSum(page: Page, from: number, length: number, start: number, end: number, offset: number): void {
    const stop = end === 0 ? length : Math.min(end + 1, length);
    if (start < 0 || start >= stop || offset < 0 || offset + 2 > length) {
      this.#core.ethtool.badDescriptors++;
      return;
    }
    const { view } = page.arena;
    const check = csumFold(csumPartial(view, from + start, stop - start));
    view.setUint16(from + offset, check === 0 ? 0xffff : check); // 0 would mean "none" to UDP
  }

  /** Pads, and makes a frame of the page. */
  #seal(page: Page, length: number, stamped: boolean): Frame {
    const padded = stamped ? length : Math.max(length, ETH_ZLEN);
    const from = page.start;
    if (padded > length) page.arena.bytes.fill(0, from + length, from + padded);
    const frame = new Frame(this.#core.pool, page, from, padded, stamped);
    if (this.#core.fcs === 'always') frame.stamp();
    this.#core.ethtool.dmaGathers++;
    this.#core.ethtool.dmaGatherBytes += length;
    return frame;
  }

  /** Cuts the super-packet, which lays its segments ready for {@link next}. */
  #packetOfMany(first: number, last: number, total: number): undefined {
    const skb = superPacket(this.#core, this.#ring, this.#context, first, last, total);
    if (typeof skb === 'string') {
      this.#core.ethtool.tx_tcp_seg_failed++;
      return this.#refuse(first, last, skb);
    }
    this.#segments = cut(this.#core, skb);
    this.#segment = 0;
    this.#first = first;
    this.#last = last;
    skb.free();
    if (this.#core.closed) this.#dropSegments(); // by the segment function
    if (this.#segments.length > 0) return undefined;
    this.#core.ethtool.tx_tcp_seg_failed++;
    return this.#refuse(first, last, 'NIC_TX_SEGMENT');
  }

  /** Gathers the next segment, `undefined` where that fails; after the last one the super-packet is complete. */
  #nextSegment(): Frame | undefined {
    const skb = this.#segments[this.#segment++] as SkBuff;
    const frame = this.#gatherSegment(skb);
    skb.free();
    if (this.#segment === this.#segments.length) {
      this.#segments = [];
      this.#segment = 0;
      this.#core.ethtool.tx_tcp_seg_good++;
      this.#complete(this.#first, this.#last);
    }
    return frame;
  }

  #gatherSegment(skb: SkBuff): Frame | undefined {
    const { view } = this.#ring;
    const tagged = (command(view, this.#last * HLEN) & CMD.VLE) !== 0;
    const gap = tagged ? VLAN_HLEN : 0;
    const length = skb.len;
    if (length < ETH_HLEN || length > MAX_FRAME) {
      countTxDrop(this.#core, 'NIC_TX_SEGMENT');
      return undefined;
    }
    const page = this.#core.pool.page(Math.max(ETH_ZLEN, length + gap) + FCS_LEN);
    if (page === undefined) {
      countTxFifo(this.#core);
      return undefined;
    }
    skb.copyBits(0, page.arena.bytes, page.start + gap, length);
    if (skb.ipSummed === CHECKSUM_PARTIAL) {
      const start = skb.csumStart - skb.data;
      this.#insertSum(page, page.start + gap, length, start, 0, start + skb.csumOffset);
    }
    if (tagged) insertTag(page, special(view, this.#last * HLEN));
    this.#core.trace?.({ kind: 'dma-read', first: this.#first, last: this.#last, bytes: length });
    return this.#seal(page, length + gap, false);
  }

  /** Done with these descriptors: moves head and writes back those that ask for it. */
  #complete(first: number, last: number): void {
    const { view } = this.#ring;
    let reported = false;
    for (let index = first; ; index = this.#after(index)) {
      if ((command(view, index * HLEN) & CMD.RS) !== 0) {
        writeBackTx(view, index * HLEN);
        reported = true;
        this.#core.trace?.({ kind: 'write-back', ring: 'tx', index });
      }
      if (index === last) break;
    }
    if (this.#core.closed) return; // by who watched: the ring is not ours any more
    this.#ring.head = this.#after(last);
    if (reported) this.#core.interrupts.raise(ICR.TXDW);
  }

  #refuse(first: number, last: number, drop: Drop): undefined {
    if (drop === 'NIC_TX_NOMEM') countTxFifo(this.#core);
    else countTxDrop(this.#core, drop);
    if (drop === 'NIC_TX_DESCRIPTOR') this.#core.ethtool.badDescriptors++;
    if (drop === 'NIC_TX_ABORT') this.#core.ethtool.masterAborts++;
    this.#complete(first, last);
    return undefined;
  }

  /** Without carrier nothing waits in the ring for better times: packets complete, unsent. */
  #flush(): void {
    if (this.#segment < this.#segments.length) {
      this.#dropSegments();
      this.#refuse(this.#first, this.#last, 'NIC_NO_CARRIER');
    }
    const ring = this.#ring;
    while (ring.head !== ring.tail) {
      const kind = kindOf(ring.view, ring.head * HLEN);
      const isPacket = kind === 'tx-legacy' || kind === 'tx-data';
      const last = isPacket ? this.#endOfPacket() : ring.head;
      if (last < 0) return;
      if (isPacket) this.#refuse(ring.head, last, 'NIC_NO_CARRIER');
      else this.#complete(ring.head, ring.head);
    }
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#core.clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  #dropSegments(): void {
    for (let i = this.#segment; i < this.#segments.length; i++) (this.#segments[i] as SkBuff).free();
    this.#segments = [];
    this.#segment = 0;
  }

  #count(frame: Frame): void {
    const { stats, ethtool } = this.#core;
    const { view } = frame.page.arena;
    stats.txPackets++;
    stats.txBytes += frame.length;
    if ((view.getUint8(frame.start) & 1) === 0) return;
    const isBroadcast =
      view.getUint32(frame.start) === 0xffff_ffff && view.getUint16(frame.start + 4) === 0xffff;
    if (isBroadcast) ethtool.tx_broadcast++;
    else ethtool.tx_multicast++;
  }

  #after(index: number): number {
    return index + 1 === this.#ring.count ? 0 : index + 1;
  }
}

function run(transmitter: Transmitter): void {
  transmitter.run();
}

/** Moves the addresses into the gap in front of the frame and puts the tag behind them. */
function insertTag(page: Page, tci: number): void {
  const { arena, start } = page;
  arena.bytes.copyWithin(start, start + VLAN_HLEN, start + VLAN_HLEN + ADDRESSES);
  arena.view.setUint16(start + ADDRESSES, VET);
  arena.view.setUint16(start + ADDRESSES + 2, tci);
}

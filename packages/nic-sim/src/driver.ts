/**
 * The driver's two halves: packets down to the transmit ring, and packets up from the receive ring.
 * @module
 */
import { CHECKSUM_COMPLETE, type SkBuff } from '@stack/skbuff';
import { RX_ERROR } from './bits.ts';
import { BUSY, type Core, countTxDrop, frameLimit, OK } from './core.ts';
import { ETH_HLEN, VLAN_HLEN } from './frame.ts';
import { canSegment, checkAlive, isSumInPacket, prepare, tcpHeaderEnd } from './offload.ts';
import type { RxRing } from './rx-ring.ts';
import { cut } from './segmentation.ts';
import type { Drop } from './stats.ts';
import type { TxRing } from './tx-ring.ts';

/** Descriptors that must be free before a stopped queue is woken, in a ring that has as many. */
const WAKE_ROOM = 32;
/** Buffers reaped before the ring is refilled and the device told. */
const REFILL = 16;

// In `skb.cb`, while the driver holds a packet: what to report as completed. A super-packet cut here is its last segment's.
const CB_PACKETS = 0;
const CB_BYTES = 1;

/** The transmit half. */
export class TxDriver {
  readonly #core: Core;
  readonly #ring: TxRing;
  /** Segments made in software that found no room yet, linked by `next`. */
  #first: SkBuff | undefined = undefined;
  #last: SkBuff | undefined = undefined;
  /** After BUSY, until there is this much room; 0 = running. */
  #wanted = 0;

  constructor(core: Core, ring: TxRing) {
    this.#core = core;
    this.#ring = ring;
  }

  /** See `Nic.xmit`. */
  xmit(skb: SkBuff): number {
    const core = this.#core;
    checkAlive(skb);
    if (core.closed) return this.#refuse(skb, 'NIC_CLOSED');
    if (!core.carrier) return this.#refuse(skb, 'NIC_NO_CARRIER');
    if (this.#wanted > 0) return BUSY;
    const isDevices = skb.gsoSize === 0 || canSegment(core, skb);
    const fault = this.#fault(skb, isDevices);
    if (fault !== undefined) return this.#refuse(skb, fault);
    if (!isDevices) return this.#segment(skb);
    if (!this.#fit(skb)) return this.#refuse(skb, 'NIC_TX_NOMEM');
    const worst = Math.min(this.#ring.need(skb) + 1, this.#ring.capacity); // a tag may lengthen a piece
    if (worst > this.#ring.room) return this.#stop(worst);
    account(skb, 1, skb.len);
    if (!prepare(core, skb) || this.#ring.post(skb) === BUSY) return this.#drop(skb, 'NIC_TX_NOMEM');
    this.#ring.doorbell();
    return OK;
  }

  /** Frees what was sent, posts what waits; true if a sender that got BUSY should try again. */
  clean(): boolean {
    let packets = 0;
    let bytes = 0;
    for (let skb = this.#ring.reap(); skb !== undefined; skb = this.#ring.reap()) {
      packets += skb.cb[CB_PACKETS] as number;
      bytes += skb.cb[CB_BYTES] as number;
      skb.free();
    }
    if (packets > 0) this.#core.completed?.(packets, bytes);
    if (this.#wanted === 0 || this.#core.closed) return false;
    this.#drain();
    const enough = Math.max(this.#wanted, Math.min(WAKE_ROOM, this.#ring.capacity));
    if (this.#first !== undefined || this.#ring.room < enough) return false;
    this.#wanted = 0;
    this.#core.ethtool.tx_restart_queue++;
    return true;
  }

  /** Frees everything. */
  close(): void {
    this.#freeWaiting();
    this.#ring.close();
  }

  #freeWaiting(): void {
    for (let skb = this.#shift(); skb !== undefined; skb = this.#shift()) skb.free();
  }

  #stop(wanted: number): number {
    this.#wanted = wanted;
    return BUSY;
  }

  /** Drops what was handed to {@link xmit}, before it was accounted. */
  #refuse(skb: SkBuff, drop: Drop): number {
    account(skb, 1, skb.len);
    return this.#drop(skb, drop);
  }

  #drop(skb: SkBuff, drop: Drop): number {
    const packets = skb.cb[CB_PACKETS] as number;
    const bytes = skb.cb[CB_BYTES] as number;
    countTxDrop(this.#core, drop);
    if (drop === 'NIC_TX_SEGMENT') this.#core.ethtool.tx_tcp_seg_failed++;
    skb.free();
    if (packets > 0 && !this.#core.closed) this.#core.completed?.(packets, bytes);
    return OK;
  }

  /** What is wrong with the packet, before anything is done to it. */
  #fault(skb: SkBuff, isDevices: boolean): Drop | undefined {
    if (skb.len < ETH_HLEN) return 'NIC_TX_SHORT';
    if (!isSumInPacket(skb)) return 'NIC_TX_CSUM_RANGE';
    if (!isDevices) return undefined; // its segments are looked at one by one
    const untagged = skb.gsoSize === 0 ? skb.len : Math.min(skb.len, tcpHeaderEnd(skb) + skb.gsoSize);
    const length = skb.vlanProto === 0 ? untagged : untagged + VLAN_HLEN;
    if (length <= this.#core.mtu + ETH_HLEN) return undefined;
    let type = skb.vlanProto;
    if (type === 0 && skb.headlen >= ETH_HLEN) type = skb.view.getUint16(skb.data + 12);
    return length > frameLimit(this.#core.mtu, type) ? 'NIC_TX_LONG' : undefined;
  }

  /** Makes sure that the ring could hold the packet: one in too many pieces becomes linear. False at the pool's limit. */
  #fit(skb: SkBuff): boolean {
    const { capacity } = this.#ring;
    if (this.#ring.need(skb) <= capacity) return true;
    if (!skb.linearize() || this.#ring.need(skb) > capacity) return false;
    this.#core.ethtool.txLinearized++;
    return true;
  }

  /** Cuts a super-packet in software and posts the segments; those without room follow as it comes. */
  #segment(skb: SkBuff): number {
    if (this.#ring.room < 2) return this.#stop(2);
    const segments = cut(this.#core, skb);
    if (segments.length === 0) return this.#refuse(skb, 'NIC_TX_SEGMENT');
    this.#core.ethtool.swSegmented++;
    const last = segments[segments.length - 1] as SkBuff;
    for (const segment of segments) account(segment, 0, 0);
    account(last, 1, skb.len);
    if (skb.destructor === undefined || last.destructor !== undefined) skb.free();
    else {
      // The owner hears when the last segment is done with: it keeps the super-packet until then.
      last.sk = skb;
      last.destructor = freeOwner;
    }
    for (const segment of segments) this.#append(segment);
    if (this.#core.closed) this.#freeWaiting(); // by the segment function
    this.#drain();
    if (this.#first !== undefined) this.#wanted = 1;
    return OK;
  }

  #append(segment: SkBuff): void {
    const fault = this.#fault(segment, true);
    if (fault !== undefined) {
      this.#drop(segment, fault);
      return;
    }
    if (!prepare(this.#core, segment) || !this.#fit(segment)) {
      this.#drop(segment, 'NIC_TX_NOMEM');
      return;
    }
    if (this.#last === undefined) this.#first = segment;
    else this.#last.next = segment;
    this.#last = segment;
  }

  #shift(): SkBuff | undefined {
    const skb = this.#first;
    if (skb === undefined) return undefined;
    this.#first = skb.next;
    if (this.#first === undefined) this.#last = undefined;
    skb.next = undefined;
    return skb;
  }

  #drain(): void {
    let posted = 0;
    while (this.#first !== undefined && this.#ring.need(this.#first) <= this.#ring.room) {
      const skb = this.#shift() as SkBuff;
      if (this.#ring.post(skb) === BUSY) this.#drop(skb, 'NIC_TX_NOMEM');
      else posted++;
    }
    if (posted > 0) this.#ring.doorbell();
  }
}

/** Notes in the packet what is to be reported as completed when the driver is done with it. */
function account(skb: SkBuff, packets: number, bytes: number): void {
  skb.cb[CB_PACKETS] = packets;
  skb.cb[CB_BYTES] = bytes;
}

function freeOwner(segment: SkBuff): void {
  (segment.sk as SkBuff).free();
}

/** The receive half. */
export class RxDriver {
  readonly #core: Core;
  readonly #ring: RxRing;
  readonly #headroom: number;
  readonly #deliver: (skb: SkBuff) => boolean;

  /** @param deliver Takes a packet over; false if nobody wanted it. */
  constructor(core: Core, ring: RxRing, headroom: number, deliver: (skb: SkBuff) => boolean) {
    this.#core = core;
    this.#ring = ring;
    this.#headroom = headroom;
    this.#deliver = deliver;
  }

  /** Posts fresh buffers wherever there are none. */
  refill(): void {
    const ring = this.#ring;
    let posted = 0;
    while (ring.room > 0 && !this.#core.closed) {
      const skb = this.#core.pool.alloc(ring.bufferSize, this.#headroom);
      if (skb === undefined || ring.post(skb) === BUSY) {
        skb?.free();
        this.#core.ethtool.alloc_rx_buff_failed++;
        break;
      }
      posted++;
    }
    if (posted > 0) ring.doorbell();
  }

  /** Delivers up to `budget` packets and returns how many it took off the ring. */
  poll(budget: number): number {
    let done = 0;
    while (done < budget && !this.#core.closed) {
      const skb = this.#ring.reap();
      if (skb === undefined) break;
      done++;
      this.#receive(skb);
      if (done % REFILL === 0 && !this.#core.closed) this.refill();
    }
    if (!this.#core.closed) this.refill();
    return done;
  }

  /** Frees everything. */
  close(): void {
    this.#ring.close();
  }

  #receive(skb: SkBuff): void {
    const { errors } = this.#ring;
    const core = this.#core;
    const isBroken = (errors & ~RX_ERROR.CE) !== 0 || skb.len < ETH_HLEN;
    if (isBroken || (errors !== 0 && !core.features['rx-all'])) {
      core.stats.rxErrors++;
      core.drops.NIC_RX_DESCRIPTOR++;
      skb.free();
      return;
    }
    this.#count(skb, errors);
    if (this.#deliver(skb)) return;
    core.stats.rxDropped++;
    core.stats.rxNohandler++;
    core.drops.NIC_RX_NO_HANDLER++;
    skb.free();
  }

  #count(skb: SkBuff, errors: number): void {
    const { stats, ethtool, filter } = this.#core;
    stats.rxPackets++;
    stats.rxBytes += skb.len + (skb.vlanProto === 0 ? 0 : VLAN_HLEN) - this.#ring.fcsLength;
    if (errors !== 0) {
      ethtool.rx_csum_offload_errors++;
      return;
    }
    if (skb.ipSummed === CHECKSUM_COMPLETE) ethtool.rx_csum_offload_good++;
    if ((skb.view.getUint8(skb.data) & 1) === 0) return;
    if (filter.isBroadcast(skb.view, skb.data)) ethtool.rx_broadcast++;
    else {
      ethtool.rx_multicast++;
      stats.multicast++;
    }
  }
}

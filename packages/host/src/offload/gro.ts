/**
 * Generic receive offload: segments of one flow that arrive one after another go up as one packet (Linux net/core/gro.c). The stack
 * above is entered once for up to 64 KiB. What is merged holds exactly the packets that came: cut again by `segmentGso`, as a router
 * does, they are the same bytes.
 *
 * The protocols say which packets those are; here they are found, held until the end of the poll, and their bytes joined.
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  coalesce,
  PACKET_HOST,
  SKB_GSO_TCP_ACCECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP_L4,
  type SkBuff,
  SkbQueue,
} from '@stack/skbuff';
import { csumAdd, csumPartial, csumSkb, csumSub, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';

/** Flows are spread over so many lists (Linux `GRO_HASH_BUCKETS`). */
const BUCKETS = 8;
/** Most packets held in a list; one more sends the oldest up (Linux `MAX_GRO_SKBS`). */
const MAX_HELD = 8;
/** What an IPv4 total length can say. */
const MAX_LENGTH = 0xffff;

// In `skb.cb`, while a packet is held.
const COUNT = 0;
const MSS = 1;
const IDS = 2;

/** How a {@link Gro} is made. */
export interface GroOptions {
  /** Bytes in front of the network header: 14 (Ethernet), or 0 for a device without link header. */
  readonly hardHeaderLen: number;
  /** Takes packets over, merged or not, `data` at the link header: what `receive` of a device would have called. */
  readonly deliver: (skb: SkBuff) => void;
  /**
   * Whether the datagram whose IPv4 header is at `network` is for a socket with `UDP_GRO`. Without it, datagrams are not merged. It may be
   * set later, and unset.
   */
  readonly udp?: (skb: SkBuff, network: number) => boolean;
}

/** What a {@link Gro} did. */
export interface GroStats {
  /** Packets that went up as part of another. */
  merged: number;
  /** Packets they became. */
  packets: number;
}

/** Receive offload of one device (of one NAPI instance). A packet is held until {@link flush} at the longest. Nothing is allocated. */
export class Gro {
  /** `ethtool -K gro`. Switched off, packets pass. */
  enabled = true;
  /** See {@link GroOptions.udp}. */
  udp: ((skb: SkBuff, network: number) => boolean) | undefined;
  readonly stats: GroStats = { merged: 0, packets: 0 };
  readonly #link: number;
  readonly #deliver: (skb: SkBuff) => void;
  readonly #buckets: SkbQueue[] = [];
  #held = 0;

  constructor(options: GroOptions) {
    this.#link = options.hardHeaderLen;
    this.#deliver = options.deliver;
    this.udp = options.udp;
    for (let i = 0; i < BUCKETS; i++) this.#buckets.push(new SkbQueue());
  }

  /**
   * Takes a received packet over, `data` at its link header, `pktType` set: it is delivered now, alone or behind what it ended, or held.
   * Packets of one flow keep their order. Total: whatever is in it.
   */
  receive(skb: SkBuff): void {
    if (!this.enabled || skb.pktType !== PACKET_HOST || !this.#isIpv4(skb)) {
      this.#deliver(skb);
      return;
    }
    const { view } = skb;
    const network = skb.data + this.#link;
    if (ipv4.groStarts(view, network, skb.len - this.#link)) {
      const protocol = ipv4.protocol(view, network);
      if (protocol === ipv4.IPPROTO_TCP) this.#tcp(skb);
      else if (protocol === ipv4.IPPROTO_UDP && this.udp !== undefined) this.#udp(skb, this.udp);
      else this.#deliver(skb);
    } else this.#overtake(skb);
  }

  /** Delivers all that is held: at the end of a poll, before its packets grow old. */
  flush(): void {
    for (let i = 0; this.#held > 0 && i < BUCKETS; i++) {
      const bucket = this.#buckets[i] as SkbQueue;
      while (bucket.first !== undefined) this.#complete(bucket, bucket.first);
    }
  }

  /** Frees all that is held: the device is gone. */
  purge(): void {
    for (const bucket of this.#buckets) bucket.purge();
    this.#held = 0;
  }

  #tcp(skb: SkBuff): void {
    const before = this.#link + ipv4.HLEN;
    if (skb.mayPull(before + tcp.HLEN)) skb.mayPull(before + tcp.headerLength(skb.view, skb.data + before));
    const { view } = skb;
    const at = skb.data + before;
    if (tcp.check(view, at, skb.tail) !== undefined) {
      this.#overtake(skb);
      return;
    }
    const hlen = before + tcp.headerLength(view, at);
    const payload = skb.len - hlen;
    const bucket = this.#bucketOf(view, skb.data);
    const held = this.#find(bucket, skb, ipv4.IPPROTO_TCP);
    if (held !== undefined) {
      const mss = held.cb[MSS] as number;
      const flags = tcp.flags(view, at);
      const isLast = tcp.groEnds(view, at, payload, mss);
      if (this.#follows(held, skb, at, hlen, payload, mss) && this.#append(held, skb, hlen, payload)) {
        tcp.groMerge(held.view, held.data + before, flags);
        if (isLast) this.#complete(bucket, held);
        return;
      }
      this.#complete(bucket, held);
    }
    if (tcp.groStarts(view, at, payload) && isOwn(skb) && this.#verify(skb, at, ipv4.IPPROTO_TCP)) {
      this.#hold(bucket, skb, payload);
    } else this.#deliver(skb);
  }

  /** Whether a segment continues what is held, and its checksum is right. */
  #follows(held: SkBuff, skb: SkBuff, at: number, hlen: number, payload: number, mss: number): boolean {
    const { view } = skb;
    const before = this.#link + ipv4.HLEN;
    return (
      tcp.groFollows(held.view, held.data + before, held.len - hlen, mss, view, at, payload) &&
      this.#followsIp(held, skb) &&
      this.#verify(skb, at, ipv4.IPPROTO_TCP)
    );
  }

  #udp(skb: SkBuff, wanted: (skb: SkBuff, network: number) => boolean): void {
    const before = this.#link + ipv4.HLEN;
    const hlen = before + udp.HLEN;
    if (!skb.mayPull(hlen) || !udp.groStarts(skb.view, skb.data + before, skb.len - before)) {
      this.#overtake(skb);
      return;
    }
    const at = skb.data + before;
    const payload = skb.len - hlen;
    const bucket = this.#bucketOf(skb.view, skb.data);
    const held = this.#find(bucket, skb, ipv4.IPPROTO_UDP);
    if (held !== undefined) {
      const mss = held.cb[MSS] as number;
      if (
        udp.groFollows(mss, payload) &&
        this.#followsIp(held, skb) &&
        this.#verify(skb, at, ipv4.IPPROTO_UDP) &&
        this.#append(held, skb, hlen, payload)
      ) {
        if (udp.groEnds(payload, mss, held.cb[COUNT] as number)) this.#complete(bucket, held);
        return;
      }
      this.#complete(bucket, held);
    }
    if (isOwn(skb) && wanted(skb, at - ipv4.HLEN) && this.#verify(skb, at, ipv4.IPPROTO_UDP)) {
      this.#hold(bucket, skb, payload);
    } else this.#deliver(skb);
  }

  #isIpv4(skb: SkBuff): boolean {
    const link = this.#link;
    if (!skb.mayPull(link + ipv4.HLEN)) return false;
    return link === 0 || skb.view.getUint16(skb.data + link - 2) === ipv4.ETH_P_IP;
  }

  #bucketOf(view: DataView, data: number): SkbQueue {
    const ip = data + this.#link;
    const mixed = view.getInt32(ip + 12) ^ view.getInt32(ip + 16) ^ view.getInt32(ip + 20);
    return this.#buckets[Math.imul(mixed, 0x9e37_79b1) >>> 29] as SkbQueue;
  }

  /** What is held of the packet's flow: there is one at most. */
  #find(bucket: SkbQueue, skb: SkBuff, protocol: number): SkBuff | undefined {
    const { view, data } = skb;
    const network = data + this.#link;
    const transport = network + ipv4.HLEN;
    for (let held = bucket.first; held !== undefined; held = held.next) {
      const at = held.data + this.#link;
      if (!ipv4.groSame(held.view, at, view, network)) continue;
      const same = protocol === ipv4.IPPROTO_TCP ? tcp.groSame : udp.groSame;
      if (same(held.view, at + ipv4.HLEN, view, transport)) return held;
    }
    return undefined;
  }

  /** Whether both came between the same stations and with the same tag; both are IPv4. */
  #isSameLink(held: SkBuff, skb: SkBuff): boolean {
    if (held.vlanProto !== skb.vlanProto || held.vlanTci !== skb.vlanTci) return false;
    if (this.#link === 0) return true;
    const { view, data } = held;
    const { view: other, data: at } = skb;
    return (
      view.getInt32(data) === other.getInt32(at) &&
      view.getInt32(data + 4) === other.getInt32(at + 4) &&
      view.getInt32(data + 8) === other.getInt32(at + 8)
    );
  }

  /** Whether link and IPv4 header are the next ones; notes which way ids go. */
  #followsIp(held: SkBuff, skb: SkBuff): boolean {
    if (!isOwn(skb) || !this.#isSameLink(held, skb)) return false;
    const { cb } = held;
    const link = this.#link;
    const count = cb[COUNT] as number;
    const ids = ipv4.groFollows(
      held.view,
      held.data + link,
      count,
      cb[IDS] as number,
      skb.view,
      skb.data + link,
    );
    if (ids === ipv4.GRO_OTHER) return false;
    cb[IDS] = ids;
    return true;
  }

  /** Whether the transport's checksum is right; then nobody need look again. */
  #verify(skb: SkBuff, at: number, protocol: number): boolean {
    const { view, ipSummed } = skb;
    if (ipSummed === CHECKSUM_UNNECESSARY) return true;
    if (ipSummed === CHECKSUM_PARTIAL) {
      return (
        skb.csumStart === at &&
        skb.csumOffset === (protocol === ipv4.IPPROTO_TCP ? tcp.CSUM_OFFSET : udp.CSUM_OFFSET)
      );
    }
    const offset = at - skb.data;
    const sum = pseudoSum(view, at - ipv4.HLEN, protocol, skb.len - offset);
    // Of a device's sum over the whole, the IPv4 header is no part: with its own checksum it adds nothing.
    const whole =
      ipSummed === CHECKSUM_COMPLETE
        ? csumAdd(csumSub(skb.csum, csumPartial(view, skb.data, this.#link)), sum)
        : csumSkb(skb, offset, skb.len - offset, sum);
    if (whole !== 0xffff) return false;
    skb.ipSummed = CHECKSUM_UNNECESSARY;
    return true;
  }

  #hold(bucket: SkbQueue, skb: SkBuff, payload: number): void {
    if (bucket.qlen === MAX_HELD) this.#complete(bucket, bucket.first as SkBuff);
    skb.cb[COUNT] = 1;
    skb.cb[MSS] = payload;
    skb.cb[IDS] = ipv4.GRO_COUNTS;
    bucket.push(skb);
    this.#held++;
  }

  /** Puts the payload behind what is held. False, and nothing changed, where there is no room. */
  #append(held: SkBuff, skb: SkBuff, hlen: number, payload: number): boolean {
    if (held.len - this.#link + payload > MAX_LENGTH) return false;
    skb.pull(hlen);
    if (!coalesce(held, skb)) {
      skb.push(hlen);
      return false;
    }
    held.cb[COUNT] = (held.cb[COUNT] as number) + 1;
    return true;
  }

  /** Takes a packet out of its list and delivers it. */
  #complete(bucket: SkbQueue, held: SkBuff): void {
    bucket.remove(held);
    this.#held--;
    const { cb } = held;
    const count = cb[COUNT] as number;
    if (count > 1) this.#finish(held, count);
    cb[COUNT] = 0;
    cb[MSS] = 0;
    cb[IDS] = 0;
    this.#deliver(held);
  }

  /** Headers and metadata of a super-packet, as a sender's segmentation offload has them. */
  #finish(held: SkBuff, count: number): void {
    const { view, cb } = held;
    const network = held.data + this.#link;
    const at = network + ipv4.HLEN;
    const length = held.len - this.#link;
    const protocol = ipv4.protocol(view, network);
    const sum = pseudoSum(view, network, protocol, length - ipv4.HLEN);
    ipv4.groComplete(view, network, length);
    if (protocol === ipv4.IPPROTO_TCP) {
      tcp.groComplete(view, at, sum);
      held.gsoType =
        (tcp.flags(view, at) & tcp.CWR) === 0 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV4 | SKB_GSO_TCP_ACCECN;
      held.csumOffset = tcp.CSUM_OFFSET;
    } else {
      udp.groComplete(view, at, length - ipv4.HLEN, sum);
      held.gsoType = SKB_GSO_UDP_L4;
      held.csumOffset = udp.CSUM_OFFSET;
    }
    if (cb[IDS] === ipv4.GRO_FIXED) held.gsoType |= SKB_GSO_TCP_FIXEDID;
    held.gsoSize = cb[MSS] as number;
    held.gsoSegs = count;
    held.ipSummed = CHECKSUM_PARTIAL;
    held.csumStart = at;
    held.networkHeader = network;
    held.transportHeader = at;
    this.stats.merged += count;
    this.stats.packets++;
  }

  /** Delivers a packet that is merged with nothing, behind whatever its hosts have here: it may be of a flow that cannot be told. */
  #overtake(skb: SkBuff): void {
    const network = skb.data + this.#link;
    for (let i = 0; this.#held > 0 && i < BUCKETS; i++) {
      const bucket = this.#buckets[i] as SkbQueue;
      let held = bucket.first;
      while (held !== undefined) {
        const { next } = held;
        if (ipv4.groSame(held.view, held.data + this.#link, skb.view, network)) this.#complete(bucket, held);
        held = next;
      }
    }
    this.#deliver(skb);
  }
}

/** Whether nobody else sees the packet or waits for its end, and it is no super-packet: it may become part of another, or the whole. */
function isOwn(skb: SkBuff): boolean {
  return skb.users === 1 && skb.page.refs === 1 && skb.gsoSize === 0 && skb.destructor === undefined;
}

function pseudoSum(view: DataView, network: number, protocol: number, length: number): number {
  return pseudoIpv4(view.getInt32(network + 12), view.getInt32(network + 16), protocol, length);
}

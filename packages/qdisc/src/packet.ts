/**
 * What the queueing layer notes in a packet's `cb` while it holds it (Linux's `struct qdisc_skb_cb`).
 * @module
 */
import { SKB_GSO_TCPV4, SKB_GSO_TCPV6, SKB_GSO_UDP_L4, type SkBuff } from '@stack/skbuff';

// Where in `cb`. fq keeps its departure time in two halves.
const LENGTH = 0;
const SEGMENTS = 1;
const TIME_HIGH = 2;
const TIME_LOW = 3;
const STARTED = 4;
const BAND = 5;

const UDP_HLEN = 8;
const MIN_TCP_HLEN = 20;
const TWO_32 = 0x1_0000_0000;

/**
 * Notes what the packet will weigh on the wire: a super-packet costs the headers of each of its segments (Linux
 * `qdisc_pkt_len_init`). To be called when a packet enters the queueing layer.
 */
export function measure(skb: SkBuff): void {
  const { cb } = skb;
  cb[LENGTH] = skb.len;
  cb[SEGMENTS] = 1;
  cb[STARTED] = 0;
  if (skb.gsoSize === 0) return;
  const hlen = headersLength(skb);
  const segments = skb.gsoSegs > 0 ? skb.gsoSegs : Math.max(1, Math.ceil((skb.len - hlen) / skb.gsoSize));
  cb[LENGTH] = skb.len + (segments - 1) * hlen;
  cb[SEGMENTS] = segments;
}

/** Bytes on the wire, as {@link measure} noted. */
export function pktLen(skb: SkBuff): number {
  return skb.cb[LENGTH] as number;
}

/** Packets on the wire, as {@link measure} noted. */
export function pktSegments(skb: SkBuff): number {
  return skb.cb[SEGMENTS] as number;
}

/** Whether this is the first time the packet is given to a device since {@link measure}; no longer, after this call. */
export function startsNow(skb: SkBuff): boolean {
  if (skb.cb[STARTED] !== 0) return false;
  skb.cb[STARTED] = 1;
  return true;
}

/** Notes a time, µs. */
export function setTime(skb: SkBuff, time: number): void {
  const high = Math.floor(time / TWO_32);
  skb.cb[TIME_HIGH] = high;
  skb.cb[TIME_LOW] = time - high * TWO_32;
}

/** The time {@link setTime} noted, µs. */
export function timeOf(skb: SkBuff): number {
  return (skb.cb[TIME_HIGH] as number) * TWO_32 + ((skb.cb[TIME_LOW] as number) >>> 0);
}

/** Notes a band. */
export function setBand(skb: SkBuff, band: number): void {
  skb.cb[BAND] = band;
}

/** The band {@link setBand} noted. */
export function bandOf(skb: SkBuff): number {
  return skb.cb[BAND] as number;
}

/** Bytes of headers that each segment of a super-packet carries; 0 where they cannot be told. */
export function headersLength(skb: SkBuff): number {
  const at = skb.transportHeader;
  if (at < skb.data || at > skb.tail) return 0;
  const start = at - skb.data;
  if ((skb.gsoType & SKB_GSO_UDP_L4) !== 0) return Math.min(start + UDP_HLEN, skb.len);
  if ((skb.gsoType & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) === 0 || at + MIN_TCP_HLEN > skb.tail) return start;
  return Math.min(start + (skb.view.getUint8(at + 12) >>> 4) * 4, skb.len);
}

/**
 * Frames for the offload tests, made by the codecs, and what is left of them after a trip through offloads.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { CHECKSUM_COMPLETE, checksumHelp, type Pool, type SkBuff } from '@stack/skbuff';
import { csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import { segmentGso } from './gso.ts';

/** Headroom and tailroom of a receive buffer. */
const HEADROOM = 64;

/** What a frame may differ in. */
export interface FrameOptions {
  dest: number;
  source: number;
  saddr: number;
  daddr: number;
  sport: number;
  dport: number;
  id: number;
  /** `FLAG_*`. */
  ipFlags: number;
  ttl: number;
  tos: number;
  ipOptions: ipv4.Option[];
  seq: number;
  ackSeq: number;
  flags: number;
  window: number;
  urgPtr: number;
  tcpOptions: tcp.Option[];
  payload: number;
  /** First byte of the payload; each next one is one more. */
  fill: number;
}

/** A frame that differs from none. */
export const FRAME: FrameOptions = {
  dest: 0x02_00_00_00_00_01,
  source: 0x02_00_00_00_00_02,
  saddr: 0x0a00_0002,
  daddr: 0x0a00_0001,
  sport: 40_000,
  dport: 80,
  id: 100,
  ipFlags: ipv4.FLAG_DF,
  ttl: 64,
  tos: 0,
  ipOptions: [],
  seq: 1000,
  ackSeq: 5000,
  flags: tcp.ACK,
  window: 501,
  urgPtr: 0,
  tcpOptions: [],
  payload: 100,
  fill: 0,
};

/** A TCP frame with right checksums. */
export function tcpFrame(options: Partial<FrameOptions> = {}): Uint8Array {
  const f = { ...FRAME, ...options };
  const header = {
    source: f.sport,
    dest: f.dport,
    seq: f.seq >>> 0,
    ackSeq: f.ackSeq,
    doff: 0,
    res1: 0,
    flags: f.flags,
    window: f.window,
    check: 0,
    urgPtr: f.urgPtr,
    options: f.tcpOptions,
  };
  const hlen = tcp.size(header);
  const bytes = networkBytes(f, ipv4.IPPROTO_TCP, hlen);
  const at = bytes.length - hlen - f.payload;
  tcp.encode({ ...header, doff: hlen / 4 }, bytes, at);
  seal(bytes, at, tcp.CSUM_OFFSET, pseudoIpv4(f.saddr, f.daddr, ipv4.IPPROTO_TCP, bytes.length - at));
  return bytes;
}

/** A UDP frame with right checksums. */
export function udpFrame(options: Partial<FrameOptions> = {}): Uint8Array {
  const f = { ...FRAME, ...options };
  const bytes = networkBytes(f, ipv4.IPPROTO_UDP, udp.HLEN);
  const at = bytes.length - udp.HLEN - f.payload;
  udp.encode({ source: f.sport, dest: f.dport, len: udp.HLEN + f.payload, check: 0 }, bytes, at);
  seal(bytes, at, udp.CSUM_OFFSET, pseudoIpv4(f.saddr, f.daddr, ipv4.IPPROTO_UDP, bytes.length - at));
  return bytes;
}

function networkBytes(f: FrameOptions, protocol: number, hlen: number): Uint8Array {
  const ip = {
    version: 4,
    ihl: 5 + ipv4.optionsLength(f.ipOptions) / 4,
    tos: f.tos,
    totLen: 20 + ipv4.optionsLength(f.ipOptions) + hlen + f.payload,
    id: f.id & 0xffff,
    flags: f.ipFlags,
    fragOff: 0,
    ttl: f.ttl,
    protocol,
    check: 0,
    saddr: f.saddr,
    daddr: f.daddr,
    options: f.ipOptions,
  };
  const bytes = new Uint8Array(ethernet.HLEN + ip.totLen);
  const proto = ethernet.ETH_P_IP;
  ethernet.encode({ dest: f.dest, source: f.source, tags: [], proto, llc: null }, bytes);
  ipv4.encode(ip, bytes, ethernet.HLEN);
  ipv4.sendCheck(new DataView(bytes.buffer), ethernet.HLEN);
  for (let i = 0; i < f.payload; i++) bytes[bytes.length - f.payload + i] = f.fill + i;
  return bytes;
}

/** Puts the checksum of what begins at `at` in its place; a 0 as its other form. */
function seal(bytes: Uint8Array, at: number, offset: number, pseudoSum: number): void {
  const view = new DataView(bytes.buffer);
  const check = ~csumPartial(view, at, bytes.length - at, pseudoSum) & 0xffff;
  view.setUint16(at + offset, check === 0 ? 0xffff : check);
}

/** A frame as a device would deliver it. */
export function received(pool: Pool, bytes: Uint8Array, ipSummed: number): SkBuff {
  const skb = pool.alloc(bytes.length, HEADROOM) as SkBuff;
  skb.putData(bytes);
  skb.macHeader = skb.data;
  skb.ipSummed = ipSummed;
  if (ipSummed === CHECKSUM_COMPLETE) skb.csum = csumPartial(skb.view, skb.data, skb.len);
  return skb;
}

/** The frames that a packet is on a wire without offloads. Frees it. */
export function onWire(skb: SkBuff): Uint8Array[] {
  const parts = skb.gsoSize > 0 ? segmentGso(skb) : [skb];
  if (parts === undefined) throw new Error('a super-packet that cannot be cut');
  const frames = parts.map((part) => {
    if (!checksumHelp(part)) throw new Error('no memory');
    return part.toBytes();
  });
  for (const part of parts) if (part !== skb) part.free();
  skb.free();
  return frames;
}

/** Frames as text, those of one flow in their order: what no offload may change. A flow is EtherType, protocol, addresses and ports. */
export function byFlow(frames: readonly Uint8Array[]): Record<string, string[]> {
  const flows: Record<string, string[]> = {};
  for (const bytes of frames) {
    const key = [12, 13, 23, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37].map((at) => bytes[at]).join('.');
    flows[key] ??= [];
    flows[key].push(hexOf(bytes));
  }
  return flows;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

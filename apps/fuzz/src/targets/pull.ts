/**
 * `pull` of every protocol on packets whose bytes lie anywhere: some linear, the rest in frags.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { Pool, type SkBuff, viewOf } from '@stack/skbuff';
import { csumPartial, csumSkb, pseudoIpv4 } from '@stack/skbuff/checksum';
import { crc32, crc32Skb } from '@stack/skbuff/crc32';
import * as tcp from '@stack/tcp';
import { hashOf, Random } from '../random.ts';
import { ACCEPTED, must, refusalOf, sameBytes, type Target } from '../target.ts';
import { arpSeeds, frameSeeds, ipv4Seeds, tcpSeeds } from './seeds.ts';

const MAX_FRAGS = 8;

interface Protocol {
  checkPacket(view: DataView, at: number, end: number, len: number): string | undefined;
  pull(skb: SkBuff): object;
  encode(header: never, into?: Uint8Array, offset?: number): Uint8Array;
}

/** A fragmented packet pulls apart as a linear one; a refusal leaves it as it was; nothing leaks. */
export const pulls: Target = {
  name: 'skb',
  seeds: (seed) => [...frameSeeds(seed), ...arpSeeds(seed), ...ipv4Seeds(seed), ...tcpSeeds(seed)],
  trial,
};

const pool = new Pool();

function trial(bytes: Uint8Array): string {
  const random = new Random(hashOf(bytes));
  const skb = build(bytes, random);
  try {
    mustHold(skb, bytes, random);
    return pullAll(skb, bytes, random);
  } finally {
    skb.free();
    must(
      pool.stats.inUse === 0 && pool.stats.skbs === 0,
      `${pool.stats.inUse} pages and ${pool.stats.skbs} skbs left`,
    );
  }
}

/** The bytes as a packet: a linear part of any length, and frags at odd places of their pages. */
function build(bytes: Uint8Array, random: Random): SkBuff {
  const { length } = bytes;
  // None, or less than a header, or anything: mayPull has to work for its bytes.
  const most = [0, 20, length][random.below(3)]!;
  const linear = Math.min(length, random.below(most + 1));
  const skb = pool.alloc(linear + random.below(40), random.below(40))!;
  skb.putData(bytes.subarray(0, linear));
  for (let at = linear, left = MAX_FRAGS; at < length; left--) {
    const size =
      left === 1 ? length - at : Math.min(length - at, 1 + random.below(random.below(2) === 0 ? 12 : 200));
    const page = pool.page(size + 8)!;
    const start = page.start + random.below(8);
    page.arena.bytes.set(bytes.subarray(at, at + size), start);
    skb.addFrag(page, start, size);
    at += size;
  }
  return skb;
}

/** Sums and copies over the frags give what the bytes give. */
function mustHold(skb: SkBuff, bytes: Uint8Array, random: Random): void {
  must(skb.len === bytes.length, `a packet of ${skb.len} bytes from ${bytes.length}`);
  const from = random.below(bytes.length + 1);
  const length = random.below(bytes.length - from + 1);
  const view = viewOf(bytes);
  must(csumSkb(skb, from, length) === csumPartial(view, from, length), 'csumSkb');
  must(crc32Skb(skb, from, length) === crc32(view, from, length), 'crc32Skb');
}

/** From Ethernet up, or from any other protocol as if the packet began with it. */
function pullAll(skb: SkBuff, bytes: Uint8Array, random: Random): string {
  switch (random.below(6)) {
    case 0:
      return pullOne(skb, bytes, arp).outcome;
    case 1:
      return pullOne(skb, bytes, ipv4).outcome;
    case 2:
      return pullOne(skb, bytes, tcp).outcome;
    default:
      return pullFrame(skb, bytes);
  }
}

function pullFrame(skb: SkBuff, bytes: Uint8Array): string {
  const frame = pullOne(skb, bytes, ethernet);
  if (frame.outcome !== ACCEPTED) return frame.outcome;
  if (skb.protocol === 0x0806) return pullOne(skb, frame.rest, arp).outcome;
  if (skb.protocol !== 0x0800) return ACCEPTED;
  const packet = pullOne(skb, frame.rest, ipv4);
  if (packet.outcome !== ACCEPTED) return packet.outcome;
  const { protocol, saddr, daddr } = packet.header as ipv4.Header;
  if (protocol !== 6) return ACCEPTED;
  const pseudo = pseudoIpv4(saddr, daddr, protocol, skb.len);
  const right = csumPartial(viewOf(packet.rest), 0, packet.rest.length, pseudo) === 0xffff;
  must(tcp.verify(skb, pseudo) === right, 'tcp.verify over frags');
  return pullOne(skb, packet.rest, tcp).outcome;
}

/** Pulls one header off a packet that holds `bytes`; `rest` is what must then be left. */
function pullOne(
  skb: SkBuff,
  bytes: Uint8Array,
  codec: Protocol,
): { outcome: string; header: object; rest: Uint8Array } {
  const drop = codec.checkPacket(viewOf(bytes), 0, bytes.length, bytes.length);
  let header: object;
  try {
    header = codec.pull(skb);
  } catch (error) {
    const { code } = refusalOf(error, bytes.length);
    must(code === drop, `pull says ${code}, checkPacket ${drop}`);
    must(sameBytes(skb.toBytes(), bytes) && skb.len === bytes.length, 'a refusal changed the packet');
    return { outcome: code, header: {}, rest: bytes };
  }
  must(drop === undefined, `pull accepts, checkPacket says ${drop}`);
  const encoded = codec.encode(header as never);
  must(sameBytes(bytes, encoded, encoded.length), 'encode does not give the bytes back');
  must(encoded.length + skb.len <= bytes.length, 'the packet grew');
  const rest = bytes.slice(encoded.length, encoded.length + skb.len);
  must(sameBytes(skb.toBytes(), rest), 'the payload changed');
  return { outcome: ACCEPTED, header, rest };
}

/**
 * Legal inputs, from the arbitraries that the packages export for their users.
 * @module
 */
import * as arp from '@stack/arp';
import * as arpArbitraries from '@stack/arp/testing';
import * as ethernet from '@stack/ethernet';
import * as ethernetArbitraries from '@stack/ethernet/testing';
import * as icmp from '@stack/icmp';
import * as icmpArbitraries from '@stack/icmp/testing';
import * as ipv4 from '@stack/ipv4';
import * as ipv4Arbitraries from '@stack/ipv4/testing';
import { encode as encodeDescriptor } from '@stack/nic-sim';
import { descriptor } from '@stack/nic-sim/testing';
import { PcapngWriter, PcapWriter } from '@stack/pcap';
import * as pcapArbitraries from '@stack/pcap/testing';
import { alloc, checksumHelp, encode as gather, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as tcpArbitraries from '@stack/tcp/testing';
import * as udp from '@stack/udp';
import * as udpArbitraries from '@stack/udp/testing';
import fc from 'fast-check';

const COUNT = 400;
/** More than the headers of a frame ever take. */
const HEADROOM = 256;

function sample<T>(arbitrary: fc.Arbitrary<T>, seed: number, count: number = COUNT): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

const payload = fc.uint8Array({ maxLength: 100 });

/** A header, and something behind it. */
function withPayload<T>(
  headers: fc.Arbitrary<T>,
  encode: (header: T) => Uint8Array,
  seed: number,
): Uint8Array[] {
  return sample(fc.tuple(headers, payload), seed).map(([header, rest]) =>
    Uint8Array.from([...encode(header), ...rest]),
  );
}

/** Ethernet frames of every framing. */
export function ethernetSeeds(seed: number): Uint8Array[] {
  return withPayload(ethernetArbitraries.header(), (header) => ethernet.encode(header), seed);
}

/** ARP packets with addresses of any size. */
export function arpSeeds(seed: number): Uint8Array[] {
  return withPayload(arpArbitraries.header(), (header) => arp.encode(header), seed);
}

/** IPv4 headers with all kinds of options. */
export function ipv4Seeds(seed: number): Uint8Array[] {
  return withPayload(ipv4Arbitraries.header(), (header) => ipv4.encode(header), seed);
}

/** ICMP headers of all types. */
export function icmpSeeds(seed: number): Uint8Array[] {
  return withPayload(icmpArbitraries.header(), (header) => icmp.encode(header), seed);
}

/** UDP headers. */
export function udpSeeds(seed: number): Uint8Array[] {
  return withPayload(udpArbitraries.header(), (header) => udp.encode(header), seed);
}

/** TCP headers with all kinds of options. */
export function tcpSeeds(seed: number): Uint8Array[] {
  return withPayload(tcpArbitraries.header(), (header) => tcp.encode(header), seed);
}

/** DMA descriptors of every kind. */
export function descriptorSeeds(seed: number): Uint8Array[] {
  return sample(descriptor(), seed).map((each) => encodeDescriptor(each));
}

/** Classic captures of a few packets, either byte order, micro- and nanoseconds. */
export function pcapSeeds(seed: number): Uint8Array[] {
  const options = fc.record({
    linkType: fc.nat(0xffff),
    snapLength: fc.nat(0xffff),
    resolution: fc.constantFrom('us' as const, 'ns' as const),
    littleEndian: fc.boolean(),
    fcsLength: fc.constantFrom(undefined, 0, 32),
  });
  const packets = fc.array(pcapArbitraries.plainPacket(), { maxLength: 4 });
  return sample(fc.tuple(options, packets), seed).map(([each, list]) => {
    const writer = new PcapWriter(each);
    return join([
      writer.header(),
      ...list.map((packet) => writer.write({ ...packet, linkType: each.linkType })),
    ]);
  });
}

/** Next-generation captures with every kind of block; short ones, for the fault is never in the length. */
export function pcapngSeeds(seed: number): Uint8Array[] {
  const files = sample(pcapArbitraries.capture(), seed, 3 * COUNT).map((records) => {
    const writer = new PcapngWriter();
    return join(records.map((record) => writer.write(record)));
  });
  return files.sort((a, b) => a.length - b.length).slice(0, COUNT);
}

/** Frames that carry ARP, or IPv4 and TCP, with right lengths and checksums. */
export function frameSeeds(seed: number): Uint8Array[] {
  const outer = fc.record({
    dest: ethernetArbitraries.mac(),
    source: ethernetArbitraries.mac(),
    tags: fc.array(ethernetArbitraries.tag(), { maxLength: 2 }),
  });
  const arps = sample(fc.tuple(outer, arpArbitraries.header()), seed, COUNT / 4).map(([eth, header]) =>
    frame(new Uint8Array(0), (skb) => {
      arp.push(skb, header);
      ethernet.push(skb, { ...eth, proto: 0x0806 });
    }),
  );
  const segments = fc.tuple(outer, ipv4Arbitraries.pushHeader(), tcpArbitraries.header(), payload);
  const tcps = sample(segments, seed).map(([eth, ip, segment, data]) =>
    frame(data, (skb) => {
      const { check: _, doff: __, ...rest } = segment;
      const length = tcp.size(segment) + data.length;
      tcp.push(skb, rest, pseudoIpv4(ip.saddr, ip.daddr, 6, length));
      checksumHelp(skb);
      ipv4.push(skb, { ...ip, protocol: 6 });
      ethernet.push(skb, { ...eth, proto: 0x0800 });
    }),
  );
  return [...arps, ...tcps];
}

function frame(data: Uint8Array, push: (skb: SkBuff) => void): Uint8Array {
  const skb = alloc(data.length, HEADROOM + 1024)!;
  skb.putData(data);
  push(skb);
  const bytes = gather(skb);
  skb.free();
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * npm `pcap`'s decoder: Ethernet, IPv4, TCP and its options into fresh objects; no checksum.
 * @module
 */
import { Fields } from '../fields.ts';
import type { Pass } from '../measure.ts';
import { type PcapPacket, pcapDecoders, type RawPacket } from '../peers.ts';
import { sink } from '../sink.ts';
import { frames, type PacketSet } from '../workload.ts';
import { verifyAll } from './verify.ts';

/** `decode.packet`, as its users call it: the record header of libpcap too. Undefined where npm `pcap` is not installed. */
export function prepare(set: PacketSet): Pass | undefined {
  const decoders = pcapDecoders();
  if (decoders === undefined) return undefined;
  const raws = frames(set).map(rawPacket);
  verifyAll(set, (i) => fieldsOf(decoders.decode.packet(raws[i]!).payload));
  const run = (): void => {
    for (let i = 0; i < raws.length; i++) sink.value = decoders.decode.packet(raws[i]!);
  };
  return { run, packets: set.count, bytes: 0 };
}

/** Its decoder of Ethernet frames alone, which is not part of its documented interface. */
export function prepareFrame(set: PacketSet): Pass | undefined {
  const decoders = pcapDecoders();
  if (decoders === undefined) return undefined;
  const { EthernetPacket } = decoders;
  const buffers = frames(set);
  verifyAll(set, (i) => fieldsOf(new EthernetPacket().decode(buffers[i]!, 0)));
  const run = (): void => {
    for (let i = 0; i < buffers.length; i++) sink.value = new EthernetPacket().decode(buffers[i]!, 0);
  };
  return { run, packets: set.count, bytes: 0 };
}

function rawPacket(frame: Buffer): RawPacket {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(frame.length, 8);
  header.writeUInt32LE(frame.length, 12);
  return { header, buf: frame, link_type: 'LINKTYPE_ETHERNET' };
}

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'nonce'] as const;

function fieldsOf(packet: PcapPacket): Fields {
  const f = new Fields();
  const ip = packet.payload;
  const tcp = ip.payload;
  f.dst = number(packet.dhost.addr);
  f.src = number(packet.shost.addr);
  f.etherType = packet.ethertype;
  f.version = ip.version;
  f.ihl = ip.headerLength / 4;
  f.tos = ip.diffserv;
  f.totLen = ip.length;
  f.id = ip.identification;
  f.ipFlags =
    Number(ip.flags.reserved) * 4 + Number(ip.flags.doNotFragment) * 2 + Number(ip.flags.moreFragments);
  f.fragOff = ip.fragmentOffset / 8;
  f.ttl = ip.ttl;
  f.protocol = ip.protocol;
  f.ipCheck = ip.headerChecksum;
  f.saddr = number(ip.saddr.addr) | 0;
  f.daddr = number(ip.daddr.addr) | 0;
  f.source = tcp.sport;
  f.dest = tcp.dport;
  f.seq = tcp.seqno | 0;
  f.ackSeq = tcp.ackno | 0;
  f.doff = tcp.headerLength / 4;
  for (const [bit, name] of FLAGS.entries()) f.tcpFlags |= Number(tcp.flags[name]) << bit;
  f.window = tcp.windowSize;
  f.tcpCheck = tcp.checksum;
  f.urgPtr = tcp.urgentPointer;
  const { mss, window_scale, sack_ok, sack, timestamp, echo } = tcp.options;
  f.mss = mss ?? -1;
  f.wscale = window_scale ?? -1;
  f.sackOk = sack_ok === true ? 1 : 0;
  f.timestamps = timestamp === null ? 0 : 1;
  f.tsVal = (timestamp ?? 0) | 0;
  f.tsEcr = (echo ?? 0) | 0;
  f.sackBlocks = sack?.length ?? 0;
  f.edges.set(sack?.flat() ?? []);
  return f;
}

function number(bytes: ArrayLike<number>): number {
  let value = 0;
  for (let i = 0; i < bytes.length; i++) value = value * 256 + bytes[i]!;
  return value;
}

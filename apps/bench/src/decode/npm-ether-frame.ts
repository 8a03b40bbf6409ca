/**
 * npm `ether-frame` and `ip-packet`: Ethernet and IPv4 into fresh objects, addresses as text; no TCP, no checksum.
 * @module
 */
import { Fields } from '../fields.ts';
import type { Pass } from '../measure.ts';
import { type EtherFrame, etherFrameAndIpPacket, type IpPacket } from '../peers.ts';
import { sink } from '../sink.ts';
import { frames, type PacketSet } from '../workload.ts';
import { verifyNetwork } from './verify.ts';

/** The two packages one after the other, as their users call them. */
export function prepare(set: PacketSet): Pass {
  const { etherFrame, ipPacket } = etherFrameAndIpPacket();
  const buffers = frames(set);
  const ip = (buffer: Buffer): IpPacket => ipPacket.decode({ buffer, start: 14, end: buffer.length });
  verifyNetwork(set, (i) => fieldsOf(etherFrame.fromBuffer(buffers[i]!, 0), ip(buffers[i]!)));
  const run = (): void => {
    for (let i = 0; i < buffers.length; i++) {
      const buffer = buffers[i]!;
      sink.value = etherFrame.fromBuffer(buffer, 0);
      sink.value = ipPacket.decode({ buffer, start: 14, end: buffer.length });
    }
  };
  return { run, packets: set.count, bytes: 0 };
}

function fieldsOf(frame: EtherFrame, ip: IpPacket): Fields {
  const f = new Fields();
  f.dst = Number.parseInt(frame.dst.replaceAll(':', ''), 16);
  f.src = Number.parseInt(frame.src.replaceAll(':', ''), 16);
  f.etherType = frame.typeCode;
  f.version = ip.version;
  f.ihl = ip.ihl;
  f.tos = (ip.dscp << 2) | ip.ecn;
  f.totLen = ip.length;
  f.id = ip.identification;
  f.ipFlags = ip.flags;
  f.fragOff = ip.fragmentOffset;
  f.ttl = ip.ttl;
  f.protocol = ip.protocol;
  f.ipCheck = ip.checksum;
  f.saddr = address(ip.sourceIp);
  f.daddr = address(ip.destinationIp);
  return f;
}

function address(text: string): number {
  return text.split('.').reduce((value, byte) => (value << 8) | Number(byte), 0);
}

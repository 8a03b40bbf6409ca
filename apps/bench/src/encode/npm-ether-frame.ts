/**
 * npm `ether-frame` and `ip-packet`: Ethernet and IPv4 headers from objects; the TCP segment is copied as it is.
 * @module
 */
import type { Pass } from '../measure.ts';
import { etherFrameAndIpPacket } from '../peers.ts';
import { frames, type PacketSet } from '../workload.ts';
import { verifyFrame } from './verify.ts';

/** With the IPv4 checksum that each packet already has. */
export function prepare(set: PacketSet): Pass {
  return encoder(set, false);
}

/** With the IPv4 checksum computed; TCP's is not these packages' concern. */
export function prepareCsum(set: PacketSet): Pass {
  return encoder(set, true);
}

function encoder(set: PacketSet, computes: boolean): Pass {
  const { etherFrame, ipPacket } = etherFrameAndIpPacket();
  const into = Buffer.alloc(2048);
  const datagram = into.subarray(14);
  const headers = frames(set).map((buffer) => {
    const frame = etherFrame.fromBuffer(buffer, 0);
    const ip = ipPacket.decode({ buffer, start: 14, end: buffer.length });
    return { frame, ip: { ...ip, checksum: computes ? 0 : ip.checksum } };
  });
  const encode = (index: number): void => {
    const { frame, ip } = headers[index]!;
    frame.toBuffer(into, 0);
    ipPacket.encode({ buffer: into, start: 14, end: into.length }, ip);
    if (computes) ipPacket.checksum(datagram);
  };
  for (let i = 0; i < set.count; i++) {
    encode(i);
    verifyFrame(set, i, into, 0);
  }
  const run = (): void => {
    for (let i = 0; i < headers.length; i++) encode(i);
  };
  return { run, packets: set.count, bytes: 0 };
}

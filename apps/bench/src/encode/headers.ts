/**
 * `encode(header, into, offset)` for the three headers, in front of a payload that is in its place.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import type { Pass } from '../measure.ts';
import type { PacketSet } from '../workload.ts';
import { copyOf, verifyFrame } from './verify.ts';

interface Headers {
  eth: ethernet.Header;
  ip: ipv4.Header;
  segment: tcp.Header;
}

/** Checksums written as the headers have them. */
export function prepare(set: PacketSet): Pass {
  const headers = headersOf(set);
  const { bytes } = copyOf(set);
  return pass(set, bytes, (i) => writePacket(headers[i]!, bytes, set.at[i]!));
}

/** Checksums computed over what was written. */
export function prepareCsum(set: PacketSet): Pass {
  const headers = headersOf(set).map(({ eth, ip, segment }) => ({
    eth,
    ip: { ...ip, check: 0 },
    segment: { ...segment, check: 0 },
  }));
  const { bytes, view } = copyOf(set);
  return pass(set, bytes, (i) => {
    const { ip } = headers[i]!;
    const network = set.at[i]! + ethernet.HLEN;
    const transport = writePacket(headers[i]!, bytes, set.at[i]!);
    view.setUint16(network + 10, csumFold(csumPartial(view, network, transport - network)));
    const len = ip.totLen - (transport - network);
    const pseudo = pseudoIpv4(ip.saddr, ip.daddr, ip.protocol, len);
    view.setUint16(transport + 16, csumFold(csumPartial(view, transport, len, pseudo)));
  });
}

function pass(set: PacketSet, bytes: Uint8Array, write: (index: number) => void): Pass {
  for (let i = 0; i < set.count; i++) {
    write(i);
    verifyFrame(set, i, bytes, set.at[i]!);
  }
  const run = (): void => {
    for (let i = 0; i < set.count; i++) write(i);
  };
  return { run, packets: set.count, bytes: 0 };
}

/** Writes the headers and gives the offset of the segment. */
function writePacket({ eth, ip, segment }: Headers, bytes: Uint8Array, at: number): number {
  ethernet.encode(eth, bytes, at);
  const network = at + ethernet.size(eth);
  ipv4.encode(ip, bytes, network);
  const transport = network + ipv4.size(ip);
  tcp.encode(segment, bytes, transport);
  return transport;
}

function headersOf({ view, at }: PacketSet): Headers[] {
  return Array.from(at, (start) => {
    const eth = ethernet.read(view, start);
    const network = start + ethernet.size(eth);
    const ip = ipv4.read(view, network);
    return { eth, ip, segment: tcp.read(view, network + ipv4.size(ip)) };
  });
}

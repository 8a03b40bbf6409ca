/**
 * Header objects, fresh for each packet, through `check` and `read` over the view that the buffer has for life.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import type { Pass } from '../measure.ts';
import { sink } from '../sink.ts';
import type { PacketSet } from '../workload.ts';
import { takeHeaders } from './take-headers.ts';
import { verifyAll } from './verify.ts';

/** What a caller holds after a packet. */
interface Headers {
  eth: ethernet.Header;
  ip: ipv4.Header;
  segment: tcp.Header;
}

/** All fields, checksums not verified. */
export function prepare(set: PacketSet): Pass {
  const { view, at, end, count } = set;
  verifyAll(set, (i) => fieldsOf(readPacket(view, at[i]!, end[i]!)));
  const run = (): void => {
    for (let i = 0; i < count; i++) sink.value = readPacket(view, at[i]!, end[i]!);
  };
  return { run, packets: count, bytes: 0 };
}

/** All fields, both checksums verified. */
export function prepareVerify(set: PacketSet): Pass {
  const { view, at, end, count } = set;
  const read = (i: number): Headers => {
    const headers = readPacket(view, at[i]!, end[i]!);
    if (!sumsAreRight(view, at[i]!, headers)) throw new Error('bad checksum');
    return headers;
  };
  verifyAll(set, (i) => fieldsOf(read(i)));
  const run = (): void => {
    for (let i = 0; i < count; i++) sink.value = read(i);
  };
  return { run, packets: count, bytes: 0 };
}

function readPacket(view: DataView, at: number, end: number): Headers {
  if (ethernet.check(view, at, end) !== undefined) throw new Error('refused');
  const eth = ethernet.read(view, at);
  const network = at + ethernet.headerLength(view, at);
  if (ipv4.checkPacket(view, network, end, end - network) !== undefined) throw new Error('refused');
  const ip = ipv4.read(view, network);
  const transport = network + ip.ihl * 4;
  const len = ip.totLen - ip.ihl * 4;
  if (tcp.checkPacket(view, transport, end, len) !== undefined) throw new Error('refused');
  return { eth, ip, segment: tcp.read(view, transport) };
}

function sumsAreRight(view: DataView, at: number, { ip }: Headers): boolean {
  const network = at + ethernet.headerLength(view, at);
  const len = ip.totLen - ip.ihl * 4;
  const pseudo = pseudoIpv4(ip.saddr, ip.daddr, ip.protocol, len);
  return ipv4.verify(view, network) && csumPartial(view, network + ip.ihl * 4, len, pseudo) === 0xffff;
}

function fieldsOf({ eth, ip, segment }: Headers): ReturnType<typeof takeHeaders> {
  return takeHeaders(eth, ip, segment);
}

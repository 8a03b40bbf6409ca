/**
 * Reading a packet where it lies, as engines do: every field by its reader into one record, options by `readOptions`.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import { Fields } from '../fields.ts';
import type { Pass } from '../measure.ts';
import type { PacketSet } from '../workload.ts';
import { takeOptions } from './take-options.ts';
import { verifyAll } from './verify.ts';

/** All fields, checksums not verified. */
export function prepare(set: PacketSet): Pass {
  const { view, at, end, count } = set;
  const f = new Fields();
  const options = tcp.optionScan();
  verifyAll(set, (i) => {
    if (!readPacket(view, at[i]!, end[i]!, f, options)) throw new Error(`packet ${i} of ${set.name} refused`);
    takeOptions(options, f);
    return f;
  });
  const run = (): void => {
    for (let i = 0; i < count; i++) {
      if (!readPacket(view, at[i]!, end[i]!, f, options)) throw new Error('refused');
    }
  };
  return { run, packets: count, bytes: 0 };
}

/** All fields, both checksums verified. */
export function prepareVerify(set: PacketSet): Pass {
  const { view, at, end, count } = set;
  const f = new Fields();
  const options = tcp.optionScan();
  const read = (i: number): void => {
    if (!readPacket(view, at[i]!, end[i]!, f, options)) throw new Error('refused');
    if (!sumsAreRight(view, at[i]!, f)) throw new Error('bad checksum');
  };
  verifyAll(set, (i) => {
    read(i);
    takeOptions(options, f);
    return f;
  });
  const run = (): void => {
    for (let i = 0; i < count; i++) read(i);
  };
  return { run, packets: count, bytes: 0 };
}

function readPacket(view: DataView, at: number, end: number, f: Fields, options: tcp.OptionScan): boolean {
  const segment = readNetwork(view, at, end, f);
  return segment >= 0 && readTransport(view, segment, end, f, options);
}

/** Ethernet and IPv4; gives where the segment begins, -1 for a refusal. */
function readNetwork(view: DataView, at: number, end: number, f: Fields): number {
  if (ethernet.check(view, at, end) !== undefined) return -1;
  f.dst = ethernet.dest(view, at);
  f.src = ethernet.source(view, at);
  f.etherType = ethernet.proto(view, at);
  const ip = at + ethernet.headerLength(view, at);
  if (ipv4.checkPacket(view, ip, end, end - ip) !== undefined) return -1;
  f.version = ipv4.version(view, ip);
  f.ihl = ipv4.ihl(view, ip);
  f.tos = ipv4.tos(view, ip);
  f.totLen = ipv4.totLen(view, ip);
  f.id = ipv4.id(view, ip);
  f.ipFlags = ipv4.flags(view, ip);
  f.fragOff = ipv4.fragOff(view, ip);
  f.ttl = ipv4.ttl(view, ip);
  f.protocol = ipv4.protocol(view, ip);
  f.ipCheck = ipv4.checksum(view, ip);
  f.saddr = ipv4.saddr(view, ip) | 0; // int32: an unsigned word above 2^31 would need a heap number
  f.daddr = ipv4.daddr(view, ip) | 0;
  return ip + f.ihl * 4;
}

function readTransport(
  view: DataView,
  segment: number,
  end: number,
  f: Fields,
  options: tcp.OptionScan,
): boolean {
  const len = f.totLen - f.ihl * 4;
  if (tcp.checkPacket(view, segment, end, len) !== undefined) return false;
  f.source = tcp.source(view, segment);
  f.dest = tcp.dest(view, segment);
  f.seq = tcp.seq(view, segment);
  f.ackSeq = tcp.ackSeq(view, segment);
  f.doff = tcp.doff(view, segment);
  f.tcpFlags = tcp.flags(view, segment);
  f.window = tcp.window(view, segment);
  f.tcpCheck = tcp.checksum(view, segment);
  f.urgPtr = tcp.urgPtr(view, segment);
  tcp.readOptions(view, segment, options);
  return true;
}

function sumsAreRight(view: DataView, at: number, f: Fields): boolean {
  const ip = at + ethernet.headerLength(view, at);
  const segment = ip + ipv4.headerLength(view, ip);
  const len = ip + f.totLen - segment;
  return (
    ipv4.verify(view, ip) &&
    csumPartial(view, segment, len, pseudoIpv4(f.saddr, f.daddr, f.protocol, len)) === 0xffff
  );
}

/**
 * Header objects as the fields that are compared.
 * @module
 */
import type * as ethernet from '@stack/ethernet';
import type * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import { Fields } from '../fields.ts';

/** A fresh record of everything in the three headers. */
export function takeHeaders(eth: ethernet.Header, ip: ipv4.Header, segment: tcp.Header): Fields {
  const f = new Fields();
  f.dst = eth.dest;
  f.src = eth.source;
  f.etherType = eth.proto;
  f.version = ip.version;
  f.ihl = ip.ihl;
  f.tos = ip.tos;
  f.totLen = ip.totLen;
  f.id = ip.id;
  f.ipFlags = ip.flags;
  f.fragOff = ip.fragOff;
  f.ttl = ip.ttl;
  f.protocol = ip.protocol;
  f.ipCheck = ip.check;
  f.saddr = ip.saddr | 0;
  f.daddr = ip.daddr | 0;
  f.source = segment.source;
  f.dest = segment.dest;
  f.seq = segment.seq | 0;
  f.ackSeq = segment.ackSeq | 0;
  f.doff = segment.doff;
  f.tcpFlags = segment.flags;
  f.window = segment.window;
  f.tcpCheck = segment.check;
  f.urgPtr = segment.urgPtr;
  for (const option of segment.options) takeOption(option, f);
  return f;
}

function takeOption(option: tcp.Option, f: Fields): void {
  switch (option.kind) {
    case tcp.TCPOPT_MSS:
      f.mss = option.mss;
      break;
    case tcp.TCPOPT_WINDOW:
      f.wscale = option.wscale;
      break;
    case tcp.TCPOPT_SACK_PERM:
      f.sackOk = 1;
      break;
    case tcp.TCPOPT_TIMESTAMP:
      f.timestamps = 1;
      f.tsVal = option.tsval | 0;
      f.tsEcr = option.tsecr | 0;
      break;
    case tcp.TCPOPT_SACK:
      f.sackBlocks = option.blocks.length;
      f.edges.set(option.blocks.flatMap((block) => [block.startSeq | 0, block.endSeq | 0]));
  }
}

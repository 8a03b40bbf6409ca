/**
 * Packets of the host's, read.
 * @module
 */
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import type { Sent } from './tun.ts';

/** A packet on the wire, with the headers that comparisons ask for. */
export interface Live {
  time: number;
  ip: ipv4.Header;
  tcp: tcp.Header | undefined;
  udp: udp.Header | undefined;
  icmp: icmp.Header | undefined;
  /** Behind the transport header. */
  payload: Uint8Array;
}

/** Reads a packet. */
export function readLive({ time, bytes }: Sent): Live {
  const ip = ipv4.decode(bytes);
  const live: Live = {
    time,
    ip,
    tcp: undefined,
    udp: undefined,
    icmp: undefined,
    payload: new Uint8Array(0),
  };
  let at = ip.ihl * 4;
  if (ip.protocol === ipv4.IPPROTO_TCP) {
    live.tcp = tcp.decode(bytes, at);
    at += live.tcp.doff * 4;
  } else if (ip.protocol === ipv4.IPPROTO_UDP) {
    live.udp = udp.decode(bytes, at);
    at += udp.HLEN;
  } else if (ip.protocol === ipv4.IPPROTO_ICMP) {
    live.icmp = icmp.decode(bytes, at);
    at += icmp.HLEN;
  }
  live.payload = bytes.subarray(at);
  return live;
}

/**
 * Packets that a script puts in, as bytes.
 * @module
 */
import * as icmp from '@stack/icmp';
import * as ipv4 from '@stack/ipv4';
import { viewOf } from '@stack/skbuff';
import { csumFold, csumPartial, pseudoIpv4 } from '@stack/skbuff/checksum';
import * as tcp from '@stack/tcp';
import * as udp from '@stack/udp';
import type { IcmpPacket, IpFields, TcpPacket, UdpPacket } from '../script/script.ts';
import type { Connection } from './connection.ts';
import { encodeOptions } from './tcp-options.ts';

/** The two ends, IPv4 addresses as u32. */
export interface Ends {
  local: number;
  remote: number;
}

const TTL = 255;
const ICMP_HLEN = 8;
/** Bytes of the transport header that an ICMP error quotes of TCP: all without options. */
const QUOTED = 20;

/** A segment from the peer; its payload is zeros. @throws TimestampError */
export function buildTcp(packet: TcpPacket, connection: Connection, ends: Ends, infers: boolean): Uint8Array {
  const { flags, seq, length, ack, window, urgent, ip } = packet;
  const options = encodeOptions(packet.options ?? [], connection, (flags & tcp.ACK) !== 0, infers);
  const headerLength = tcp.size({ options });
  const bytes = ipPacket(ip, ipv4.IPPROTO_TCP, headerLength + length, ends.remote, ends.local);
  tcp.encode(
    {
      source: connection.remotePort,
      dest: connection.localPort,
      seq: connection.remoteLive(seq, flags),
      ackSeq: ack === undefined ? 0 : connection.localLive(ack, flags),
      doff: headerLength / 4,
      res1: 0,
      flags,
      window: window ?? 0,
      check: 0,
      urgPtr: urgent ?? 0,
      options,
    },
    bytes,
    ipv4.HLEN,
  );
  seal(bytes, ipv4.IPPROTO_TCP, tcp.CSUM_OFFSET, ends.remote, ends.local);
  return bytes;
}

/** A datagram from the peer; its payload is zeros. */
export function buildUdp(packet: UdpPacket, connection: Connection, ends: Ends): Uint8Array {
  const len = udp.HLEN + packet.length;
  const bytes = ipPacket(packet.ip, ipv4.IPPROTO_UDP, len, ends.remote, ends.local);
  const { remotePort: source, localPort: dest } = connection;
  udp.encode({ source, dest, len, check: 0 }, bytes, ipv4.HLEN);
  seal(bytes, ipv4.IPPROTO_UDP, udp.CSUM_OFFSET, ends.remote, ends.local);
  return bytes;
}

/** An ICMP error about a segment, or a datagram, of ours. */
export function buildIcmp(
  packet: IcmpPacket,
  connection: Connection,
  ends: Ends,
  protocol: 'tcp' | 'udp',
): Uint8Array {
  const { type, code, mtu = 0, quote = { seq: 0, length: 0 } } = packet;
  const transport = protocol === 'tcp' ? QUOTED : udp.HLEN;
  const bytes = ipPacket(
    packet.ip,
    ipv4.IPPROTO_ICMP,
    ICMP_HLEN + ipv4.HLEN + transport,
    ends.remote,
    ends.local,
  );
  const at = ipv4.HLEN;
  icmp.encode({ type, code, check: 0, rest: mtu }, bytes, at);
  const quoted = at + ICMP_HLEN;
  const number = protocol === 'tcp' ? ipv4.IPPROTO_TCP : ipv4.IPPROTO_UDP;
  writeIp(bytes, quoted, NO_FIELDS, number, transport + quote.length, ends.local, ends.remote);
  const { localPort: source, remotePort: dest } = connection;
  if (protocol === 'tcp') {
    const header = { source, dest, seq: connection.localLive(quote.seq, 0), ackSeq: 0, doff: 5, res1: 0 };
    tcp.encode(
      { ...header, flags: 0, window: 0, check: 0, urgPtr: 0, options: [] },
      bytes,
      quoted + ipv4.HLEN,
    );
  } else {
    udp.encode({ source, dest, len: udp.HLEN + quote.length, check: 0 }, bytes, quoted + ipv4.HLEN);
  }
  icmp.sendCheck(viewOf(bytes), at, bytes.length - at);
  return bytes;
}

const NO_FIELDS: IpFields = { ecn: undefined, tos: undefined, ttl: undefined };

function ipPacket(ip: IpFields, protocol: number, length: number, saddr: number, daddr: number): Uint8Array {
  const bytes = new Uint8Array(ipv4.HLEN + length);
  writeIp(bytes, 0, ip, protocol, length, saddr, daddr);
  return bytes;
}

function writeIp(
  bytes: Uint8Array,
  at: number,
  { ecn, tos, ttl }: IpFields,
  protocol: number,
  length: number,
  saddr: number,
  daddr: number,
): void {
  ipv4.encode(
    {
      version: 4,
      ihl: 5,
      tos: (tos ?? 0) | (ecn ?? 0),
      totLen: Math.min(ipv4.HLEN + length, 0xffff),
      id: 0,
      flags: ipv4.FLAG_DF,
      fragOff: 0,
      ttl: ttl ?? TTL,
      protocol,
      check: 0,
      saddr,
      daddr,
      options: [],
    },
    bytes,
    at,
  );
  ipv4.sendCheck(viewOf(bytes), at);
}

function seal(bytes: Uint8Array, protocol: number, offset: number, saddr: number, daddr: number): void {
  const at = ipv4.HLEN;
  const length = bytes.length - at;
  const view = viewOf(bytes);
  const sum = csumFold(csumPartial(view, at, length, pseudoIpv4(saddr, daddr, protocol, length)));
  view.setUint16(at + offset, sum);
}

/**
 * What is in a packet, read where it lies.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import * as tcp from '@stack/tcp';

/** A TCP segment: what the demo asks of it. Sequence numbers are u32. */
export interface Segment {
  saddr: number;
  daddr: number;
  source: number;
  dest: number;
  seq: number;
  ackSeq: number;
  flags: number;
  /** Bytes of payload. */
  length: number;
  /** Where the headers begin, absolute. */
  ip: number;
  transport: number;
  payload: number;
}

/** The segment whose IPv4 header is at `ip`; `undefined` where there is none. The headers must be whole. */
export function segmentAt(view: DataView, ip: number): Segment | undefined {
  if (ipv4.version(view, ip) !== 4 || ipv4.protocol(view, ip) !== ipv4.IPPROTO_TCP) return undefined;
  const transport = ip + ipv4.headerLength(view, ip);
  const payload = transport + tcp.headerLength(view, transport);
  return {
    saddr: ipv4.saddr(view, ip),
    daddr: ipv4.daddr(view, ip),
    ...portsAndNumbers(view, transport),
    length: ip + ipv4.totLen(view, ip) - payload,
    ip,
    transport,
    payload,
  };
}

/** What the TCP header at `transport` says, of a packet whose IPv4 header is not there yet. */
export function portsAndNumbers(
  view: DataView,
  transport: number,
): Pick<Segment, 'source' | 'dest' | 'seq' | 'ackSeq' | 'flags'> {
  return {
    source: tcp.source(view, transport),
    dest: tcp.dest(view, transport),
    seq: tcp.seq(view, transport) >>> 0,
    ackSeq: tcp.ackSeq(view, transport) >>> 0,
    flags: tcp.flags(view, transport),
  };
}

/** The segment in the frame that begins at `at`; `undefined` where there is none. */
export function segmentInFrame(view: DataView, at: number): Segment | undefined {
  return ethernet.protocol(view, at) === ethernet.ETH_P_IP ? segmentAt(view, at + ethernet.HLEN) : undefined;
}

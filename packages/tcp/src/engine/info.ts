/**
 * `TCP_INFO`: what `ss -ti` shows.
 * @module
 */
import { CHRONO_BUSY, CHRONO_RWND, CHRONO_SNDBUF, chronoTotal } from './chrono.ts';
import { ECN_ANY, ECN_SEEN } from './ecn.ts';
import { deliveryRate } from './rate.ts';
import { notSentBytes } from './send-queue.ts';
import { LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** Linux `struct tcp_info`, its fields in camelCase without `tcpi_`. Times µs where the kernel has µs, ms where it has ms. */
export interface TcpInfo {
  state: number;
  caState: number;
  retransmits: number;
  probes: number;
  backoff: number;
  /** `TCPI_OPT_*` bits: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 marked data was seen, 32 data of a SYN was taken, 128 a SYN made it. */
  options: number;
  sndWscale: number;
  rcvWscale: number;
  /** 1: {@link deliveryRate} is what the application gave, the network may have more. */
  deliveryRateAppLimited: number;
  /** Why data did not go with the SYN: 1 no cookie, 2 it was not acknowledged, 3 the SYN was sent again; 0 it did. */
  fastopenClientFail: number;
  /** µs. */
  rto: number;
  /** µs. */
  ato: number;
  sndMss: number;
  rcvMss: number;
  /** Segments; of a listener: connections that wait for `accept`. */
  unacked: number;
  /** Segments; of a listener: its backlog. */
  sacked: number;
  lost: number;
  retrans: number;
  fackets: number;
  /** ms. */
  lastDataSent: number;
  lastAckSent: number;
  /** ms. */
  lastDataRecv: number;
  /** ms. */
  lastAckRecv: number;
  pmtu: number;
  rcvSsthresh: number;
  /** µs. */
  rtt: number;
  /** µs. */
  rttvar: number;
  sndSsthresh: number;
  sndCwnd: number;
  advmss: number;
  reordering: number;
  /** µs. */
  rcvRtt: number;
  rcvSpace: number;
  totalRetrans: number;
  /** Bytes a second; `Number.MAX_SAFE_INTEGER` = no limit. */
  pacingRate: number;
  /** `SO_MAX_PACING_RATE`, as {@link pacingRate}. */
  maxPacingRate: number;
  bytesAcked: number;
  bytesReceived: number;
  segsOut: number;
  segsIn: number;
  notsentBytes: number;
  /** µs. */
  minRtt: number;
  dataSegsIn: number;
  dataSegsOut: number;
  /** Bytes a second; 0 = not measured. */
  deliveryRate: number;
  /** µs. */
  busyTime: number;
  /** µs. */
  rwndLimited: number;
  /** µs. */
  sndbufLimited: number;
  delivered: number;
  deliveredCe: number;
  bytesSent: number;
  bytesRetrans: number;
  dsackDups: number;
  reordSeen: number;
  rcvOoopack: number;
  sndWnd: number;
  rcvWnd: number;
  rehash: number;
  totalRto: number;
  totalRtoRecoveries: number;
  /** ms. */
  totalRtoTime: number;
  /** Packets that came with CE (RFC 9768). */
  receivedCe: number;
  /** Payload that the peer told it got with ECT(1), ECT(0) and CE, bytes modulo 2^32. */
  deliveredE1Bytes: number;
  deliveredE0Bytes: number;
  deliveredCeBytes: number;
  /** And that came so from the peer. */
  receivedE1Bytes: number;
  receivedE0Bytes: number;
  receivedCeBytes: number;
  /** What does not work on the way, bits: 1, 2 ACE as sent and as received, 4, 8 its option. */
  accecnFailMode: number;
  /** 0 no option came, 1 an empty one, 2 one with counters, 3 one with counters that were zeroed. */
  accecnOptSeen: number;
}

/** What is not 0 of a listener. */
const LISTENER_FIELDS: ReadonlySet<keyof TcpInfo> = /* @__PURE__ */ new Set([
  'state',
  'pacingRate',
  'maxPacingRate',
  'reordering',
  'sndCwnd',
]);
const TCPI_OPT_TIMESTAMPS = 1;
const TCPI_OPT_SACK = 2;
const TCPI_OPT_WSCALE = 4;
const TCPI_OPT_ECN = 8;
const TCPI_OPT_ECN_SEEN = 16;
const TCPI_OPT_SYN_DATA = 32;
const TCPI_OPT_TFO_CHILD = 128;

/** See {@link Tcp.info}. */
export function tcpInfo(now: number, sk: TcpSock): TcpInfo {
  return sk.state === LISTEN ? listenerInfo(sk) : connectionInfo(now, sk);
}

/** Of a listener the kernel tells its queue, and what its connections begin with. */
function listenerInfo(sk: TcpSock): TcpInfo {
  const info = connectionInfo(0, sk);
  for (const field of Object.keys(info) as (keyof TcpInfo)[])
    if (!LISTENER_FIELDS.has(field)) info[field] = 0;
  info.unacked = sk.listener?.acceptLength ?? 0;
  info.sacked = sk.listener?.backlog ?? 0;
  return info;
}

function connectionInfo(now: number, sk: TcpSock): TcpInfo {
  return {
    state: sk.state,
    caState: sk.caState,
    retransmits: sk.retransmits,
    probes: sk.probesOut,
    backoff: sk.backoff,
    options:
      (sk.tstampOk ? TCPI_OPT_TIMESTAMPS : 0) |
      (sk.sackOk ? TCPI_OPT_SACK : 0) |
      (sk.wscaleOk ? TCPI_OPT_WSCALE : 0) |
      ((sk.ecnFlags & ECN_ANY) !== 0 ? TCPI_OPT_ECN : 0) |
      ((sk.ecnFlags & ECN_SEEN) !== 0 ? TCPI_OPT_ECN_SEEN : 0) |
      (sk.synDataAcked ? TCPI_OPT_SYN_DATA : 0) |
      (sk.fastopenChild ? TCPI_OPT_TFO_CHILD : 0),
    sndWscale: sk.sndWscale,
    rcvWscale: sk.rcvWscale,
    deliveryRateAppLimited: sk.rateAppLimited ? 1 : 0,
    fastopenClientFail: sk.fastopenClientFail,
    rto: sk.rto,
    ato: sk.ato,
    sndMss: sk.mssCache,
    rcvMss: sk.rcvMss,
    unacked: sk.packetsOut,
    sacked: sk.sackedOut,
    lost: sk.lostOut,
    retrans: sk.retransOut,
    fackets: 0,
    lastDataSent: milliseconds(now - sk.lsndtime),
    lastAckSent: 0,
    lastDataRecv: milliseconds(now - sk.lrcvtime),
    lastAckRecv: milliseconds(now - sk.rcvTstamp),
    pmtu: sk.pmtuCookie,
    rcvSsthresh: sk.rcvSsthresh,
    rtt: sk.srtt >> 3,
    rttvar: sk.mdev >> 2,
    sndSsthresh: sk.sndSsthresh,
    sndCwnd: sk.sndCwnd,
    advmss: sk.advmss,
    reordering: sk.reordering,
    rcvRtt: sk.rcvRtt >> 3,
    rcvSpace: sk.rcvqSpace,
    totalRetrans: sk.totalRetrans,
    pacingRate: Math.min(sk.pacingRate, Number.MAX_SAFE_INTEGER),
    maxPacingRate: Math.min(sk.maxPacingRate, Number.MAX_SAFE_INTEGER),
    bytesAcked: sk.bytesAcked,
    bytesReceived: sk.bytesReceived,
    segsOut: sk.segsOut,
    segsIn: sk.segsIn,
    notsentBytes: Math.max(notSentBytes(sk), 0),
    minRtt: Math.max(sk.minRtt, 0),
    dataSegsIn: sk.dataSegsIn,
    dataSegsOut: sk.dataSegsOut,
    deliveryRate: deliveryRate(sk),
    busyTime:
      chronoTotal(now, sk, CHRONO_BUSY) +
      chronoTotal(now, sk, CHRONO_RWND) +
      chronoTotal(now, sk, CHRONO_SNDBUF),
    rwndLimited: chronoTotal(now, sk, CHRONO_RWND),
    sndbufLimited: chronoTotal(now, sk, CHRONO_SNDBUF),
    delivered: sk.delivered,
    deliveredCe: sk.deliveredCe,
    bytesSent: sk.bytesSent,
    bytesRetrans: sk.bytesRetrans,
    dsackDups: sk.dsackDups,
    reordSeen: sk.reordSeen,
    rcvOoopack: sk.rcvOoopack,
    sndWnd: sk.sndWnd,
    rcvWnd: sk.rcvWnd,
    rehash: 0,
    totalRto: sk.totalRto,
    totalRtoRecoveries: sk.totalRtoRecoveries,
    totalRtoTime: milliseconds(sk.totalRtoTime),
    receivedCe: sk.accecn?.receivedCe ?? 0,
    deliveredE1Bytes: sk.accecn?.deliveredBytes[0] ?? 0,
    deliveredE0Bytes: sk.accecn?.deliveredBytes[1] ?? 0,
    deliveredCeBytes: sk.accecn?.deliveredBytes[2] ?? 0,
    receivedE1Bytes: sk.accecn?.receivedBytes[0] ?? 0,
    receivedE0Bytes: sk.accecn?.receivedBytes[1] ?? 0,
    receivedCeBytes: sk.accecn?.receivedBytes[2] ?? 0,
    accecnFailMode: sk.accecn?.failMode ?? 0,
    accecnOptSeen: sk.accecn?.optSeen ?? 0,
  };
}

function milliseconds(us: number): number {
  return Math.floor(us / 1000);
}

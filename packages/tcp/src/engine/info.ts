/**
 * `TCP_INFO`: what `ss -ti` shows.
 * @module
 */

/** Linux `struct tcp_info`, its fields in camelCase without `tcpi_`. Times µs where the kernel has µs, ms where it has ms. */
export interface TcpInfo {
  state: number;
  caState: number;
  retransmits: number;
  probes: number;
  backoff: number;
  /** `TCPI_OPT_*` bits: 1 timestamps, 2 SACK, 4 window scaling. */
  options: number;
  sndWscale: number;
  rcvWscale: number;
  deliveryRateAppLimited: number;
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
  /** Bytes a second. */
  pacingRate: number;
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
}

/**
 * Sockets as `ss -tni` prints them.
 * @module
 */
import type { Host } from '@stack/host';
import * as ipv4 from '@stack/ipv4';
import { LISTEN, stateName, type TcpInfo, type TcpSock, TimewaitSock } from '@stack/tcp/engine';

/** From here on a threshold means "none yet" (Linux `TCP_INFINITE_SSTHRESH`). */
const INFINITE = 0x7fff_ffff;

/** The state and what TCP_INFO knows: two lines. */
export function formatSocket(host: Host, sk: TcpSock): string[] {
  const ends = `${ipv4.formatAddress(sk.saddr as number)}:${sk.sport} ${ipv4.formatAddress(sk.daddr as number)}:${sk.dport}`;
  const info = host.tcp.info(host.clock.now(), sk);
  return [`${stateName(sk.state)} ${ends}`, `  ${formatInfo(info, sk.caOps.name)}`];
}

/** What TCP_INFO knows, and the congestion control, as `ss -ti` puts it. */
export function formatInfo(info: TcpInfo, congestion: string): string {
  return [
    ...(info.options & 1 ? ['ts'] : []),
    ...(info.options & 2 ? ['sack'] : []),
    congestion,
    ...(info.options & 4 ? [`wscale:${info.sndWscale},${info.rcvWscale}`] : []),
    `rto:${milliseconds(info.rto)}`,
    ...(info.rtt > 0 ? [`rtt:${milliseconds(info.rtt)}/${milliseconds(info.rttvar)}`] : []),
    `mss:${info.sndMss}`,
    `pmtu:${info.pmtu}`,
    `cwnd:${info.sndCwnd}`,
    ...(info.sndSsthresh < INFINITE ? [`ssthresh:${info.sndSsthresh}`] : []),
    `bytes_sent:${info.bytesSent}`,
    ...(info.bytesRetrans > 0 ? [`bytes_retrans:${info.bytesRetrans}`] : []),
    `bytes_acked:${info.bytesAcked}`,
    `bytes_received:${info.bytesReceived}`,
    `segs_out:${info.segsOut}`,
    `segs_in:${info.segsIn}`,
    ...(info.totalRetrans > 0 ? [`retrans:${info.retrans}/${info.totalRetrans}`] : []),
    `snd_wnd:${info.sndWnd}`,
    `rcv_wnd:${info.rcvWnd}`,
  ].join(' ');
}

/** Whatever is left of connections, `ss -tan`: a line each. */
export function formatLeft(host: Host): string[] {
  const lines: string[] = [];
  for (const entry of host.tcp.entries()) {
    const state = entry instanceof TimewaitSock ? entry.substate : entry.state;
    if (state === LISTEN) continue;
    const local = `${ipv4.formatAddress(entry.saddr as number)}:${entry.sport}`;
    const peer = `${ipv4.formatAddress(entry.daddr as number)}:${entry.dport}`;
    lines.push(`${stateName(state).replaceAll('_', '-')} ${local} ${peer}`);
  }
  return lines;
}

/** Microseconds in ms, as `ss` prints them. */
function milliseconds(us: number): string {
  return String(us / 1000);
}

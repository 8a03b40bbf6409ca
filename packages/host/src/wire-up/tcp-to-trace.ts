/**
 * TCP's tracepoints: `sock:inet_sock_set_state` and `tcp:tcp_retransmit_skb`.
 * @module
 */
import { formatAddress } from '@stack/ipv4';
import { stateName, type Tcp, type TcpSock } from '@stack/tcp/engine';
import type { Kernel } from '../kernel.ts';
import type { Tracing } from '../trace.ts';

/** Sets TCP's hooks for the tracepoints that somebody listens to, and clears the others. */
export function stateTrace(tcp: Tcp, points: Tracing['points'], kernel: Kernel): void {
  const states = points['sock:inet_sock_set_state'];
  tcp.stateChange = states.enabled
    ? (sk, from, to) =>
        states.emit(
          { sk, ...addresses(sk), oldstate: `TCP_${stateName(from)}`, newstate: `TCP_${stateName(to)}` },
          kernel.now(),
        )
    : undefined;
  const retransmits = points['tcp:tcp_retransmit_skb'];
  tcp.retransmitted = retransmits.enabled
    ? (now, sk, skb) => retransmits.emit({ sk, ...addresses(sk), len: skb.len }, now)
    : undefined;
}

function addresses(sk: TcpSock): { saddr: string; sport: number; daddr: string; dport: number } {
  return {
    saddr: formatAddress(sk.saddr as number),
    sport: sk.sport,
    daddr: formatAddress(sk.daddr as number),
    dport: sk.dport,
  };
}

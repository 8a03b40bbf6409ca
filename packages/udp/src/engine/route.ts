/**
 * Route lookups of sockets.
 * @module
 */
import type { Dst, Errno } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** Looks up the way from `saddr` to `daddr`; the engine's flow then has both, filled in. */
export function routeTo(
  now: number,
  udp: Udp,
  sk: UdpSock,
  daddr: unknown,
  dport: number,
  saddr: unknown,
  oif: number,
  tos: number,
  mark: number,
  dontroute: boolean,
): Dst | Errno {
  const { flow } = udp;
  flow.daddr = daddr;
  flow.saddr = saddr;
  flow.oif = oif;
  flow.tos = tos;
  flow.mark = mark;
  flow.sport = sk.num;
  flow.dport = dport;
  flow.dontroute = dontroute;
  return sk.family.route(now, flow, sk.inet);
}

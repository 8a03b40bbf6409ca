/**
 * What sockets of every transport ask the routes of IPv4: the key of a lookup, and where a source route leads first.
 * @module
 */
import { FLOWI_FLAG_ONLINK, type InetSock, type Flow as IpFlow } from '@stack/ipv4/engine';

/** A flow as a transport names it. */
interface TransportFlow {
  readonly daddr: number;
  readonly saddr: number;
  readonly oif: number;
  readonly tos: number;
  readonly mark: number;
  readonly sport: number;
  readonly dport: number;
}

/** A key to be filled in for each lookup. */
export function flowKey(protocol: number): IpFlow {
  return { daddr: 0, saddr: 0, oif: 0, tos: 0, mark: 0, protocol, sport: 0, dport: 0, flags: 0 };
}

/**
 * Fills in `key` for packets of `wanted`, from a socket with the options `inet`. True: a source route leads elsewhere first, so that `key.daddr`
 * is not the destination (Linux `ip_hdr->daddr` against `inet->inet_daddr`).
 */
export function fillFlow(
  key: IpFlow,
  wanted: TransportFlow,
  dontroute: boolean,
  inet: InetSock | undefined,
): boolean {
  key.daddr = wanted.daddr;
  key.saddr = wanted.saddr;
  key.oif = wanted.oif;
  key.tos = wanted.tos;
  key.mark = wanted.mark;
  key.sport = wanted.sport;
  key.dport = wanted.dport;
  key.flags = dontroute ? FLOWI_FLAG_ONLINK : 0;
  const options = inet?.options;
  if (options === undefined || options.firstHop === 0) return false;
  key.daddr = options.firstHop;
  if (options.strict) key.flags = FLOWI_FLAG_ONLINK;
  return true;
}

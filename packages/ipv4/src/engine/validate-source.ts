/**
 * Whether a packet can have come from where it says: ingress filtering by the reverse path (RFC 3704, RFC 1812 §5.3.8), as Linux
 * `fib_validate_source` does.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { RT_SCOPE_UNIVERSE } from './constants.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Errno, FibResult } from './ports.ts';

/** The source is behind a router. */
export const SOURCE_REMOTE = 0;
/** The source is on the link itself. */
export const SOURCE_ON_LINK = 1;

/**
 * {@link SOURCE_REMOTE}, {@link SOURCE_ON_LINK}, or the drop reason: `IP_LOCAL_SOURCE`, one of our own addresses; `IP_RPFILTER`, packets to it
 * would leave by another device; `IP_INVALID_SOURCE`, nobody can be there. `oif` is where the packet will leave, 0 = it is for us.
 */
export function validateSource(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  saddr: number,
  daddr: number,
  tos: number,
  oif: number,
): number | string {
  const { conf, dev } = device;
  const filter = conf.rp_filter;
  // Without a filter only our own addresses are suspicious, unless a redirect needs to know whether the source is on the link.
  if (filter === 0 && (dev.ifindex !== oif || conf.send_redirects === 0)) {
    return conf.accept_local === 0 && ip.local.has(saddr) ? 'IP_LOCAL_SOURCE' : SOURCE_REMOTE;
  }
  const reverse = lookup(ip, skb, device, saddr, daddr, tos, 0);
  const lastResort = filter === 0 ? SOURCE_REMOTE : 'IP_RPFILTER';
  if (typeof reverse === 'string') return lastResort;
  if (reverse.type !== 'unicast') {
    if (reverse.type !== 'local') return 'IP_INVALID_SOURCE';
    if (conf.accept_local === 0) return 'IP_LOCAL_SOURCE';
  }
  if (uses(reverse, dev.ifindex) || (reverse.type === 'local' && dev.loopback)) return onLink(reverse);
  if (device.addresses.length === 0) return lastResort;
  if (filter === 1) return 'IP_RPFILTER';
  // Loose: any path will do; whether the source is on this link is asked for this link.
  const here = lookup(ip, skb, device, saddr, daddr, tos, dev.ifindex);
  if (typeof here === 'string' || here.type !== 'unicast') return SOURCE_REMOTE;
  return onLink(here);
}

/** Whether a route leads over a device, by any of its next hops. */
function uses(result: FibResult, ifindex: number): boolean {
  const { nexthops } = result.route;
  if (nexthops === undefined) return result.nexthop.ifindex === ifindex;
  for (let i = 0; i < nexthops.length; i++) if (nexthops[i]?.ifindex === ifindex) return true;
  return false;
}

function onLink(result: FibResult): number {
  return result.nexthop.via === undefined ? SOURCE_ON_LINK : SOURCE_REMOTE;
}

/** The way back: to the source, as if from the destination. */
function lookup(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  saddr: number,
  daddr: number,
  tos: number,
  oif: number,
): FibResult | Errno {
  const flow = ip.fibFlow;
  flow.daddr = saddr;
  flow.saddr = daddr === 0 ? undefined : daddr;
  flow.iif = device.dev.ifindex;
  flow.oif = oif;
  flow.mark = device.conf.src_valid_mark !== 0 ? skb.mark : 0;
  flow.tos = tos & 0xfc;
  flow.scope = RT_SCOPE_UNIVERSE;
  flow.hash = 0;
  return ip.fib.lookup(flow);
}

/**
 * What becomes of a packet that came in: for us, on to somebody, or refused. Linux `ip_route_input`; martians RFC 1812 §5.3.7.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { INADDR_BROADCAST, isLocalMulticast, isLoopback, isMulticast } from '../address.ts';
import { isFragment, protocol } from '../fields.ts';
import { IPPROTO_IGMP, IPPROTO_TCP, IPPROTO_UDP } from '../protocol.ts';
import {
  IPSKB_DOREDIRECT,
  RT_SCOPE_UNIVERSE,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
} from './constants.ts';
import { Dst } from './dst.ts';
import { isMember } from './igmp-group.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import { multipathHash } from './multipath.ts';
import type { Errno, FibResult } from './ports.ts';
import { matches } from './source-address.ts';
import { SOURCE_ON_LINK, validateSource } from './validate-source.ts';

/** What was decided about packets that came in. */
export interface InputRoute {
  readonly action: 'deliver' | 'forward' | 'refuse';
  /** `RTCF_*`, and `IPSKB_DOREDIRECT` where the packet goes back over the link it came from. */
  readonly flags: number;
  /** The way on. */
  readonly dst: Dst | undefined;
  /** Why it is refused. */
  readonly errno: Errno;
}

const LOCAL: InputRoute = deliver(RTCF_LOCAL);
/** For a packet to a broadcast address. */
export const BROADCAST: InputRoute = deliver(RTCF_LOCAL | RTCF_BROADCAST);
/** For a packet to a group that we are in. */
export const MULTICAST: InputRoute = deliver(RTCF_LOCAL | RTCF_MULTICAST);

/** The decision about `skb`, whose addresses are given apart: a source route asks for others. Or the drop reason. */
export function routeInput(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  daddr: number,
  saddr: number,
  tos: number,
): InputRoute | string {
  const { ifindex } = device.dev;
  const cached = ip.inputRoutes.find(daddr, saddr, ifindex, tos, skb.mark, ip);
  if (cached !== undefined) return cached;
  if (isMulticast(daddr)) return group(ip, skb, device, daddr, saddr, tos);
  ip.mib.rt_cache.in_slow_tot++;
  const route = resolve(ip, skb, device, daddr, saddr, tos);
  if (typeof route === 'string') {
    if (route === 'IP_INVALID_DEST') ip.mib.rt_cache.in_martian_dst++;
    else ip.mib.rt_cache.in_martian_src++;
  } else if (route.action === 'deliver' || (route.action === 'forward' && byAddressesAlone(ip))) {
    ip.inputRoutes.keep(daddr, saddr, ifindex, tos, skb.mark, ip, route);
  }
  return route;
}

/** A group: for us where we joined it on this device. Not cached: joining is no change of routes. */
function group(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  daddr: number,
  saddr: number,
  tos: number,
): InputRoute | string {
  const kind = protocol(skb.view, skb.networkHeader);
  if (!isMember(device, daddr, saddr, kind)) return 'NOT_SPECIFIED';
  ip.mib.rt_cache.in_slow_mc++;
  if (device.dev.loopback) return MULTICAST;
  if (isMulticast(saddr) || saddr === INADDR_BROADCAST) return 'IP_INVALID_SOURCE';
  if (isLoopback(saddr) && device.conf.route_localnet === 0) return 'IP_LOCALNET';
  if (saddr === 0) {
    // A host without an address may speak to its link: RFC 3376 §4.2.13.
    return isLocalMulticast(daddr) || kind === IPPROTO_IGMP ? MULTICAST : 'IP_INVALID_SOURCE';
  }
  const source = validateSource(ip, skb, device, saddr, 0, tos, 0);
  return typeof source === 'string' ? source : MULTICAST;
}

function resolve(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  daddr: number,
  saddr: number,
  tos: number,
): InputRoute | string {
  const { conf, dev } = device;
  if (isMulticast(saddr) || saddr === INADDR_BROADCAST) return 'IP_INVALID_SOURCE';
  if (daddr === INADDR_BROADCAST || (daddr === 0 && saddr === 0)) {
    return broadcast(ip, skb, device, saddr, tos);
  }
  if (saddr === 0) return 'IP_INVALID_SOURCE';
  if (daddr === 0) return 'IP_INVALID_DEST';
  // What comes over the loopback device is from here, whatever its addresses.
  if (!dev.loopback && conf.route_localnet === 0 && (isLoopback(daddr) || isLoopback(saddr))) {
    return 'IP_LOCALNET';
  }
  const result = lookup(ip, skb, device, daddr, saddr, tos);
  if (typeof result === 'string') return refuse(ip, conf.forwarding !== 0 ? result : 'EHOSTUNREACH');
  if (result.type === 'broadcast') return broadcast(ip, skb, device, saddr, tos);
  if (result.type === 'local') {
    if (dev.loopback) return LOCAL;
    const source = validateSource(ip, skb, device, saddr, daddr, tos, 0);
    return typeof source === 'string' ? source : LOCAL;
  }
  if (conf.forwarding === 0) return refuse(ip, 'EHOSTUNREACH');
  if (result.type !== 'unicast') return 'IP_INVALID_DEST';
  return forward(ip, skb, device, daddr, saddr, tos, result);
}

/** A broadcast is for us; a source of 0.0.0.0 is one that asks for an address (RFC 1122 §3.2.1.3 (a)). */
function broadcast(ip: Ipv4, skb: SkBuff, device: InDevice, saddr: number, tos: number): InputRoute | string {
  if (saddr !== 0 && !device.dev.loopback) {
    const source = validateSource(ip, skb, device, saddr, 0, tos, 0);
    if (typeof source === 'string') return source;
  }
  ip.mib.rt_cache.in_brd++;
  return BROADCAST;
}

function forward(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  daddr: number,
  saddr: number,
  tos: number,
  result: FibResult,
): InputRoute | string {
  const out = ip.devices.get(result.nexthop.ifindex);
  if (out === undefined) return 'NOT_SPECIFIED';
  const source = validateSource(ip, skb, device, saddr, daddr, tos, out.dev.ifindex);
  if (typeof source === 'string') return source;
  const via = result.nexthop.via ?? 0;
  let flags = 0;
  // RFC 1812 §5.2.7.2: the source is on the link that the packet goes out on again: it could have gone straight there.
  if (out === device && source === SOURCE_ON_LINK && out.conf.send_redirects !== 0) {
    if (out.conf.shared_media !== 0 || onSubnet(out, saddr, via)) flags = IPSKB_DOREDIRECT;
  }
  const dst = new Dst('unicast', out.dev, daddr, 0, via, 0, result.route.metrics, ip.exceptions, ip);
  return { action: 'forward', flags, dst, errno: '' };
}

/** Whether two addresses are neighbours in one subnet of the device (Linux `inet_addr_onlink`). */
function onSubnet(device: InDevice, a: number, b: number): boolean {
  for (const address of device.addresses) {
    if (matches(a, address) && (b === 0 || matches(b, address))) return true;
  }
  return false;
}

function refuse(ip: Ipv4, errno: Errno): InputRoute {
  ip.mib.rt_cache.in_no_route++;
  return { action: 'refuse', flags: 0, dst: undefined, errno };
}

function deliver(flags: number): InputRoute {
  return { action: 'deliver', flags, dst: undefined, errno: '' };
}

function lookup(
  ip: Ipv4,
  skb: SkBuff,
  device: InDevice,
  daddr: number,
  saddr: number,
  tos: number,
): FibResult | Errno {
  const flow = ip.fibFlow;
  flow.daddr = daddr;
  flow.saddr = saddr;
  flow.iif = device.dev.ifindex;
  flow.oif = 0;
  flow.mark = skb.mark;
  flow.tos = tos & 0xfc;
  flow.scope = RT_SCOPE_UNIVERSE;
  flow.hash = packetHash(ip, skb, daddr, saddr);
  return ip.fib.lookup(flow);
}

/** Whether all packets between two hosts take one path. */
function byAddressesAlone(ip: Ipv4): boolean {
  return ip.sysctl.fib_multipath_hash_policy === 0;
}

/** As of a flow of our own; ports where they are here to be read. */
function packetHash(ip: Ipv4, skb: SkBuff, daddr: number, saddr: number): number {
  if (byAddressesAlone(ip)) return multipathHash(ip, saddr, daddr, 0, 0, 0);
  const { view, networkHeader, transportHeader } = skb;
  const kind = protocol(view, networkHeader);
  const hasPorts = kind === IPPROTO_TCP || kind === IPPROTO_UDP;
  if (!hasPorts || isFragment(view, networkHeader) || transportHeader + 4 > skb.tail) {
    return multipathHash(ip, saddr, daddr, kind, 0, 0);
  }
  return multipathHash(
    ip,
    saddr,
    daddr,
    kind,
    view.getUint16(transportHeader),
    view.getUint16(transportHeader + 2),
  );
}

/**
 * Where a packet of our own goes and with which source: Linux `ip_route_output_key`.
 * @module
 */
import {
  INADDR_ANY,
  INADDR_BROADCAST,
  INADDR_LOOPBACK,
  isLocalMulticast,
  isLoopback,
  isMulticast,
} from '../address.ts';
import { IPPROTO_IGMP } from '../protocol.ts';
import { findDevice } from './address-type.ts';
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
} from './constants.ts';
import { Dst, type DstType, NO_METRICS } from './dst.ts';
import { isMember } from './igmp-group.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import { multipathHash } from './multipath.ts';
import type { Errno, FibResult } from './ports.ts';
import { preferredSource, selectAddress } from './source-address.ts';

/** {@link Flow.flags}: the source need not be an address of this host (Linux `FLOWI_FLAG_ANYSRC`). */
export const FLOWI_FLAG_ANYSRC = 0x01;
/** {@link Flow.flags}: only what is on the link will do (`MSG_DONTROUTE`, Linux `RTO_ONLINK`). */
export const FLOWI_FLAG_ONLINK = 0x100;

/** What a route is wanted for (Linux `struct flowi4`). */
export interface Flow {
  /** u32; 0 = this host, filled in. */
  daddr: number;
  /** u32; 0 = to be chosen, filled in. */
  saddr: number;
  /** The device to leave by; 0 = any. */
  oif: number;
  /** Not looked at: what is asked for here leaves. */
  iif?: number;
  /** TOS octet; ECN does not take part. */
  tos: number;
  mark: number;
  protocol: number;
  /** For the choice among equal paths. */
  sport: number;
  dport: number;
  /** `FLOWI_FLAG_*`. */
  flags: number;
}

/** See `Ipv4.routeOutput`. */
export function routeOutput(ip: Ipv4, now: number, flow: Flow): Dst | Errno {
  const ports = ip.sysctl.fib_multipath_hash_policy === 0 ? 0 : (flow.sport << 16) | flow.dport;
  const cached = flow.protocol === IPPROTO_IGMP ? undefined : ip.outputRoutes.find(flow, ports);
  if (cached !== undefined) {
    flow.saddr = cached.src;
    flow.daddr = cached.daddr;
    cached.refresh(now, ip.ports.routeSysctl.min_adv_mss);
    return cached;
  }
  const { daddr, saddr } = flow;
  const dst = resolve(ip, flow);
  if (typeof dst === 'string') {
    if (dst === 'ENETUNREACH') ip.mib.Ip.OutNoRoutes++;
    return dst;
  }
  flow.saddr = dst.src;
  flow.daddr = dst.daddr;
  dst.refresh(now, ip.ports.routeSysctl.min_adv_mss);
  // What a group's route is depends on who joined, and that is no change of routes.
  if (dst.type !== 'multicast' && flow.protocol !== IPPROTO_IGMP) {
    ip.outputRoutes.keep(flow, daddr, saddr, ports, dst);
  }
  return dst;
}

function resolve(ip: Ipv4, flow: Flow): Dst | Errno {
  const { daddr, oif } = flow;
  let { saddr } = flow;
  ip.mib.rt_cache.out_slow_tot++;
  if (saddr !== 0) {
    if (isMulticast(saddr) || saddr === INADDR_BROADCAST || saddr === 0) return 'EINVAL';
    // A group or everybody, from one of our addresses: by the device that has it.
    if (oif === 0 && (isMulticast(daddr) || daddr === INADDR_BROADCAST)) {
      const device = findDevice(ip, saddr);
      return device === undefined ? 'ENETUNREACH' : onLink(ip, device, daddr, saddr, flow.protocol);
    }
    if ((flow.flags & FLOWI_FLAG_ANYSRC) === 0 && findDevice(ip, saddr) === undefined) return 'ENETUNREACH';
  }
  let device: InDevice | undefined;
  if (oif !== 0) {
    device = ip.devices.get(oif);
    if (device === undefined) return 'ENODEV';
    if (!device.dev.up) return 'ENETUNREACH';
    if (isLocalMulticast(daddr) || daddr === INADDR_BROADCAST || flow.protocol === IPPROTO_IGMP) {
      if (saddr === 0) saddr = selectAddress(ip, device, 0, RT_SCOPE_LINK);
      return onLink(ip, device, daddr, saddr, flow.protocol);
    }
    if (saddr === 0 && isMulticast(daddr)) saddr = selectAddress(ip, device, 0, scopeOf(flow));
    else if (saddr === 0 && daddr === 0) saddr = selectAddress(ip, device, 0, RT_SCOPE_HOST);
  }
  if (daddr === INADDR_ANY) return toSelf(ip, saddr);
  const result = lookup(ip, flow, saddr);
  if (typeof result === 'string') {
    if (device === undefined) return result;
    // Somebody named the device: the destination is taken to be on its link, whatever the tables say.
    if (saddr === 0) saddr = selectAddress(ip, device, 0, RT_SCOPE_LINK);
    return onLink(ip, device, daddr, saddr, flow.protocol);
  }
  if (result.type === 'local') return toLocal(ip, daddr, saddr, result);
  if (saddr === 0) saddr = preferredSource(ip, result);
  const out = ip.devices.get(result.nexthop.ifindex);
  if (out === undefined) return 'ENETUNREACH';
  return make(
    ip,
    out,
    daddr,
    saddr,
    flow.protocol,
    result.type === 'broadcast' ? 'broadcast' : 'unicast',
    result,
  );
}

function lookup(ip: Ipv4, flow: Flow, saddr: number): FibResult | Errno {
  const query = ip.fibFlow;
  query.daddr = flow.daddr;
  query.saddr = saddr === 0 ? undefined : saddr;
  query.iif = ip.loopback?.ifindex ?? 0;
  query.oif = flow.oif;
  query.mark = flow.mark;
  query.tos = flow.tos & 0xfc;
  query.scope = scopeOf(flow);
  query.hash = multipathHash(ip, saddr, flow.daddr, flow.protocol, flow.sport, flow.dport);
  return ip.fib.lookup(query);
}

function scopeOf(flow: Flow): number {
  return (flow.flags & FLOWI_FLAG_ONLINK) !== 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** To nobody in particular means to ourselves (BSD). */
function toSelf(ip: Ipv4, saddr: number): Dst | Errno {
  const device = ip.loopback === undefined ? undefined : ip.devices.get(ip.loopback.ifindex);
  if (device === undefined) return 'ENETUNREACH';
  const address = saddr === 0 ? INADDR_LOOPBACK : saddr;
  return make(ip, device, address, address, 0, 'local', undefined);
}

function toLocal(ip: Ipv4, daddr: number, saddr: number, result: FibResult): Dst | Errno {
  const device = ip.loopback === undefined ? undefined : ip.devices.get(ip.loopback.ifindex);
  if (device === undefined) return 'ENETUNREACH';
  const source = saddr !== 0 ? saddr : (result.route.prefsrc ?? daddr) || daddr;
  return make(ip, device, daddr, source, 0, 'local', result);
}

function onLink(ip: Ipv4, device: InDevice, daddr: number, saddr: number, protocol: number): Dst | Errno {
  return make(ip, device, daddr, saddr, protocol, 'unicast', undefined);
}

function make(
  ip: Ipv4,
  device: InDevice,
  daddr: number,
  saddr: number,
  protocol: number,
  found: DstType,
  result: FibResult | undefined,
): Dst | Errno {
  const { dev } = device;
  // RFC 1122 §3.2.1.3 (g): 127.0.0.0/8 never leaves the host.
  if (isLoopback(saddr) && !dev.loopback && device.conf.route_localnet === 0) return 'EINVAL';
  if (daddr === 0) return 'EINVAL';
  let type = found;
  if (daddr === INADDR_BROADCAST) type = 'broadcast';
  else if (isMulticast(daddr)) type = 'multicast';
  let flags = dev.loopback || type === 'local' ? RTCF_LOCAL : 0;
  let via = type === 'local' ? undefined : result?.nexthop.via;
  let metrics = result?.route.metrics ?? NO_METRICS;
  if (type === 'broadcast') {
    flags |= RTCF_BROADCAST | RTCF_LOCAL;
    via = undefined;
    metrics = NO_METRICS;
  } else if (type === 'multicast') {
    ip.mib.rt_cache.out_slow_mc++;
    flags |= RTCF_MULTICAST;
    if (isMember(device, daddr, saddr, protocol)) flags |= RTCF_LOCAL;
    // A group is on every link: the default route names the device, not a gateway.
    if (result !== undefined && result.prefixLength < 4) {
      via = undefined;
      metrics = NO_METRICS;
    }
  }
  return new Dst(type, dev, daddr, saddr, via ?? 0, flags, metrics, ip.exceptions, ip);
}

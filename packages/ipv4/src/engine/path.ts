/**
 * What ICMP teaches about a path: its MTU (RFC 1191 §6.3) and a better first hop (RFC 1122 §3.2.2.2).
 * @module
 */
import { INADDR_BROADCAST, isMulticast } from '../address.ts';
import { addressType } from './address-type.ts';
import { RT_SCOPE_UNIVERSE } from './constants.ts';
import type { Dst } from './dst.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { FibResult, Quote } from './ports.ts';
import { matches } from './source-address.ts';

const SECOND = 1_000_000;
/** How long a redirect holds, µs: Linux's `route.gc_timeout`. */
const REDIRECT_TIMEOUT = 300 * SECOND;

/** See `Ipv4.updatePmtu`. */
export function updatePmtu(ip: Ipv4, now: number, dst: Dst, told: number): void {
  if (dst.mtuLocked(now)) return;
  const current = dst.mtu(now);
  if (told > current) return;
  const { min_pmtu, mtu_expires } = ip.ports.routeSysctl;
  const lifetime = mtu_expires * SECOND;
  const locked = told < min_pmtu;
  const mtu = locked ? Math.min(current, min_pmtu) : told;
  const known = ip.exceptions.find(dst.daddr, dst.dev.ifindex, dst.routeGateway);
  // Told again and far from its end: nothing new, and nothing to invalidate.
  if (known !== undefined && known.pmtu === mtu && !locked && now < known.expires - lifetime / 2) return;
  const entry = ip.exceptions.renew(dst.daddr, dst.dev.ifindex, dst.routeGateway);
  entry.pmtu = mtu;
  entry.locked = locked;
  entry.expires = now + lifetime;
  dst.refresh(now, ip.ports.routeSysctl.min_adv_mss); // whoever holds the route tells the new MSS
}

/** See `Ipv4.quotePmtu`. */
export function quotePmtu(ip: Ipv4, now: number, quote: Quote): void {
  const dst = ip.routeOutput(now, {
    daddr: quote.daddr,
    saddr: quote.saddr,
    oif: 0,
    tos: 0,
    mark: 0,
    protocol: quote.protocol,
    sport: 0,
    dport: 0,
    flags: 0,
  });
  if (typeof dst !== 'string') updatePmtu(ip, now, dst, quote.info);
}

/** See `Ipv4.redirect`. */
export function redirect(
  ip: Ipv4,
  now: number,
  ifindex: number,
  daddr: number,
  oldGateway: number,
  newGateway: number,
): void {
  const device = ip.devices.get(ifindex);
  if (device === undefined || newGateway === oldGateway || !believable(ip, device, oldGateway, newGateway))
    return;
  const result = lookup(ip, daddr, device);
  if (result === undefined || result.nexthop.ifindex !== ifindex) return;
  const gateway = result.nexthop.via ?? 0;
  const known = ip.exceptions.find(daddr, ifindex, gateway);
  const current = known !== undefined && known.gateway !== 0 ? known.gateway : gateway;
  // RFC 1122 §3.2.2.2: only the current first hop may say so.
  if (current === 0 || current !== oldGateway) return;
  const entry = ip.exceptions.renew(daddr, ifindex, gateway);
  entry.gateway = newGateway;
  entry.expires = now + REDIRECT_TIMEOUT;
}

/** Whether the new gateway can be one: on our link, and nobody special. */
function believable(ip: Ipv4, device: InDevice, oldGateway: number, newGateway: number): boolean {
  const { conf } = device;
  if (conf.accept_redirects === 0) return false;
  if (isMulticast(newGateway) || newGateway === INADDR_BROADCAST || newGateway === 0) return false;
  if (conf.shared_media !== 0) return addressType(ip, newGateway) === 'unicast';
  const neighbours = device.addresses.some((one) => matches(newGateway, one) && matches(oldGateway, one));
  if (!neighbours) return false;
  return conf.secure_redirects === 0 || isDefaultGateway(ip, device, newGateway);
}

/** Whether a default route names it (Linux `ip_fib_check_default`). */
function isDefaultGateway(ip: Ipv4, device: InDevice, gateway: number): boolean {
  const result = lookup(ip, 0xc000_0201, device); // 192.0.2.1 is nobody: only a default route leads there
  if (result === undefined || result.prefixLength !== 0) return false;
  const { nexthops } = result.route;
  if (nexthops === undefined) return result.nexthop.via === gateway;
  return nexthops.some((one) => one.via === gateway && one.ifindex === device.dev.ifindex);
}

function lookup(ip: Ipv4, daddr: number, device: InDevice): FibResult | undefined {
  const flow = ip.fibFlow;
  flow.daddr = daddr;
  flow.saddr = undefined;
  flow.iif = ip.loopback?.ifindex ?? 0;
  flow.oif = device.dev.ifindex;
  flow.mark = 0;
  flow.tos = 0;
  flow.scope = RT_SCOPE_UNIVERSE;
  flow.hash = 0;
  const result = ip.fib.lookup(flow);
  return typeof result === 'string' ? undefined : result;
}

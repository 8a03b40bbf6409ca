/**
 * Which of our addresses a packet leaves with when nobody said: RFC 1122 §3.3.4.3, as Linux `inet_select_addr` chooses.
 * @module
 */
import { RT_SCOPE_HOST, RT_SCOPE_LINK } from './constants.ts';
import type { IfAddress, InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { FibResult } from './ports.ts';

/** Whether `address` is in the subnet of an interface address. */
export function matches(address: number, of: IfAddress): boolean {
  return ((address ^ of.address) & of.mask) === 0;
}

/**
 * A primary address of the device, one in the subnet of `daddr` before others, whose scope is `scope` or wider; else the first of such
 * a scope on any other device, link scope excepted. 0 = none.
 */
export function selectAddress(ip: Ipv4, device: InDevice | undefined, daddr: number, scope: number): number {
  if (device !== undefined) {
    // route_localnet lets 127.0.0.0/8 count as an address of the link.
    const widest = device.conf.route_localnet !== 0 ? RT_SCOPE_LINK : RT_SCOPE_HOST;
    let first = 0;
    for (let i = 0; i < device.addresses.length; i++) {
      const address = device.addresses[i] as IfAddress;
      if ((address.flags & 1) !== 0 || Math.min(address.scope, widest) > scope) continue;
      if (daddr === 0 || matches(daddr, address)) return address.local;
      if (first === 0) first = address.local;
    }
    if (first !== 0) return first;
  }
  for (const other of ip.devices.values()) {
    if (other === device) continue;
    for (let i = 0; i < other.addresses.length; i++) {
      const address = other.addresses[i] as IfAddress;
      if ((address.flags & 1) === 0 && address.scope !== RT_SCOPE_LINK && address.scope <= scope) {
        return address.local;
      }
    }
  }
  return 0;
}

/** The source a route prefers, or the one that fits its next hop (Linux `fib_result_prefsrc`). */
export function preferredSource(ip: Ipv4, result: FibResult): number {
  const { prefsrc } = result.route;
  if (prefsrc !== undefined && prefsrc !== 0) return prefsrc;
  return selectAddress(
    ip,
    ip.devices.get(result.nexthop.ifindex),
    result.nexthop.via ?? 0,
    result.route.scope,
  );
}

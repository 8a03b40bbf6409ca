/**
 * What an address is to this host.
 * @module
 */
import { INADDR_BROADCAST, isMulticast } from '../address.ts';
import { RT_SCOPE_UNIVERSE } from './constants.ts';
import type { DstType } from './dst.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { FibResult } from './ports.ts';

/** Linux `inet_addr_type`; with a device, `inet_dev_addr_type`: what others have is then `unicast`. */
export function addressType(ip: Ipv4, address: number, ifindex = 0): DstType {
  if (address === 0 || address === INADDR_BROADCAST) return 'broadcast';
  if (isMulticast(address)) return 'multicast';
  const result = lookup(ip, address);
  if (result === undefined) return 'unicast';
  if (result.type !== 'local' && result.type !== 'broadcast') return 'unicast';
  return ifindex === 0 || result.nexthop.ifindex === ifindex ? result.type : 'unicast';
}

/** The device that has `address`, or whose `local` route covers it, as 127.0.0.0/8 does (Linux `__ip_dev_find`). */
export function findDevice(ip: Ipv4, address: number): InDevice | undefined {
  const own = ip.local.get(address)?.[0];
  if (own !== undefined) return own.device;
  const result = lookup(ip, address);
  return result?.type === 'local' ? ip.devices.get(result.nexthop.ifindex) : undefined;
}

function lookup(ip: Ipv4, address: number): FibResult | undefined {
  const flow = ip.fibFlow;
  flow.daddr = address;
  flow.saddr = undefined;
  flow.iif = ip.loopback?.ifindex ?? 0;
  flow.oif = 0;
  flow.mark = 0;
  flow.tos = 0;
  flow.scope = RT_SCOPE_UNIVERSE;
  flow.hash = 0;
  const result = ip.fib.lookup(flow);
  return typeof result === 'string' ? undefined : result;
}

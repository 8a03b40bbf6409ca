/**
 * Which of our addresses a received packet means, and which one speaks for us on its way on.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { daddr, saddr } from '../fields.ts';
import {
  CB_FLAGS,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
} from './constants.ts';
import type { Dst } from './dst.ts';
import type { Ipv4 } from './ipv4.ts';
import { preferredSource, selectAddress } from './source-address.ts';

/**
 * The source that a reply has (`ipi_spec_dst`, RFC 1122 §3.2.1.3; Linux `fib_compute_spec_dst`): the packet's destination where that is one
 * address of ours, else the address to reach its sender from. Valid while `skb.cb` is IPv4's.
 */
export function specDst(ip: Ipv4, skb: SkBuff): number {
  const at = skb.networkHeader;
  const kind = (skb.cb[CB_FLAGS] as number) & (RTCF_LOCAL | RTCF_BROADCAST | RTCF_MULTICAST);
  if (kind === RTCF_LOCAL) return daddr(skb.view, at);
  return specDstOf(ip, saddr(skb.view, at), skb.ifindex, skb.tos);
}

/** {@link specDst} of a packet to a group or a broadcast address, from `source`. */
export function specDstOf(ip: Ipv4, source: number, ifindex: number, tos: number): number {
  const device = ip.devices.get(ifindex);
  if (source === 0) return selectAddress(ip, device, source, RT_SCOPE_LINK);
  const result = lookup(ip, source, 0, ifindex, 0, tos);
  return result ?? 0;
}

/** Our address on the way to `hop`, for a packet that is sent on over `dst` (Linux `ip_rt_get_source`). */
export function towards(ip: Ipv4, skb: SkBuff, dst: Dst, hop: number): number {
  const source = saddr(skb.view, skb.networkHeader);
  const found = lookup(ip, hop, source, skb.ifindex, dst.dev.ifindex, skb.tos);
  if (found !== undefined) return found;
  return selectAddress(ip, ip.devices.get(dst.dev.ifindex), dst.gateway || hop, RT_SCOPE_UNIVERSE);
}

function lookup(
  ip: Ipv4,
  to: number,
  from: number,
  iif: number,
  oif: number,
  tos: number,
): number | undefined {
  const flow = ip.fibFlow;
  flow.daddr = to;
  flow.saddr = from === 0 ? undefined : from;
  flow.iif = iif;
  flow.oif = oif;
  flow.mark = 0;
  flow.tos = tos & 0xfc;
  flow.scope = RT_SCOPE_UNIVERSE;
  flow.hash = 0;
  const result = ip.fib.lookup(flow);
  return typeof result === 'string' ? undefined : preferredSource(ip, result);
}

/**
 * A packet that has no way on: RFC 1812 §5.2.7.1; Linux `ip_error`.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { saddr } from '../fields.ts';
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP_NET_UNREACH, ICMP_PKT_FILTERED } from './constants.ts';
import type { InDevice } from './in-device.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Errno } from './ports.ts';

const MS = 1000;

/** Drops a packet that the routes refuse with `errno`; a router tells its sender, not too often. */
export function unreachable(ip: Ipv4, now: number, skb: SkBuff, device: InDevice, errno: Errno): void {
  if (device.conf.forwarding === 0) {
    // RFC 1122 §3.2.1.3: a host silently discards what is not for it.
    if (errno === 'ENETUNREACH') {
      ip.mib.IpExt.InNoRoutes++;
      ip.ports.drop(skb, 'IP_INNOROUTES');
    } else {
      ip.mib.Ip.InAddrErrors++;
      ip.ports.drop(skb, 'IP_INADDRERRORS');
    }
    return;
  }
  const code = codeOf(errno);
  if (code === undefined) {
    ip.ports.drop(skb, 'NOT_SPECIFIED');
    return;
  }
  if (errno === 'ENETUNREACH') ip.mib.IpExt.InNoRoutes++;
  if (allowed(ip, now, saddr(skb.view, skb.networkHeader))) {
    ip.ports.icmpSend(now, skb, ICMP_DEST_UNREACH, code, 0);
  }
  ip.ports.drop(skb, errno === 'ENETUNREACH' ? 'IP_INNOROUTES' : 'NOT_SPECIFIED');
}

function codeOf(errno: Errno): number | undefined {
  switch (errno) {
    case 'EHOSTUNREACH':
      return ICMP_HOST_UNREACH;
    case 'ENETUNREACH':
      return ICMP_NET_UNREACH;
    case 'EACCES':
      return ICMP_PKT_FILTERED;
    default:
      return undefined; // a blackhole
  }
}

/** A token bucket for each sender: `error_cost` a message, `error_burst` at once. */
function allowed(ip: Ipv4, now: number, source: number): boolean {
  const { error_cost, error_burst } = ip.ports.routeSysctl;
  const peer = ip.peers.get(source);
  const burst = error_burst * MS;
  peer.tokens = peer.last < 0 ? burst : Math.min(burst, peer.tokens + now - peer.last);
  peer.last = now;
  if (peer.tokens < error_cost * MS) return false;
  peer.tokens -= error_cost * MS;
  return true;
}

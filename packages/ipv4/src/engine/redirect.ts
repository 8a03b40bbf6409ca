/**
 * Telling a host that there is a shorter way: RFC 1812 §5.2.7.2, with Linux's patience (`ip_rt_send_redirect`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { daddr, saddr } from '../fields.ts';
import { ICMP_REDIR_HOST, ICMP_REDIRECT } from './constants.ts';
import type { Dst } from './dst.ts';
import type { Ipv4 } from './ipv4.ts';

const MS = 1000;

/** Sends a redirect about `skb`, which came in over the device it leaves by, unless its sender ignored too many. */
export function sendRedirect(ip: Ipv4, now: number, skb: SkBuff, dst: Dst): void {
  const { redirect_silence, redirect_number, redirect_load } = ip.ports.routeSysctl;
  const peer = ip.peers.get(saddr(skb.view, skb.networkHeader));
  if (peer.last >= 0 && now > peer.last + redirect_silence * MS) {
    peer.redirects = 0;
    peer.tokens = 0;
  }
  // It does not listen: not a word until it was silent.
  if (peer.redirects >= redirect_number) {
    peer.last = now;
    return;
  }
  if (peer.redirects > 0 && now <= peer.last + redirect_load * MS * (1 << Math.min(peer.redirects, 30)))
    return;
  ip.ports.icmpSend(
    now,
    skb,
    ICMP_REDIRECT,
    ICMP_REDIR_HOST,
    dst.gateway || daddr(skb.view, skb.networkHeader),
  );
  peer.last = now;
  peer.redirects++;
}

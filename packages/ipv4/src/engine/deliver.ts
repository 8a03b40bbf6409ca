/**
 * A packet for this host: whole again, then to raw sockets and to its protocol. Linux `ip_local_deliver`; RFC 1122 §3.2.2.1.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { headerLength, isFragment, protocol } from '../fields.ts';
import { ICMP_DEST_UNREACH, ICMP_PROT_UNREACH } from './constants.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Quote } from './ports.ts';
import { rawError, rawReceive } from './raw-input.ts';

/** Delivers a packet that is routed to this host, `data` at the IP header. */
export function localDeliver(ip: Ipv4, now: number, skb: SkBuff): void {
  if (ip.probe !== undefined) ip.probe('ip_local_deliver', skb);
  if (!isFragment(skb.view, skb.networkHeader)) {
    finish(ip, now, skb);
    return;
  }
  const whole = ip.reassembly.defrag(now, skb);
  if (whole !== undefined) finish(ip, now, whole);
}

function finish(ip: Ipv4, now: number, skb: SkBuff): void {
  const at = skb.networkHeader;
  const kind = protocol(skb.view, at);
  const raw = ip.raw.any(kind) && rawReceive(ip, skb, kind);
  const handler = ip.protocols[kind];
  if (handler === undefined) {
    if (raw) {
      ip.mib.Ip.InDelivers++;
      skb.free();
    } else {
      ip.mib.Ip.InUnknownProtos++;
      ip.ports.icmpSend(now, skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
      ip.ports.drop(skb, 'IP_NOPROTO');
    }
    return;
  }
  skb.transportHeader = skb.pull(headerLength(skb.view, at));
  ip.mib.Ip.InDelivers++;
  handler.receive(now, skb);
}

/** See `Ipv4.error`. */
export function deliverError(ip: Ipv4, now: number, quote: Quote): void {
  if (ip.raw.any(quote.protocol)) rawError(ip, now, quote);
  ip.protocols[quote.protocol]?.error?.(now, quote);
}

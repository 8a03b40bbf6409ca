/**
 * Errors in (Linux `icmp_unreach`, `icmp_redirect`): RFC 1122 §3.2.2.1 to §3.2.2.5, RFC 1191.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { gateway, HLEN, mtu, pointer } from '../fields.ts';
import { quoteLength } from '../quote.ts';
import {
  ICMP_DEST_UNREACH,
  ICMP_EXC_FRAGTIME,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  NR_ICMP_UNREACH,
} from '../types.ts';
import { errnoOf, isFatal } from './convert.ts';
import type { Icmp } from './icmp.ts';
import { plateauBelow } from './plateau.ts';

/** Bytes in an IPv4 header without options. */
const IP_HLEN = 20;
/** Bytes of transport header that RFC 792 promises. */
const TRANSPORT_MIN = 8;
/** Protocols that check a quote's numbers before they believe it: TCP, DCCP, SCTP. */
const STRICT: readonly number[] = [6, 33, 132];

/** Takes an error, `data` at its ICMP header. Why it is dropped, or `undefined`; the packet stays the caller's. */
export function unreach(now: number, icmp: Icmp, skb: SkBuff, type: number): string | undefined {
  if (icmp.probe !== undefined) icmp.probe('icmp_unreach', skb);
  if (skb.len < HLEN + IP_HLEN) return fault(icmp, 'PKT_TOO_SMALL');
  if (!skb.linearize()) return fault(icmp, 'NOMEM');
  const { view, data, tail } = skb;
  const ip = data + HLEN;
  const ihl = (view.getUint8(ip) & 0x0f) * 4;
  if (ihl < IP_HLEN) return fault(icmp, 'IP_INHDR');
  const code = view.getUint8(data + 1);
  const protocol = view.getUint8(ip + 9);
  if (isNobodys(icmp, type, code, protocol)) return undefined;
  const daddr = view.getUint32(ip + 16);
  const { options, quote } = icmp;
  const { sysctl } = options;
  // An answer to a broadcast is bogus: RFC 1122 §3.2.2. Linux takes it all the same unless told not to.
  if (
    sysctl.icmp_ignore_bogus_error_responses === 0 &&
    type !== ICMP_REDIRECT &&
    options.isBroadcast(daddr, skb.ifindex)
  )
    return undefined;
  const length = quoteLength(view, data, tail) - ihl;
  if (length < TRANSPORT_MIN) {
    icmp.mib.Icmp.InErrors++;
    return undefined;
  }
  quote.view = view;
  quote.at = ip + ihl;
  quote.length = length;
  quote.saddr = view.getUint32(ip + 12);
  quote.daddr = daddr;
  quote.protocol = protocol;
  quote.type = type;
  quote.code = code;
  quote.info = infoOf(icmp, view, data, type, code);
  quote.errno = errnoOf(type, code);
  quote.fatal = isFatal(type, code);
  quote.offender = view.getUint32(skb.networkHeader + 12);
  quote.ifindex = skb.ifindex;
  if (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED) {
    if (sysctl.ip_no_pmtu_disc !== 1) options.pmtu(now, quote);
  } else if (type === ICMP_REDIRECT) options.redirect(now, quote);
  options.error(now, quote);
  quote.clear();
  return undefined;
}

/** Whether an error that was understood is passed to nobody. */
function isNobodys(icmp: Icmp, type: number, code: number, protocol: number): boolean {
  // A datagram whose fragments got lost is not the transport's loss: it will hear of it otherwise.
  if (type === ICMP_TIME_EXCEEDED) return code === ICMP_EXC_FRAGTIME;
  if (type !== ICMP_DEST_UNREACH) return false;
  if (code > NR_ICMP_UNREACH) return true;
  if (code !== ICMP_FRAG_NEEDED) return false;
  const { ip_no_pmtu_disc } = icmp.options.sysctl;
  return ip_no_pmtu_disc === 2 || (ip_no_pmtu_disc === 3 && !STRICT.includes(protocol));
}

/** What the second word says. */
function infoOf(icmp: Icmp, view: DataView, at: number, type: number, code: number): number {
  if (type === ICMP_REDIRECT) return gateway(view, at);
  if (type === ICMP_PARAMETERPROB) return pointer(view, at);
  if (type !== ICMP_DEST_UNREACH || code !== ICMP_FRAG_NEEDED) return 0;
  if (icmp.options.sysctl.ip_no_pmtu_disc === 1) return 0;
  const told = mtu(view, at);
  // RFC 1191 §5: a router that does not tell gets the next plateau. Differs: Linux goes down to min_pmtu at once.
  return told !== 0 ? told : plateauBelow(view.getUint16(at + HLEN + 2));
}

function fault(icmp: Icmp, reason: string): string {
  icmp.mib.Icmp.InErrors++;
  return reason;
}

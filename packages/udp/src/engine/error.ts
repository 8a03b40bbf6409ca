/**
 * ICMP errors in (Linux `__udp4_lib_err`): RFC 1122 §4.1.3.3.
 * @module
 */
import { SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 } from '@stack/skbuff/sock';
import { DEST, HLEN, SOURCE } from '../fields.ts';
import type { Family, Quote } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** `IP_PMTUDISC_DONT`: path MTUs are nobody's business. */
const IP_PMTUDISC_DONT = 0;

/** See {@link Udp.error}. */
export function error(_now: number, udp: Udp, family: Family<unknown>, quote: Quote<unknown>): void {
  const { view, at, errno } = quote;
  if (quote.length < HLEN) return;
  const sport = view.getUint16(at + SOURCE);
  const dport = view.getUint16(at + DEST);
  const sk = udp.tables.lookup(family, quote.daddr, dport, quote.saddr, sport, quote.ifindex ?? 0);
  if (sk === undefined || errno === '') return;

  let hard = quote.fatal;
  if (errno === 'EMSGSIZE') {
    if (sk.inet.pmtudisc === IP_PMTUDISC_DONT) return;
    hard = true;
  }
  if (sk.inet.recverr) queue(family, sk, quote, dport);
  // Who is not connected cannot tell whom it is about, and hears of soft errors in the error queue alone.
  else if (!hard || sk.state !== 'ESTABLISHED') return;
  sk.reportError(errno);
}

/** `IP_RECVERR`: what came back, for `MSG_ERRQUEUE`. A full queue loses it, as in Linux. */
function queue(family: Family<unknown>, sk: UdpSock, quote: Quote<unknown>, dport: number): void {
  sk.queueError({
    errno: quote.errno,
    origin: family.name === 'AF_INET6' ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP,
    type: quote.type,
    code: quote.code,
    info: quote.info,
    data: 0,
    offender: quote.offender,
    address: quote.daddr,
    port: dport,
    payload: quote.payload(),
  });
}

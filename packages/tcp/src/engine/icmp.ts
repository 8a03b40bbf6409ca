/**
 * ICMP errors about our segments: RFC 9293 §3.9.2.2, RFC 5927, RFC 6069 (Linux `tcp_v4_err`).
 * @module
 */

import { SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 } from '@stack/skbuff/sock';
import { dest, seq as readSeq, source } from '../fields.ts';
import type { AoInfo } from './ao-info.ts';
import { doneWith } from './close.ts';
import { simpleRetransmit } from './loss.ts';
import { dropRequest } from './minisocks.ts';
import { syncMss } from './mss.ts';
import type { Family, Quote } from './ports.ts';
import type { RequestSock } from './request.ts';
import { CLOSE, NEW_SYN_RECV, SYN_RECV, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { revertBackoff } from './timer.ts';
import type { TimewaitSock } from './timewait.ts';

/** See {@link Tcp.error}. */
export function icmpError(now: number, tcp: Tcp, family: Family<unknown>, quote: Quote<unknown>): void {
  if (quote.length < 8) return;
  const { at, view } = quote;
  const { TcpExt } = tcp.mib;
  const entry = tcp.tables.lookup(family, quote.saddr, source(view, at), quote.daddr, dest(view, at), 0);
  if (entry === undefined) return;
  if (entry.state === TIME_WAIT) {
    if ((entry as TimewaitSock).signature?.ignoresIcmp === true && isHard(family, quote))
      TcpExt.TCPAODroppedIcmps++;
    return;
  }
  const seq = readSeq(view, at);
  if (entry.state === NEW_SYN_RECV) {
    requestError(entry as RequestSock, seq, quote);
    return;
  }
  const sk = entry as TcpSock;
  if (sk.state === CLOSE) return;
  if (sk.auth?.ao !== undefined && ignoresIcmp(sk, sk.auth.ao, quote)) return;
  // RFC 5927 §4: what is quoted must be in flight, or the message is a guess.
  const req = sk.fastopenRsk;
  const una = req === undefined ? sk.sndUna : req.sntIsn; // a SYN-ACK may be quoted
  if ((seq - una) >>> 0 > (sk.sndNxt - una) >>> 0) {
    TcpExt.OutOfWindowIcmps++;
    return;
  }
  if (quote.errno === '') return; // source quench: MUST-55, silently discarded
  if (quote.errno === 'EMSGSIZE') {
    mtuReduced(now, sk, quote.info);
    return;
  }
  // MUST-54, SHLD-26: net and host unreachable are soft; and they say that the path, not the load, is the trouble.
  if (req === undefined && isPathTrouble(family, quote)) revertBackoff(now, sk, seq);
  const opening = sk.state === SYN_SENT || sk.state === SYN_RECV;
  if (opening && req?.accepted !== true) {
    // Without a connection to lose every error is hard. Linux: `connect` fails at once, where RFC 9293 would retry a soft one.
    queueQuote(sk, quote);
    sk.err = quote.errno;
    doneWith(now, sk);
    return;
  }
  if (sk.inet.recverr) {
    sk.reportError(quote.errno);
    return;
  }
  // RFC 5927 §5: no ICMP message ends an established connection; it explains a timeout.
  sk.errSoft = quote.errno;
}

/** RFC 6069 §3: net and host unreachable, by their codes; a TTL that ran out is reported alike and is none of them. */
function isPathTrouble(family: Family<unknown>, { type, code }: Quote<unknown>): boolean {
  return family.name === 'AF_INET6' ? type === 1 && code === 0 : type === 3 && code <= 1;
}

/**
 * RFC 5925 §7.8: who signs its segments is not to be talked out of its connection by ICMP, which nobody signs, unless it was told
 * to be.
 */
function ignoresIcmp({ family, state, tcp }: TcpSock, info: AoInfo, quote: Quote<unknown>): boolean {
  if (info.acceptIcmps || state === SYN_SENT || state === SYN_RECV || !isHard(family, quote)) return false;
  tcp.mib.TcpExt.TCPAODroppedIcmps++;
  info.pktDroppedIcmp++;
  return true;
}

/** Unreachable: protocol, port, and what had to be fragmented; in IPv6 administratively prohibited, and port. */
function isHard(family: Family<unknown>, { code, type }: Quote<unknown>): boolean {
  if (family.name === 'AF_INET6') return type === 1 && (code === 1 || code === 4);
  return type === 3 && code >= 2 && code <= 4;
}

/** A request whose SYN-ACK does not get through is forgotten. */
function requestError(req: RequestSock, seq: number, quote: Quote<unknown>): void {
  const sk = req.listener;
  if (seq !== req.sntIsn) {
    sk.tcp.mib.TcpExt.OutOfWindowIcmps++;
    return;
  }
  const hopeless =
    quote.errno === 'EPROTO' || quote.errno === 'ENETUNREACH' || quote.errno === 'EHOSTUNREACH';
  if (!hopeless) return;
  dropRequest(req);
  sk.drops++;
  sk.tcp.mib.TcpExt.ListenDrops++;
}

/** `IP_PMTUDISC_DONT`, `_INTERFACE` and `_OMIT` make a socket deaf to path MTU messages. */
function believesPmtu(pmtudisc: number): boolean {
  return pmtudisc !== 0 && pmtudisc < 4;
}

/** RFC 1191, RFC 8201 as RFC 9293 MUST-54 asks: smaller segments at once, and again what was too large. */
function mtuReduced(now: number, sk: TcpSock, info: number): void {
  const { dst } = sk;
  if (dst === undefined || !believesPmtu(sk.inet.pmtudisc)) return;
  sk.family.updatePmtu?.(now, dst, info);
  const mtu = dst.mtu(now);
  if (info < mtu) sk.errSoft = 'EMSGSIZE';
  if (sk.pmtuCookie <= mtu) return;
  syncMss(sk, mtu);
  simpleRetransmit(now, sk);
}

/** The details for `recvmsg(MSG_ERRQUEUE)`, asked for or not: Linux tells them of a `connect` that failed, and of nothing else. */
function queueQuote(sk: TcpSock, quote: Quote<unknown>): void {
  sk.queueError({
    errno: quote.errno,
    origin: sk.family.name === 'AF_INET6' ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP,
    type: quote.type,
    code: quote.code,
    info: quote.info,
    data: 0,
    offender: quote.offender,
    address: quote.daddr,
    port: dest(quote.view, quote.at),
    payload: quote.payload(),
  });
}

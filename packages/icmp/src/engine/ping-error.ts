/**
 * Errors of ping sockets (Linux `ping_err`, `ip_recv_error`).
 * @module
 */
import { SO_EE_ORIGIN_ICMP } from '@stack/skbuff/sock';
import { ICMP_ECHO } from '../types.ts';
import { type Message, MSG_ERRQUEUE, MSG_TRUNC } from './message.ts';
import type { Ping } from './ping.ts';
import type { PingSock } from './ping-sock.ts';
import type { Errno, Quote } from './ports.ts';

/** `IP_PMTUDISC_DONT`: path MTUs are nobody's business. */
const IP_PMTUDISC_DONT = 0;

/** An error about an ICMP message of ours: tells the ping socket that sent it, if one did. */
export function pingError(ping: Ping, quote: Quote): void {
  const { view, at, errno } = quote;
  if (view.getUint8(at) !== ICMP_ECHO || errno === '') return;
  const sk = ping.lookup(view.getUint16(at + 4), quote.saddr, quote.ifindex);
  if (sk === undefined) return;
  if (errno === 'EMSGSIZE' && sk.inet.pmtudisc === IP_PMTUDISC_DONT) return;
  const hard = errno === 'EMSGSIZE' || quote.fatal;
  if (sk.inet.recverr) {
    sk.queueError({
      errno,
      origin: SO_EE_ORIGIN_ICMP,
      type: quote.type,
      code: quote.code,
      info: quote.info,
      data: 0,
      offender: quote.offender,
      address: quote.daddr,
      port: 0,
      payload: quote.payload(),
    });
  } else if (!hard || sk.state !== 'ESTABLISHED') return;
  sk.reportError(errno);
}

/** The oldest entry of the error queue. EAGAIN. */
export function recvError(
  sk: PingSock,
  into: Uint8Array,
  offset: number,
  length: number,
  message: Message | undefined,
): number | Errno {
  const error = sk.shiftError();
  if (error === undefined) return 'EAGAIN';
  const { payload } = error;
  const copied = Math.min(length, payload.length);
  into.set(payload.subarray(0, copied), offset);
  const next = sk.errorQueue?.[0];
  if (next !== undefined) sk.reportError(next.errno);
  else sk.err = '';
  if (message === undefined) return copied;
  message.address = error.address as number;
  message.port = 0;
  message.flags = MSG_ERRQUEUE | (copied < payload.length ? MSG_TRUNC : 0);
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  message.mark = -1;
  message.tstamp = 0;
  message.error = error as NonNullable<Message['error']>;
  return copied;
}

/**
 * Receiving (Linux `udp_recvmsg`, `ip_recv_error`).
 * @module
 */
import { requireRange, type SkBuff } from '@stack/skbuff';
import { RCV_SHUTDOWN, SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 } from '@stack/skbuff/sock';
import { DEST, SOURCE } from '../fields.ts';
import { type Message, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC } from './message.ts';
import type { Errno } from './ports.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** See {@link Udp.recvmsg}. */
export function recvmsg(
  _now: number,
  udp: Udp,
  sk: UdpSock,
  into: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  message: Message | undefined,
): number | Errno {
  requireRange('udp', 'offset', offset, into.length);
  requireRange('udp', 'length', length, into.length - offset);
  if ((flags & MSG_ERRQUEUE) !== 0) return recvError(sk, into, offset, length, message);
  const peeking = (flags & MSG_PEEK) !== 0;
  const error = sk.takeError();
  if (error !== '') return error;
  let skip = peeking && sk.peekOff > 0 ? sk.peekOff : 0;
  const skb = skip > 0 ? skipTo(sk, skip) : sk.receiveQueue.first;
  if (skb === undefined) return nothing(sk, flags);
  if (skip > 0) skip -= bytesBefore(sk, skb);
  const rest = skb.len - skip;
  const copied = Math.min(length, rest);
  skb.copyBits(skip, into, offset, copied);
  const result = (flags & MSG_TRUNC) !== 0 ? skb.len : copied;
  if (message !== undefined) describe(sk, skb, message, copied < rest ? MSG_TRUNC : 0);
  if (peeking) {
    if (sk.peekOff >= 0) sk.peekOff += copied;
    return result;
  }
  if (sk.peekOff > 0) sk.peekOff = Math.max(0, sk.peekOff - skb.len);
  udp.mib.Udp.InDatagrams++;
  sk.receiveQueue.remove(skb);
  skb.free();
  return result;
}

/** See {@link Udp.recvSkb}. */
export function recvSkb(_now: number, udp: Udp, sk: UdpSock, message: Message | undefined): SkBuff | Errno {
  const error = sk.takeError();
  if (error !== '') return error;
  const skb = sk.receiveQueue.shift();
  if (skb === undefined) return 'EAGAIN';
  if (message !== undefined) describe(sk, skb, message, 0);
  if (sk.peekOff > 0) sk.peekOff = Math.max(0, sk.peekOff - skb.len);
  udp.mib.Udp.InDatagrams++;
  skb.orphan();
  return skb;
}

/** What an empty queue gives: the end where no more is to come, unless the caller would not have waited for it. */
function nothing(sk: UdpSock, flags: number): number | Errno {
  return (sk.shutdown & RCV_SHUTDOWN) !== 0 && (flags & MSG_DONTWAIT) === 0 ? 0 : 'EAGAIN';
}

/** The datagram that holds byte `offset` of the queue (`SO_PEEK_OFF`). */
function skipTo(sk: UdpSock, offset: number): SkBuff | undefined {
  let left = offset;
  for (let skb = sk.receiveQueue.first; skb !== undefined; skb = skb.next) {
    if (left < skb.len) return skb;
    left -= skb.len;
  }
  return undefined;
}

function bytesBefore(sk: UdpSock, end: SkBuff): number {
  let bytes = 0;
  for (let skb = sk.receiveQueue.first; skb !== undefined && skb !== end; skb = skb.next) bytes += skb.len;
  return bytes;
}

/** Fills in a message for a datagram, `data` behind its header. */
function describe(sk: UdpSock, skb: SkBuff, message: Message, flags: number): void {
  const { family } = sk;
  message.address = family.saddr(skb);
  message.port = skb.view.getUint16(skb.transportHeader + SOURCE);
  message.flags = flags;
  message.source = sk.inet.pktinfo ? family.specDst(skb) : undefined;
  message.ifindex = skb.ifindex;
  message.ttl = skb.ttl;
  message.tos = skb.tos;
  message.mark = -1;
  message.gsoSize = skb.gsoSize;
  message.tstamp = skb.tstamp;
  message.destination = family.daddr(skb);
  message.destinationPort = skb.view.getUint16(skb.transportHeader + DEST);
  message.error = undefined;
}

/** The oldest entry of the error queue: the payload of what went wrong, and what did. */
function recvError(
  sk: UdpSock,
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
  nextError(sk, error.origin);
  if (message === undefined) return copied;
  message.address = error.address;
  message.port = error.port;
  message.flags = MSG_ERRQUEUE | (copied < payload.length ? MSG_TRUNC : 0);
  message.source = undefined;
  message.ifindex = 0;
  message.ttl = -1;
  message.tos = -1;
  message.mark = -1;
  message.gsoSize = 0;
  message.tstamp = 0;
  message.destination = undefined;
  message.destinationPort = 0;
  message.error = error as NonNullable<Message['error']>;
  return copied;
}

/** The pending error is that of the ICMP message next in the queue, if there is one (Linux `sock_dequeue_err_skb`). */
function nextError(sk: UdpSock, taken: number): void {
  const next = sk.errorQueue?.[0];
  if (next !== undefined && isIcmp(next.origin)) sk.reportError(next.errno);
  else if (isIcmp(taken)) sk.err = '';
}

function isIcmp(origin: number): boolean {
  return origin === SO_EE_ORIGIN_ICMP || origin === SO_EE_ORIGIN_ICMP6;
}

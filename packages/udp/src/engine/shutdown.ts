/**
 * The end of a socket, and what `poll(2)` says of one.
 * @module
 */
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
} from '@stack/skbuff/sock';
import { releasePort } from './bind.ts';
import { setGro } from './gro.ts';
import type { Errno } from './ports.ts';
import { abandon } from './sendmsg.ts';
import type { Udp } from './udp.ts';
import type { UdpSock } from './udp-sock.ts';

/** See {@link Udp.shutdown}. */
export function shutdown(sk: UdpSock, how: number): Errno | undefined {
  if (how < 1 || how > SHUTDOWN_MASK) return 'EINVAL';
  sk.shutdown |= how;
  sk.wake?.(sk, POLLIN | POLLOUT | POLLHUP);
  // Linux: who has no peer is told so, and shut down all the same, so that other threads wake up.
  return sk.state === 'CLOSE' ? 'ENOTCONN' : undefined;
}

/** See {@link Udp.close}. */
export function close(udp: Udp, sk: UdpSock): void {
  if (sk.closed) return;
  sk.closed = true;
  sk.wake = undefined;
  sk.shutdown = SHUTDOWN_MASK;
  if (sk.cork !== undefined) abandon(sk, sk.cork);
  if (sk.num !== 0) releasePort(udp, sk);
  setGro(udp, sk, false);
  sk.state = 'CLOSE';
  sk.dst = undefined;
  sk.purgeQueues();
  if (--udp.open === 0) udp.frag.release();
}

/** See {@link Udp.poll}. */
export function poll(sk: UdpSock): number {
  let events = 0;
  if (sk.err !== '' || (sk.errorQueue !== undefined && sk.errorQueue.length > 0)) events |= POLLERR;
  if ((sk.shutdown & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP | POLLIN;
  if (sk.shutdown === SHUTDOWN_MASK) events |= POLLHUP;
  if (sk.receiveQueue.first !== undefined) events |= POLLIN;
  if (sk.wmemAlloc * 2 < sk.sndbuf) events |= POLLOUT;
  return events;
}

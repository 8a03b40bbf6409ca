/**
 * `poll(2)`: what a socket is ready for.
 * @module
 */
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, SHUTDOWN_MASK } from '@stack/skbuff/sock';
import { underPressure } from './memory.ts';
import { notSentBytes } from './send-queue.ts';
import { CLOSE, LISTEN, SYN_RECV, SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { TCP_URG_VALID } from './urgent.ts';
import { receiveWindow } from './window.ts';

/** Whether `target` bytes can be read, or waiting for them would be in vain. */
export function isReadable(sk: TcpSock, target: number): boolean {
  const available = (sk.rcvNxt - sk.copiedSeq) | 0;
  if (available <= 0) return false;
  return available >= target || underPressure(sk.tcp) || receiveWindow(sk) <= sk.rcvMss;
}

/** Whether a segment may be queued. `wake`: asked by who waits, so a little more must be free. */
export function isMemoryFree(sk: TcpSock, wake: 0 | 1): boolean {
  if (sk.wmemQueued >= sk.sndbuf) return false;
  const lowat = sk.notsentLowat !== 0 ? sk.notsentLowat : sk.tcp.sysctl.tcp_notsent_lowat;
  return lowat >= 0xffff_ffff || notSentBytes(sk) * (1 + wake) < lowat;
}

/** Whether `send` would take something: a third of the buffer is free. */
export function isWriteable(sk: TcpSock): boolean {
  return sk.sndbuf - sk.wmemQueued >= sk.wmemQueued >> 1 && isMemoryFree(sk, 1);
}

/** `POLL*` bits. Where POLLOUT is not among them, the socket will be woken for it. */
export function pollMask(sk: TcpSock): number {
  const { state } = sk;
  if (state === LISTEN) return sk.listener?.acceptFirst === undefined ? 0 : POLLIN;
  let mask = 0;
  if (sk.shutdown === SHUTDOWN_MASK || state === CLOSE) mask |= POLLHUP;
  if ((sk.shutdown & 1) !== 0) mask |= POLLIN | POLLRDHUP;
  if (state !== SYN_SENT && (state !== SYN_RECV || sk.fastopenRsk !== undefined)) {
    const urgentNext = sk.urgData !== 0 && sk.urgSeq === sk.copiedSeq && !sk.oobInline;
    if (isReadable(sk, urgentNext ? sk.rcvlowat + 1 : sk.rcvlowat)) mask |= POLLIN;
    if ((sk.shutdown & 2) !== 0 || isWriteable(sk)) mask |= POLLOUT;
    else sk.noSpace = true;
    if ((sk.urgData & TCP_URG_VALID) !== 0) mask |= POLLPRI;
  } else if (sk.deferConnect) mask |= POLLOUT; // what is written opens it
  if (sk.err !== '' || (sk.errorQueue !== undefined && sk.errorQueue.length > 0)) mask |= POLLERR;
  return mask;
}

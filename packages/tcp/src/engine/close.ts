/**
 * How a connection ends: RFC 9293 §3.6, with an application that is gone or not.
 * @module
 */
import { POLLERR, POLLIN, POLLOUT, SHUTDOWN_MASK } from '@stack/skbuff/sock';
import { FIN } from '../flags.ts';
import { endSeqOf, flagsOf } from './cb.ts';
import { judgeAtEnd } from './fastopen-blackhole.ts';
import { releaseAll } from './memory.ts';
import { stopListening } from './minisocks.ts';
import { purgeOfo } from './ofo.ts';
import { oom } from './orphan.ts';
import { sendFin } from './output.ts';
import { pollMask } from './poll.ts';
import type { Errno } from './ports.ts';
import { isRepairing } from './repair.ts';
import { makeUsable } from './reuse.ts';
import { purgeSendQueues } from './send-queue.ts';
import {
  CLOSE,
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT1,
  FIN_WAIT2,
  LAST_ACK,
  LISTEN,
  SYN_RECV,
  SYN_SENT,
  setState,
} from './state.ts';
import type { TcpSock } from './tcb.ts';
import { armKeepalive, clearTimers } from './timer.ts';
import { finTime, TCP_TIMEWAIT_LEN, timeWait } from './timewait.ts';
import { sendActiveReset } from './transmit.ts';

/** Wakes whoever waits for anything on the socket. */
export function stateChanged(sk: TcpSock): void {
  if (sk.wake !== undefined) sk.wake(sk, pollMask(sk) | POLLIN | (sk.state === CLOSE ? POLLOUT : 0));
}

/** See {@link Tcp.close}. */
export function closeSocket(now: number, sk: TcpSock): void {
  const { TcpExt } = sk.tcp.mib;
  if (sk.destroyed) return;
  sk.shutdown = SHUTDOWN_MASK;
  sk.wake = undefined;
  if (sk.state === LISTEN) {
    setState(sk, CLOSE);
    stopListening(now, sk);
  } else if (isRepairing(sk)) disconnectSocket(now, sk);
  else if (takeUnread(sk) && sk.state !== CLOSE) {
    // RFC 2525 §2.17, RFC 9293 MAY-1: data the application never read is lost, and the peer must know.
    TcpExt.TCPAbortOnClose++;
    setState(sk, CLOSE);
    sendActiveReset(now, sk);
  } else if (sk.linger === 0 && sk.state !== CLOSE) {
    disconnectSocket(now, sk);
    TcpExt.TCPAbortOnData++;
  } else if (closeState(sk)) sendFin(now, sk);
  adjudge(now, sk);
}

/** Frees what waits to be read. Whether the application missed any of it. */
function takeUnread(sk: TcpSock): boolean {
  let unread = false;
  for (let skb = sk.receiveQueue.shift(); skb !== undefined; skb = sk.receiveQueue.shift()) {
    const end = endSeqOf(skb) - ((flagsOf(skb) & FIN) !== 0 ? 1 : 0);
    if (((end - sk.copiedSeq) | 0) > 0) unread = true;
    skb.free();
  }
  return unread;
}

/** The socket has no owner any more: what becomes of it. */
function adjudge(now: number, sk: TcpSock): void {
  const { tcp } = sk;
  const { TcpExt } = tcp.mib;
  sk.orphaned = true;
  countOrphan(sk);
  if (sk.state === FIN_WAIT2) {
    if (sk.linger2 < 0) {
      setState(sk, CLOSE);
      sendActiveReset(now, sk);
      TcpExt.TCPAbortOnLinger++;
    } else {
      const wait = finTime(sk);
      if (wait <= TCP_TIMEWAIT_LEN) {
        timeWait(now, sk, FIN_WAIT2, wait);
        return;
      }
      armKeepalive(sk, now + wait - TCP_TIMEWAIT_LEN);
    }
  }
  if (sk.state !== CLOSE && oom(sk, 0)) {
    setState(sk, CLOSE);
    sendActiveReset(now, sk);
    TcpExt.TCPAbortOnMemory++;
  }
  if (sk.state === CLOSE) destroySocket(now, sk);
}

/** The state that a close on this side leads to. Whether a FIN is due. */
function closeState(sk: TcpSock): boolean {
  switch (sk.state) {
    case ESTABLISHED:
    case SYN_RECV:
      setState(sk, FIN_WAIT1);
      return true;
    case CLOSE_WAIT:
      setState(sk, LAST_ACK);
      return true;
    case SYN_SENT:
      setState(sk, CLOSE);
      clearTimers(sk);
      return false;
    default:
      return false;
  }
}

/** See {@link Tcp.shutdown}. */
export function shutdownSocket(now: number, sk: TcpSock, how: number): Errno | undefined {
  if (!(how >= 1 && how <= SHUTDOWN_MASK)) return 'EINVAL';
  if (sk.state === SYN_SENT || (sk.state === LISTEN && (how & 1) !== 0)) {
    disconnectSocket(now, sk);
    if (sk.wake !== undefined) stateChanged(sk);
    return undefined;
  }
  if (sk.state === LISTEN) return undefined;
  const closed = sk.state === CLOSE;
  sk.shutdown |= how;
  if ((how & 2) !== 0) shutdownWrite(now, sk);
  stateChanged(sk);
  return closed ? 'ENOTCONN' : undefined;
}

/** Sends the FIN of a half-close. */
export function shutdownWrite(now: number, sk: TcpSock): void {
  const { state } = sk;
  if (state !== ESTABLISHED && state !== CLOSE_WAIT) return;
  if (closeState(sk)) sendFin(now, sk);
}

/** See {@link Tcp.disconnect}. */
export function disconnectSocket(now: number, sk: TcpSock): Errno | undefined {
  const { state } = sk;
  if (state !== CLOSE) setState(sk, CLOSE);
  if (state === LISTEN) stopListening(now, sk);
  else if (isRepairing(sk)) sk.err = 'ECONNABORTED';
  else if (needsReset(sk, state)) {
    sendActiveReset(now, sk);
    sk.err = 'ECONNRESET';
  } else if (state === SYN_SENT) sk.err = 'ECONNRESET';
  clearTimers(sk);
  sk.receiveQueue.purge();
  purgeOfo(sk);
  purgeSendQueues(sk);
  makeUsable(sk);
  if (sk.err !== '') sk.wake?.(sk, POLLERR);
  return undefined;
}

/** RFC 9293 §3.10.5: these states are aborted with a RST; and where a FIN waits behind data. */
function needsReset(sk: TcpSock, state: number): boolean {
  switch (state) {
    case ESTABLISHED:
    case CLOSE_WAIT:
    case FIN_WAIT1:
    case FIN_WAIT2:
    case SYN_RECV:
      return true;
    case CLOSING:
    case LAST_ACK:
      return sk.sndNxt !== sk.writeSeq;
    default:
      return false;
  }
}

/** The connection is over (Linux `tcp_done`): the owner is told; without one the socket goes. */
export function doneWith(now: number, sk: TcpSock): void {
  if (sk.state === SYN_SENT || sk.state === SYN_RECV) sk.tcp.mib.Tcp.AttemptFails++;
  setState(sk, CLOSE);
  clearTimers(sk);
  sk.shutdown = SHUTDOWN_MASK;
  if (sk.orphaned) destroySocket(now, sk);
  else stateChanged(sk);
}

/** Retransmitting or probing was in vain (Linux `tcp_write_err`). */
export function writeError(now: number, sk: TcpSock): void {
  sk.err = sk.errSoft !== '' ? sk.errSoft : 'ETIMEDOUT';
  purgeSendQueues(sk);
  sk.tcp.mib.TcpExt.TCPAbortOnTimeout++;
  doneWith(now, sk);
}

/** The peer reset the connection (Linux `tcp_reset`). */
export function resetReceived(now: number, sk: TcpSock): void {
  switch (sk.state) {
    case SYN_SENT:
      sk.err = 'ECONNREFUSED';
      break;
    case CLOSE_WAIT:
      sk.err = 'EPIPE';
      break;
    case CLOSE:
      return;
    default:
      sk.err = 'ECONNRESET';
  }
  purgeSendQueues(sk);
  doneWith(now, sk);
}

function countOrphan(sk: TcpSock): void {
  if (sk.countedOrphan) return;
  sk.countedOrphan = true;
  sk.tcp.orphanCount++;
}

/** Marks a child that nobody accepted as without owner. */
export function orphanChild(sk: TcpSock): void {
  sk.orphaned = true;
  countOrphan(sk);
}

/** Nothing is left of a socket in CLOSE that has no owner (Linux `inet_csk_destroy_sock`). */
export function destroySocket(now: number, sk: TcpSock): void {
  if (sk.destroyed) return;
  const { tcp } = sk;
  sk.destroyed = true;
  clearTimers(sk);
  sk.purgeQueues();
  judgeAtEnd(now, sk);
  purgeOfo(sk);
  purgeSendQueues(sk);
  sk.caOps.release?.(sk);
  tcp.tables.release(sk);
  sk.dst = undefined;
  releaseAll(sk);
  tcp.socketsAllocated--;
  if (sk.countedOrphan) {
    sk.countedOrphan = false;
    tcp.orphanCount--;
  }
  const { onDestroy } = sk;
  sk.onDestroy = undefined;
  onDestroy?.(sk);
}

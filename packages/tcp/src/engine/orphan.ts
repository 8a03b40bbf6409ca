/**
 * Sockets that no application holds: they may be many, so they are the first to go when memory is short.
 * @module
 */
import { doneWith } from './close.ts';
import { SOCK_MIN_SNDBUF } from './memory.ts';
import { rtoMax } from './rtt.ts';
import type { TcpSock } from './tcb.ts';
import { TCP_TIMEWAIT_LEN } from './timewait.ts';
import { sendActiveReset } from './transmit.ts';

/** Whether there are too many orphans, or too little memory. `shift` doubles the count as often. */
export function oom(sk: TcpSock, shift: number): boolean {
  const { tcp } = sk;
  if (tcp.orphanCount << shift > tcp.sysctl.tcp_max_orphans) return true;
  return sk.wmemQueued > SOCK_MIN_SNDBUF && tcp.memoryAllocated > tcp.sysctl.tcp_mem[2];
}

/** Ends an orphan where {@link oom}. Its peer gets a RST if the connection was alive of late, or `reset`. True = it is gone. */
export function outOfResources(now: number, sk: TcpSock, reset: boolean): boolean {
  let shift = 0;
  if (now - sk.lsndtime > 2 * rtoMax(sk) || !reset) shift++;
  if (sk.errSoft !== '') shift++;
  if (!oom(sk, shift)) return false;
  const lively = now - sk.lsndtime <= TCP_TIMEWAIT_LEN || (sk.sndWnd === 0 && sk.packetsOut === 0);
  if (reset || lively) sendActiveReset(now, sk);
  doneWith(now, sk);
  sk.tcp.mib.TcpExt.TCPAbortOnMemory++;
  return true;
}

/**
 * `tcp_mem`: what all sockets hold, in pages of 4096 bytes, and what a socket has reserved of it (Linux `sk_forward_alloc`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';

const PAGE_SHIFT = 12;
const PAGE = 1 << PAGE_SHIFT;
/** Least send buffer a moderated socket keeps, bytes of truesize: two of the smallest packets. */
export const SOCK_MIN_SNDBUF = 4608;

/** Whether all sockets together hold more than they should. */
export function underPressure(tcp: Tcp): boolean {
  return tcp.memoryPressure;
}

/** Reserves memory for `size` more bytes to send; false where the limits forbid it. */
export function scheduleSend(sk: TcpSock, size: number): boolean {
  const missing = size - sk.forwardAlloc;
  return missing <= 0 || raise(sk, missing, true);
}

/** Reserves memory for `size` more bytes received; false where the limits forbid it. */
export function scheduleReceive(sk: TcpSock, size: number): boolean {
  const missing = size - sk.forwardAlloc;
  return missing <= 0 || raise(sk, missing, false);
}

/** Reserves memory whatever the limits say: a FIN, or the only segment of an empty queue. */
export function forceSchedule(sk: TcpSock, size: number): void {
  const missing = size - sk.forwardAlloc;
  if (missing <= 0) return;
  const pages = (missing + PAGE - 1) >> PAGE_SHIFT;
  sk.forwardAlloc += pages << PAGE_SHIFT;
  sk.tcp.memoryAllocated += pages;
}

/** Uses `size` bytes of what was reserved; what was not, is now. */
export function charge(sk: TcpSock, size: number): void {
  sk.forwardAlloc -= size;
  if (sk.forwardAlloc < 0) forceSchedule(sk, 0);
}

/** Gives `size` bytes back; whole pages go to everybody. */
export function uncharge(sk: TcpSock, size: number): void {
  const free = sk.forwardAlloc + size;
  if (free < PAGE) {
    sk.forwardAlloc = free;
    return;
  }
  sk.forwardAlloc = free & (PAGE - 1);
  const { tcp } = sk;
  tcp.memoryAllocated -= free >> PAGE_SHIFT;
  if (tcp.memoryPressure && tcp.memoryAllocated < (tcp.sysctl.tcp_mem[0] as number))
    tcp.memoryPressure = false;
}

/** Gives back all that is reserved: the socket ends. What is still in use keeps the rest of its page. */
export function releaseAll(sk: TcpSock): void {
  const pages = sk.forwardAlloc >> PAGE_SHIFT;
  sk.forwardAlloc &= PAGE - 1;
  sk.tcp.memoryAllocated -= pages;
}

/** Charges the socket for a packet in a receive queue until the packet is freed (Linux `skb_set_owner_r`). */
export function setOwnerR(sk: TcpSock, skb: SkBuff): void {
  skb.orphan();
  skb.sk = sk;
  skb.destructor = tcpRfree;
  sk.rmemAlloc += skb.truesize;
  charge(sk, skb.truesize);
}

function tcpRfree(skb: SkBuff): void {
  const sk = skb.sk as TcpSock;
  sk.rmemAlloc -= skb.truesize;
  uncharge(sk, skb.truesize);
  if (sk.destroyed) releaseAll(sk); // the application held it longer than the socket
}

function raise(sk: TcpSock, missing: number, sending: boolean): boolean {
  const { tcp } = sk;
  const limits = tcp.sysctl.tcp_mem;
  const pages = (missing + PAGE - 1) >> PAGE_SHIFT;
  const allocated = tcp.memoryAllocated + pages;
  if (allocated <= limits[0]) tcp.memoryPressure = false;
  else if (allocated > limits[1] && !tcp.memoryPressure) {
    tcp.memoryPressure = true;
    tcp.mib.TcpExt.TCPMemoryPressures++;
  }
  if (allocated > limits[0] && !granted(sk, missing, sending, allocated)) return false;
  tcp.memoryAllocated = allocated;
  sk.forwardAlloc += pages << PAGE_SHIFT;
  return true;
}

/** Who gets memory although there is little: a socket with less than its minimum, or with no more than its share. */
function granted(sk: TcpSock, size: number, sending: boolean, allocated: number): boolean {
  const { tcp } = sk;
  const limits = tcp.sysctl.tcp_mem;
  if (allocated <= limits[2]) {
    if (sending ? sk.wmemQueued < tcp.sysctl.tcp_wmem[0] : sk.rmemAlloc < tcp.sysctl.tcp_rmem[0]) return true;
    if (!tcp.memoryPressure) return true;
    const mine = (sk.wmemQueued + sk.rmemAlloc + sk.forwardAlloc + PAGE - 1) >> PAGE_SHIFT;
    if (limits[2] > tcp.socketsAllocated * mine) return true;
  }
  if (!sending) return false;
  moderateSndbuf(sk);
  // It may be given back only by being sent: who is above its buffer already goes on.
  return sk.wmemQueued + size >= sk.sndbuf;
}

/** Cuts a send buffer that nobody set to what is in use. */
function moderateSndbuf(sk: TcpSock): void {
  if ((sk.userlocks & 1) !== 0) return;
  sk.sndbuf = Math.max(Math.min(sk.sndbuf, sk.wmemQueued >> 1), SOCK_MIN_SNDBUF);
}

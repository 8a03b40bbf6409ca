/**
 * A send buffer that nobody set follows the congestion window, so that it never is what limits (Linux `tcp_sndbuf_expand`).
 * @module
 */
import { POLLOUT } from '@stack/skbuff/sock';
import { CHRONO_SNDBUF, chronoStop } from './chrono.ts';
import { packetsInFlight } from './cwnd.ts';
import { underPressure } from './memory.ts';
import { TCP_INIT_CWND } from './mss.ts';
import { isWriteable } from './poll.ts';
import type { TcpSock } from './tcb.ts';

/** What a segment costs beyond its payload: all headers, and the kernel's structures. */
const HEADERS = 320;
const SHARED_INFO = 320;
const SKB_STRUCT = 256;
/** Windows' worth: one in flight, one for the application to be late. */
const WINDOWS = 2;

/** Grows the send buffer to some windows of segments, at most `tcp_wmem[2]`. */
export function expandSndbuf(sk: TcpSock): void {
  const wanted = Math.max(sk.mssClamp, sk.mssCache) + HEADERS + SHARED_INFO;
  const cost = (1 << (32 - Math.clz32(wanted - 1))) + SKB_STRUCT; // kmalloc's powers of two
  const segments = Math.max(TCP_INIT_CWND, sk.sndCwnd, sk.reordering + 1);
  const bytes = (sk.caOps.sndbufExpand?.(sk) ?? WINDOWS) * segments * cost;
  if (sk.sndbuf < bytes) sk.sndbuf = Math.min(bytes, sk.tcp.sysctl.tcp_wmem[2]);
}

/** After an ACK: if somebody waits for room, makes more of it where that is the bottleneck, and wakes him where there is. */
export function checkSpace(now: number, sk: TcpSock): void {
  if (!sk.noSpace) return;
  if (shouldExpand(sk)) {
    expandSndbuf(sk);
    sk.sndCwndStamp = now;
  }
  sk.writeSpace();
  if (!sk.noSpace) chronoStop(now, sk, CHRONO_SNDBUF);
}

function shouldExpand(sk: TcpSock): boolean {
  const { tcp } = sk;
  if ((sk.userlocks & 1) !== 0 || underPressure(tcp)) return false;
  if (tcp.memoryAllocated >= tcp.sysctl.tcp_mem[0]) return false;
  return packetsInFlight(sk) < sk.sndCwnd;
}

/** Wakes who waits to send, where a third of the buffer is free (Linux `sk_stream_write_space`). */
export function streamWriteSpace(sk: TcpSock): void {
  if (!isWriteable(sk)) return;
  sk.noSpace = false;
  if (!sk.orphaned) sk.wake?.(sk, POLLOUT);
}

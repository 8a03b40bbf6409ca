/**
 * The urgent pointer: RFC 9293 §3.8.5, and one byte out of line as sockets have it.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { POLLPRI } from '@stack/skbuff/sock';
import { SYN, URG } from '../flags.ts';
import { endSeqOf } from './cb.ts';
import { type Message, MSG_OOB, MSG_PEEK, MSG_TRUNC } from './messages.ts';
import type { Errno } from './ports.ts';
import type { Segment } from './segment.ts';
import { CLOSE } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** {@link TcpSock.urgData}: the byte is known and was not read; it is in the low eight bits. */
export const TCP_URG_VALID = 0x0100;
/** A pointer came, the byte has not. */
export const TCP_URG_NOTYET = 0x0200;
/** It was read. */
export const TCP_URG_READ = 0x0400;

/** "Sixth, check the URG bit" of a segment whose header is still in front of `data`. */
export function processUrgent(sk: TcpSock, skb: SkBuff, seg: Segment): void {
  if ((seg.flags & URG) !== 0) checkPointer(sk, seg);
  if (sk.urgData !== TCP_URG_NOTYET) return;
  const offset = ((sk.urgSeq - seg.seq) | 0) - ((seg.flags & SYN) !== 0 ? 1 : 0);
  if (offset < 0 || offset >= seg.len) return;
  sk.urgData = TCP_URG_VALID | byteAt(skb, seg.headerLength + offset);
  sk.wake?.(sk, POLLPRI);
}

const oneByte = /* @__PURE__ */ new Uint8Array(1);

function byteAt(skb: SkBuff, offset: number): number {
  skb.copyBits(offset, oneByte, 0, 1);
  return oneByte[0] as number;
}

/** Takes in an urgent pointer, which says more than the ones before. */
function checkPointer(sk: TcpSock, seg: Segment): void {
  let pointer = seg.urgPtr;
  // RFC 6093 §4: everybody takes it for the byte behind the urgent one, whatever RFC 1122 said.
  if (pointer !== 0 && sk.tcp.sysctl.tcp_stdurg === 0) pointer--;
  const urgent = (seg.seq + pointer) | 0;
  if (((sk.copiedSeq - urgent) | 0) > 0) return; // it was read
  if (((urgent - sk.rcvNxt) | 0) < 0) return; // it passed, in line
  if (sk.urgData !== 0 && ((urgent - sk.urgSeq) | 0) <= 0) return; // a newer one is known
  sk.wake?.(sk, POLLPRI); // SIGURG
  if (sk.urgSeq === sk.copiedSeq && sk.urgData !== 0 && !sk.oobInline && sk.copiedSeq !== sk.rcvNxt) {
    // The byte that was urgent until now is next to be read, and is none of the stream.
    const first = sk.receiveQueue.first;
    sk.copiedSeq = (sk.copiedSeq + 1) | 0;
    if (first !== undefined && ((sk.copiedSeq - endSeqOf(first)) | 0) >= 0) {
      sk.receiveQueue.remove(first);
      first.free();
    }
  }
  sk.urgData = TCP_URG_NOTYET;
  sk.urgSeq = urgent;
}

/** `recv(MSG_OOB)`: the urgent byte, out of line. */
export function recvUrgent(
  sk: TcpSock,
  into: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  message: Message | undefined,
): number | Errno {
  if (sk.oobInline || sk.urgData === 0 || sk.urgData === TCP_URG_READ) return 'EINVAL';
  if (sk.state === CLOSE && !sk.finSeen) return 'ENOTCONN';
  if ((sk.urgData & TCP_URG_VALID) !== 0) {
    const byte = sk.urgData & 0xff;
    if ((flags & MSG_PEEK) === 0) sk.urgData = TCP_URG_READ;
    if (message !== undefined) message.flags |= length > 0 ? MSG_OOB : MSG_OOB | MSG_TRUNC;
    if (length === 0) return 0;
    if ((flags & MSG_TRUNC) === 0) into[offset] = byte;
    return 1;
  }
  if (sk.state === CLOSE || (sk.shutdown & 1) !== 0) return 0;
  return 'EAGAIN';
}

/** Whether the next byte to be read is the urgent one. */
export function atMark(sk: TcpSock): boolean {
  return sk.urgData !== 0 && sk.urgSeq === sk.copiedSeq;
}

/** What TCP_INQ tells: bytes that wait, urgent ones among them; 1 where a FIN came and nothing else is left to read. */
export function inqHint(sk: TcpSock): number {
  const waiting = (sk.rcvNxt - sk.copiedSeq) | 0;
  return waiting === 0 && sk.finSeen ? 1 : waiting;
}

/** Bytes that can be read in a row: not past an urgent one that is out of line (Linux `tcp_inq`). */
export function readable(sk: TcpSock): number {
  const all = (sk.rcvNxt - sk.copiedSeq) | 0;
  const ahead = (sk.urgSeq - sk.copiedSeq) | 0;
  if (!sk.oobInline && sk.urgData !== 0 && ahead >= 0 && ahead < all) return ahead;
  // A FIN takes a number but is no byte.
  return sk.finSeen && all > 0 ? all - 1 : all;
}

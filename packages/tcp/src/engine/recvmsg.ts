/**
 * `recvmsg`: bytes to the application, copied once or handed out where they lie (Linux `tcp_recvmsg_locked`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { appendRange } from '@stack/skbuff';
import { FIN } from '../flags.ts';
import { ackAfterRead } from './ack.ts';
import { flagsOf, seqOf } from './cb.ts';
import { setOwnerR } from './memory.ts';
import { type Message, MSG_OOB, MSG_PEEK, MSG_TRUNC } from './messages.ts';
import type { Errno } from './ports.ts';
import { rcvSpaceAdjust } from './rcvbuf.ts';
import { isRepairing, peekSendQueue } from './repair.ts';
import { CLOSE, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { REPAIR_RECV, REPAIR_SEND } from './tcb-values.ts';
import { recvUrgent } from './urgent.ts';

/** Bytes handed out by {@link Tcp.recvViews} without a copy. */
export interface ReceivedViews {
  /** In order; valid until {@link release}. */
  readonly views: readonly Uint8Array[];
  /** Bytes in all of them. */
  readonly length: number;
  /** Gives the memory back, which may open the window. Once. Until then it fills the receive buffer. */
  release(now: number): void;
}

/** See {@link Tcp.recvmsg}. */
export function receiveMessage(
  now: number,
  sk: TcpSock,
  into: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  message: Message | undefined,
): number | Errno {
  if (sk.state === LISTEN) return 'ENOTCONN';
  if ((flags & MSG_OOB) !== 0) return recvUrgent(sk, into, offset, length, flags, message);
  const peek = (flags & MSG_PEEK) !== 0;
  if (isRepairing(sk)) {
    if (!peek) return 'EPERM';
    if (sk.repair === REPAIR_SEND) return peekSendQueue(sk, into, offset, length);
    if (sk.repair !== REPAIR_RECV) return 'EINVAL';
  }
  const copy = (flags & MSG_TRUNC) === 0;
  let seq = sk.copiedSeq;
  let copied = 0;
  let skb = sk.receiveQueue.first;
  while (skb !== undefined && copied < length) {
    const at = (seq - seqOf(skb)) | 0;
    const next: SkBuff | undefined = skb.next;
    if (at < skb.len) {
      const used = usable(sk, seq, Math.min(skb.len - at, length - copied), copied > 0);
      if (used < 0) break; // urgent data next, and something was read
      const skip = hole(sk, seq);
      const n = used - skip;
      if (copy && n > 0) skb.copyBits(at + skip, into, offset + copied, n);
      if (message !== undefined && skb.tstamp !== 0) message.tstamp = skb.tstamp;
      copied += n;
      seq = (seq + used) | 0;
      if (!peek) consume(sk, seq);
      if (at + used < skb.len) continue;
    }
    const fin = (flagsOf(skb) & FIN) !== 0;
    if (fin && (at === skb.len || seq === ((seqOf(skb) + skb.len) | 0))) {
      seq = (seq + 1) | 0;
      if (!peek) sk.copiedSeq = seq;
    }
    if (!peek) {
      sk.receiveQueue.remove(skb);
      skb.free();
    }
    if (fin) break;
    skb = next;
  }
  if (copied > 0) {
    if (!peek) taken(now, sk, copied);
    return copied;
  }
  // Linux: a receive of nothing waits, and fails, as any other does.
  return length === 0 && sk.receiveQueue.first !== undefined ? 0 : nothingToRead(sk);
}

/** How many of `n` bytes from `seq` on may be read in one go: up to an urgent byte, or over one that is out of line; -1 = stop here. */
function usable(sk: TcpSock, seq: number, n: number, some: boolean): number {
  if (sk.urgData === 0) return n;
  const ahead = (sk.urgSeq - seq) | 0;
  if (ahead < 0 || ahead >= n) return n;
  if (ahead > 0) return ahead;
  return some ? -1 : n;
}

/** 1 where the byte at `seq` is urgent and out of line: it is skipped. */
function hole(sk: TcpSock, seq: number): number {
  return sk.urgData !== 0 && sk.urgSeq === seq && !sk.oobInline ? 1 : 0;
}

function consume(sk: TcpSock, seq: number): void {
  sk.copiedSeq = seq;
  if (sk.urgData !== 0 && ((seq - sk.urgSeq) | 0) > 0) sk.urgData = 0;
}

/** The application took `copied` bytes. */
function taken(now: number, sk: TcpSock, copied: number): void {
  rcvSpaceAdjust(now, sk);
  ackAfterRead(now, sk, copied);
}

/** What an empty queue means. */
function nothingToRead(sk: TcpSock): number | Errno {
  if (sk.finSeen) return 0;
  if (sk.err !== '') return sk.takeError();
  if ((sk.shutdown & 1) !== 0) return 0;
  return sk.state === CLOSE ? 'ENOTCONN' : 'EAGAIN';
}

/** See {@link Tcp.recvViews}. */
export function receiveViews(now: number, sk: TcpSock, length: number): ReceivedViews | Errno {
  if (sk.state === LISTEN) return 'ENOTCONN';
  if (isRepairing(sk)) return 'EPERM';
  const holder = sk.tcp.pool.alloc(0, 0);
  if (holder === undefined) return 'ENOBUFS';
  let skb = sk.receiveQueue.first;
  let cost = 0; // of what is held whole
  while (skb !== undefined && holder.len < length) {
    const next: SkBuff | undefined = skb.next;
    const at = (sk.copiedSeq - seqOf(skb)) | 0;
    if (at < skb.len) {
      const used = usable(sk, sk.copiedSeq, Math.min(skb.len - at, length - holder.len), holder.len > 0);
      if (used < 0) break;
      const skip = hole(sk, sk.copiedSeq);
      if (!appendRange(holder, skb, at + skip, used - skip)) break;
      consume(sk, (sk.copiedSeq + used) | 0);
      if (at + used < skb.len) continue;
    }
    const fin = (flagsOf(skb) & FIN) !== 0;
    if (fin) sk.copiedSeq = (sk.copiedSeq + 1) | 0;
    cost += skb.truesize;
    sk.receiveQueue.remove(skb);
    skb.free();
    if (fin) break;
    skb = next;
  }
  const { len } = holder;
  if (len === 0) {
    holder.free();
    const nothing = nothingToRead(sk);
    return typeof nothing === 'string' ? nothing : { views: [], length: 0, release: () => {} };
  }
  holder.truesize = Math.max(holder.truesize, cost);
  setOwnerR(sk, holder);
  taken(now, sk, len);
  const release = (then: number): void => {
    holder.free();
    if (!sk.destroyed && sk.state !== CLOSE) ackAfterRead(then, sk, len);
  };
  return { views: [...holder.chunks()], length: len, release };
}

/**
 * `sendmsg`: the application's bytes into the write queue, copied once, and off they go (Linux `tcp_sendmsg_locked`).
 * @module
 */
import { type Page, type SkBuff, wrapPage } from '@stack/skbuff';
import { ACK, PSH } from '../flags.ts';
import { CB_END_SEQ, CB_EOR, CB_FLAGS, CB_PCOUNT, endSeqOf, flagsOf } from './cb.ts';
import { charge, scheduleSend } from './memory.ts';
import { MSG_EOR, MSG_MORE, MSG_OOB, MSG_ZEROCOPY, type SendAttempt } from './messages.ts';
import { currentMss, sizeGoal } from './mss.ts';
import { pushPending, writeXmit } from './output.ts';
import { isMemoryFree } from './poll.ts';
import type { Errno } from './ports.ts';
import { checkAppLimited } from './rate.ts';
import { isRepairing, writeReceiveQueue } from './repair.ts';
import { entail, newSendSkb, removeEmptySkb } from './send-queue.ts';
import { CLOSE_WAIT, ESTABLISHED, SYN_RECV, SYN_SENT } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { NAGLE_CORK, NAGLE_PUSH, REPAIR_RECV, REPAIR_SEND, TSQ_THROTTLED } from './tcb-values.ts';
import { txTimestamp } from './timestamping.ts';
import { beginZerocopy, finishZerocopy } from './zerocopy.ts';

/** See {@link Tcp.sendmsg}. */
export function sendMessage(
  now: number,
  sk: TcpSock,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  attempt: SendAttempt | undefined,
): number | Errno {
  const { tcp } = sk;
  checkAppLimited(sk);
  if (sk.state !== ESTABLISHED && sk.state !== CLOSE_WAIT && sk.fastopenRsk === undefined) {
    const error = sk.takeError();
    if (error !== '') return error;
    if (sk.state !== SYN_SENT && sk.state !== SYN_RECV) return 'EPIPE';
    sk.noSpace = true;
    return 'EAGAIN';
  }
  if (isRepairing(sk) && sk.repair !== REPAIR_SEND) {
    return sk.repair === REPAIR_RECV ? writeReceiveQueue(sk, bytes, offset, length) : 'EINVAL';
  }
  if (sk.err !== '') return sk.takeError();
  if ((sk.shutdown & 2) !== 0) return 'EPIPE';
  sk.noSpace = false;
  const zerocopy =
    (flags & MSG_ZEROCOPY) !== 0 && sk.zerocopy && length > 0
      ? beginZerocopy(sk, attempt === undefined ? -1 : attempt.queued)
      : undefined;
  const page = zerocopy === undefined ? undefined : wrapPage(bytes);
  const mss = currentMss(now, sk);
  const goal = sizeGoal(sk, mss, (flags & MSG_OOB) === 0);
  let copied = 0;
  while (copied < length) {
    const skb = tailWithRoom(now, sk, goal);
    const taken =
      skb === undefined
        ? 0
        : append(sk, skb, bytes, offset + copied, Math.min(goal - skb.len, length - copied), page);
    if (taken === 0) {
      sk.noSpace = true;
      removeEmptySkb(now, sk);
      break;
    }
    const tail = skb as SkBuff;
    if (tcp.probe !== undefined && copied === 0) tcp.probe('tcp_sendmsg', tail);
    if (copied === 0) tail.cb[CB_FLAGS] = flagsOf(tail) & ~PSH;
    copied += taken;
    sk.writeSeq = (sk.writeSeq + taken) | 0;
    tail.cb[CB_END_SEQ] = endSeqOf(tail) + taken;
    tail.cb[CB_PCOUNT] = 0;
    if (copied === length || tail.len < goal || (flags & MSG_OOB) !== 0) continue;
    if (forcedPush(sk)) {
      markPush(sk, tail);
      pushPending(now, sk, mss, NAGLE_PUSH);
    } else if (tail === sk.writeQueue.first) writeXmit(now, sk, mss, NAGLE_PUSH, 1);
  }
  if (zerocopy !== undefined) finishZerocopy(sk, zerocopy, page as Page, copied, attempt === undefined);
  if (copied === 0 && length > 0) return 'EAGAIN';
  if (copied > 0) {
    if (attempt === undefined) txTimestamp(sk, -1);
    else if (!attempt.more && (copied === length || !attempt.waits)) txTimestamp(sk, attempt.tsflags);
    const last = sk.writeQueue.last;
    if ((flags & MSG_EOR) !== 0 && copied === length && last !== undefined) last.cb[CB_EOR] = 1;
    // Whoever waits for room must not also wait for MSG_MORE.
    const full = copied < length;
    push(now, sk, full ? flags & ~MSG_MORE : flags, mss, full ? NAGLE_PUSH : sk.nonagle, goal);
  }
  return copied;
}

/** The last skb of the write queue if it has room, else a new one; `undefined` where the buffer is full. */
function tailWithRoom(now: number, sk: TcpSock, goal: number): SkBuff | undefined {
  const tail = sk.writeQueue.last;
  if (tail !== undefined && tail.len < goal && tail.cb[CB_EOR] === 0 && (flagsOf(tail) & 1) === 0) {
    if (tail.nrFrags < sk.tcp.core.max_skb_frags) return tail;
    markPush(sk, tail); // it grows no more, though it is not full
  }
  if (!isMemoryFree(sk, 0)) return undefined;
  const skb = newSendSkb(sk, sk.writeSeq, ACK);
  if (skb === undefined) return undefined;
  if (!scheduleSend(sk, skb.truesize)) {
    skb.free();
    return undefined;
  }
  entail(now, sk, skb);
  return skb;
}

/** Puts up to `length` bytes behind what `skb` has. How many; 0 without memory. */
export function append(
  sk: TcpSock,
  skb: SkBuff,
  bytes: Uint8Array,
  offset: number,
  length: number,
  shared: Page | undefined,
): number {
  if (shared !== undefined) return appendShared(sk, skb, shared, offset, length);
  const { tcp } = sk;
  const page = tcp.fragPage();
  if (page === undefined) return 0;
  const n = Math.min(length, page.start + page.size - tcp.fragOffset);
  if (!scheduleSend(sk, n)) {
    tcp.unusedFragPage(page);
    return 0;
  }
  if (!skb.growFrag(page, tcp.fragOffset, n)) {
    tcp.unusedFragPage(page);
    return 0;
  }
  page.arena.bytes.set(
    offset === 0 && n === bytes.length ? bytes : bytes.subarray(offset, offset + n),
    tcp.fragOffset,
  );
  tcp.usedFragPage(page, n);
  sk.wmemQueued += n;
  charge(sk, n);
  return n;
}

function appendShared(sk: TcpSock, skb: SkBuff, page: Page, offset: number, length: number): number {
  if (!scheduleSend(sk, length) || !skb.growFrag(page, offset, length)) return 0;
  sk.wmemQueued += length;
  charge(sk, length);
  return length;
}

/** More than half of the largest window was written since the last push. */
function forcedPush(sk: TcpSock): boolean {
  return ((sk.writeSeq - sk.pushedSeq - (sk.maxWindow >>> 1)) | 0) > 0;
}

function markPush(sk: TcpSock, skb: SkBuff): void {
  skb.cb[CB_FLAGS] = flagsOf(skb) | PSH;
  sk.pushedSeq = sk.writeSeq;
}

/** The end of a write: PSH on its last byte, unless more follows, and sending what may be sent (Linux `tcp_push`). */
function push(now: number, sk: TcpSock, flags: number, mss: number, nonagle: number, goal: number): void {
  const skb = sk.writeQueue.last;
  if (skb === undefined) return;
  if ((flags & MSG_MORE) === 0 || forcedPush(sk)) markPush(sk, skb);
  if ((flags & MSG_OOB) !== 0) {
    sk.sndUp = sk.writeSeq;
    sk.urgMode = true;
  }
  if (shouldAutocork(sk, skb, goal)) {
    if ((sk.tsqFlags & TSQ_THROTTLED) === 0) {
      sk.tcp.mib.TcpExt.TCPAutoCorking++;
      sk.tsqFlags |= TSQ_THROTTLED;
    }
    return;
  }
  pushPending(now, sk, mss, (flags & MSG_MORE) !== 0 ? NAGLE_CORK : nonagle);
}

/** While packets of ours wait below, small writes are gathered: when the packets leave, what was gathered goes. */
function shouldAutocork(sk: TcpSock, skb: SkBuff, goal: number): boolean {
  return (
    skb.len < goal &&
    sk.tcp.sysctl.tcp_autocorking !== 0 &&
    sk.rtxQueue.first !== undefined &&
    sk.wmemAlloc > skb.truesize &&
    skb.cb[CB_EOR] === 0
  );
}

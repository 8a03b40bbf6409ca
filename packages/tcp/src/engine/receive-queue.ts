/**
 * Bytes that came: in order to the application, out of order to wait, the rest refused with a reason. RFC 9293 §3.10.7.4 "seventh,
 * process the segment text" and "eighth, check the FIN bit".
 * @module
 */
import { coalesce, type SkBuff } from '@stack/skbuff';
import { POLLIN } from '@stack/skbuff/sock';
import { FIN } from '../flags.ts';
import { dataReceived, enterPingpong, enterQuickAck, scheduleAck, TCP_MAX_QUICKACKS } from './ack.ts';
import { CB_END_SEQ, CB_FLAGS, endSeqOf, flagsOf, seqOf } from './cb.ts';
import { stateChanged } from './close.ts';
import { charge, forceSchedule, setOwnerR } from './memory.ts';
import { drainOfo, purgeOfo, queueOfo } from './ofo.ts';
import { isReadable } from './poll.ts';
import { tryRmemSchedule } from './prune.ts';
import { dsackSet, sackRemove } from './sack.ts';
import type { Segment } from './segment.ts';
import {
  CLOSE,
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT1,
  FIN_WAIT2,
  SYN_RECV,
  setState,
  TIME_WAIT,
} from './state.ts';
import type { TcpSock } from './tcb.ts';
import { ACK_NOW } from './tcb-values.ts';
import { timeWait } from './timewait.ts';
import { sendAck } from './transmit.ts';
import { receiveWindow } from './window.ts';

/** Takes over a segment whose header is still in front (Linux `tcp_data_queue`). */
export function dataQueue(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { tcp } = sk;
  if (tcp.probe !== undefined) tcp.probe('tcp_data_queue', skb);
  const { endSeq, seq } = seg;
  if (seq === endSeq) {
    skb.free();
    return;
  }
  skb.pull(seg.headerLength);
  const window = receiveWindow(sk);
  const ahead = (seq - sk.rcvNxt) | 0;
  if (ahead === 0) {
    // A bare FIN is welcome even in a closed window: it takes no buffer.
    if (window === 0 && !(skb.len === 0 && (seg.flags & FIN) !== 0)) {
      refuse(sk, skb, 'TCP_ZEROWINDOW');
      return;
    }
    queueInOrder(now, sk, skb, seg);
    return;
  }
  if (((endSeq - sk.rcvNxt) | 0) <= 0) {
    tcp.mib.TcpExt.DelayedACKLost++;
    dsackSet(sk, seq, endSeq);
    refuse(sk, skb, 'TCP_OLD_DATA');
    return;
  }
  if (ahead >= window && ahead > 0) {
    tcp.mib.TcpExt.BeyondWindow++;
    refuse(sk, skb, 'TCP_OVERWINDOW');
    return;
  }
  if (ahead < 0) {
    dsackSet(sk, seq, sk.rcvNxt);
    if (window === 0) {
      refuse(sk, skb, 'TCP_ZEROWINDOW');
      return;
    }
    queueInOrder(now, sk, skb, seg);
    return;
  }
  queueOfo(now, sk, skb, seg);
}

/** Drops it, and says what was expected: at once. */
function refuse(sk: TcpSock, skb: SkBuff, reason: string): void {
  if (reason === 'TCP_ZEROWINDOW') sk.tcp.mib.TcpExt.TCPZeroWindowDrop++;
  enterQuickAck(sk, TCP_MAX_QUICKACKS);
  scheduleAck(sk);
  drop(sk, skb, reason);
}

/** Drops a segment of a socket. */
export function drop(sk: TcpSock, skb: SkBuff, reason: string): void {
  sk.drops++;
  sk.tcp.drop(skb, reason);
}

function queueInOrder(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  const { len, truesize, gsoSize } = skb;
  if (!tryRmemSchedule(sk, skb)) {
    // No memory: say so with a window of zero, and drop unless the application has nothing at all to read.
    sk.ackNomem = true;
    sk.ackPending |= ACK_NOW;
    scheduleAck(sk);
    sk.wake?.(sk, POLLIN);
    if (sk.receiveQueue.first !== undefined && len > 0) {
      sk.tcp.mib.TcpExt.TCPRcvQDrop++;
      drop(sk, skb, 'PROTO_MEM');
      return;
    }
    forceSchedule(sk, truesize);
  }
  queueReceived(sk, skb, seg.endSeq);
  if (len > 0) dataReceived(now, sk, seg, len, truesize, gsoSize);
  if ((seg.flags & FIN) !== 0) finReceived(now, sk);
  if (sk.ofoQueue !== undefined) {
    drainOfo(now, sk);
    // RFC 5681 §4.2: an ACK at once when a gap is filled.
    if (sk.ofoQueue === undefined) sk.ackPending |= ACK_NOW;
    sackRemove(sk);
  }
  dataReady(sk);
}

/** Appends a segment that is next in order, header off, to the receive queue. */
export function queueReceived(sk: TcpSock, skb: SkBuff, endSeq: number): void {
  const tail = sk.receiveQueue.last;
  if (tail === undefined || !tryCoalesce(sk, tail, skb)) {
    setOwnerR(sk, skb);
    sk.receiveQueue.push(skb);
  }
  rcvNxtUpdate(sk, endSeq);
}

export function rcvNxtUpdate(sk: TcpSock, seq: number): void {
  sk.bytesReceived += (seq - sk.rcvNxt) | 0;
  sk.rcvNxt = seq;
}

/** Appends `from`, which follows `to`, to it, and frees it. False, and nothing changed, where that cannot be. */
export function tryCoalesce(sk: TcpSock, to: SkBuff, from: SkBuff): boolean {
  if (endSeqOf(to) !== seqOf(from)) return false;
  const end = endSeqOf(from);
  const flags = flagsOf(from);
  if (to.dataLen === 0 && from.len <= to.tailroom && !to.cloned) {
    // There is room behind what it has: that costs nothing more.
    from.copyBits(0, to.bytes, to.put(from.len), from.len);
    from.free();
  } else {
    const before = to.truesize;
    if (!coalesce(to, from)) return false;
    const delta = to.truesize - before;
    sk.rmemAlloc += delta;
    charge(sk, delta);
  }
  to.cb[CB_END_SEQ] = end;
  to.cb[CB_FLAGS] = flagsOf(to) | flags;
  sk.tcp.mib.TcpExt.TCPRcvCoalesce++;
  return true;
}

/** Tells the application, where what there is is worth it (`SO_RCVLOWAT`). */
export function dataReady(sk: TcpSock): void {
  if (sk.orphaned || sk.wake === undefined) return;
  if (isReadable(sk, sk.rcvlowat) || (sk.shutdown & 1) !== 0 || sk.state === CLOSE) sk.wake(sk, POLLIN);
}

/** "Eighth, check the FIN bit": the peer sends no more (Linux `tcp_fin`). */
export function finReceived(now: number, sk: TcpSock): void {
  scheduleAck(sk);
  sk.shutdown |= 1;
  sk.finSeen = true;
  switch (sk.state) {
    case SYN_RECV:
    case ESTABLISHED:
      setState(sk, CLOSE_WAIT);
      enterPingpong(sk);
      break;
    case FIN_WAIT1:
      // A simultaneous close.
      sendAck(now, sk);
      setState(sk, CLOSING);
      break;
    case FIN_WAIT2:
      sendAck(now, sk);
      timeWait(now, sk, TIME_WAIT, 0);
      break;
    default: // a FIN that came before
  }
  purgeOfo(sk);
  if (!sk.orphaned) stateChanged(sk);
}

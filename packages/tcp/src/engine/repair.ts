/**
 * TCP_REPAIR: a connection is taken out of one socket and put into another, of another host too, and the peer is not told. In repair mode
 * both queues are read and written as they lie, `connect` and `close` send nothing.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK } from '../flags.ts';
import { TCPOPT_MSS, TCPOPT_SACK_PERM, TCPOPT_TIMESTAMP, TCPOPT_WINDOW } from '../option-kinds.ts';
import { CB_END_SEQ, CB_FLAGS, CB_SEQ } from './cb.ts';
import { finishConnect } from './init-transfer.ts';
import { headerLengthFor, syncMss } from './mss.ts';
import type { Errno } from './ports.ts';
import { tryRmemSchedule } from './prune.ts';
import { queueReceived } from './receive-queue.ts';
import { appendSent } from './sent-list.ts';
import { CLOSE, ESTABLISHED, LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { REPAIR_ON, REPAIR_RECV, REPAIR_SEND } from './tcb-values.ts';
import { transmitControl, tsClock } from './transmit.ts';
import { TCP_MAX_WSCALE } from './window.ts';

/** TCP_REPAIR: off, and no probe tells the peer our window. */
const TCP_REPAIR_OFF_NO_WP = -1;
const TCP_SEND_QUEUE = 2;
/** {@link TcpSock.repair} without {@link REPAIR_ON}: the queue. */
const QUEUE_MASK = 3;
/** Most bytes that one write to the receive queue takes: a page of the pool. */
const RECV_CHUNK = 65_536;

/** `struct tcp_repair_opt`: what both ends agreed on. */
export interface RepairOption {
  /** Kind of option: MSS 2, window scale 3, SACK permitted 4, timestamps 8. */
  readonly optCode: number;
  /** The peer's MSS; both shifts, ours (`rcv_wscale`) in the upper half; 0 for the others. */
  readonly optVal: number;
}

/** `struct tcp_repair_window`. Sequence numbers are u32. */
export interface RepairWindow {
  /** Segment of the last window update. */
  readonly sndWl1: number;
  readonly sndWnd: number;
  /** The largest {@link sndWnd} so far. */
  readonly maxWindow: number;
  readonly rcvWnd: number;
  /** First byte of {@link rcvWnd}. */
  readonly rcvWup: number;
}

/** Whether the socket is in repair mode. */
export function isRepairing(sk: TcpSock): boolean {
  return (sk.repair & REPAIR_ON) !== 0;
}

/** Sets one of those that hold a number; ENOPROTOOPT for one that is none of them. */
export function setRepair(now: number, sk: TcpSock, name: string, value: number): Errno | undefined {
  switch (name) {
    case 'TCP_REPAIR':
      return setMode(now, sk, value);
    case 'TCP_REPAIR_QUEUE':
      if (!isRepairing(sk)) return 'EPERM';
      if (value < 0 || value > TCP_SEND_QUEUE) return 'EINVAL';
      sk.repair = REPAIR_ON | value;
      return undefined;
    case 'TCP_QUEUE_SEQ':
      return setSeq(sk, value | 0);
    case 'TCP_TIMESTAMP':
      if (!isRepairing(sk)) return 'EPERM';
      sk.tsoffset = ((value & ~1) - tsClock(now)) | 0; // the lowest bit would ask for a clock of microseconds
      return undefined;
    default:
      return 'ENOPROTOOPT';
  }
}

function setMode(now: number, sk: TcpSock, value: number): Errno | undefined {
  if (sk.tcp.privileged?.() === false || sk.state === LISTEN) return 'EPERM';
  if (value === 1) {
    sk.repair = REPAIR_ON;
    sk.reuse = true; // a port in use may be bound
    return undefined;
  }
  if (value !== 0 && value !== TCP_REPAIR_OFF_NO_WP) return 'EINVAL';
  sk.repair &= QUEUE_MASK;
  sk.reuse = false;
  if (value === 0) sendWindowProbe(now, sk);
  return undefined;
}

/** An old byte, which the peer answers with its window; whatever it tells is news. */
function sendWindowProbe(now: number, sk: TcpSock): void {
  if (sk.state !== ESTABLISHED) return;
  sk.sndWl1 = (sk.rcvNxt - 1) | 0;
  sk.tcp.mib.TcpExt.TCPWinProbe++;
  transmitControl(now, sk, (sk.sndUna - 1) | 0, ACK);
}

/** Where the queue's next byte is to be: of a socket that is not connected yet. */
function setSeq(sk: TcpSock, seq: number): Errno | undefined {
  if (sk.state !== CLOSE) return 'EPERM';
  if (sk.repair === REPAIR_SEND) sk.writeSeq = seq;
  else if (sk.repair === REPAIR_RECV) {
    sk.rcvNxt = seq;
    sk.copiedSeq = seq;
  } else return 'EINVAL';
  return undefined;
}

/** TCP_REPAIR_OPTIONS. EINVAL, EFBIG (a shift above 14), EPERM where data was sent already. */
export function setRepairOptions(sk: TcpSock, options: unknown): Errno | undefined {
  if (!isRepairing(sk) || !Array.isArray(options) || options.length === 0) return 'EINVAL';
  if (sk.state !== ESTABLISHED || sk.bytesSent > 0) return 'EPERM';
  for (const { optCode, optVal } of options as RepairOption[]) {
    const error = setRepairOption(sk, optCode, optVal);
    if (error !== undefined) return error;
  }
  return undefined;
}

function setRepairOption(sk: TcpSock, code: number, value: number): Errno | undefined {
  switch (code) {
    case TCPOPT_MSS:
      sk.mssClamp = value & 0xffff;
      syncMss(sk, sk.pmtuCookie);
      return undefined;
    case TCPOPT_WINDOW: {
      const sndWscale = value & 0xffff;
      const rcvWscale = value >>> 16;
      if (sndWscale > TCP_MAX_WSCALE || rcvWscale > TCP_MAX_WSCALE) return 'EFBIG';
      sk.sndWscale = sndWscale;
      sk.rcvWscale = rcvWscale;
      sk.wscaleOk = true;
      return undefined;
    }
    case TCPOPT_SACK_PERM:
      if (value !== 0) return 'EINVAL';
      sk.sackOk = true;
      for (let skb = sk.rtxQueue.first; skb !== undefined; skb = skb.next) appendSent(sk, skb);
      return undefined;
    case TCPOPT_TIMESTAMP:
      if (value !== 0) return 'EINVAL';
      sk.tstampOk = true;
      sk.tcpHeaderLen = headerLengthFor(sk, true);
      syncMss(sk, sk.pmtuCookie);
      return undefined;
    default:
      return undefined;
  }
}

/** TCP_REPAIR_WINDOW. EPERM, EINVAL (a window above its largest, or an edge beyond what came). */
export function setRepairWindow(sk: TcpSock, value: unknown): Errno | undefined {
  if (!isRepairing(sk)) return 'EPERM';
  const { sndWl1, sndWnd, maxWindow, rcvWnd, rcvWup } = value as RepairWindow;
  if (![sndWl1, sndWnd, maxWindow, rcvWnd, rcvWup].every(Number.isInteger)) return 'EINVAL';
  if (maxWindow < sndWnd) return 'EINVAL';
  if (((sndWl1 - sk.rcvNxt - rcvWnd) | 0) > 0 || ((rcvWup - sk.rcvNxt) | 0) > 0) return 'EINVAL';
  sk.sndWl1 = sndWl1 | 0;
  sk.sndWnd = sndWnd;
  sk.maxWindow = maxWindow;
  sk.rcvWnd = rcvWnd;
  sk.rcvWup = rcvWup | 0;
  return undefined;
}

/** What one of the options holds; ENOPROTOOPT for one that is none of them. */
export function repairOption(
  now: number,
  sk: TcpSock,
  name: string,
): number | RepairWindow | { errno: Errno } {
  const queue = sk.repair & QUEUE_MASK;
  switch (name) {
    case 'TCP_REPAIR':
      return isRepairing(sk) ? 1 : 0;
    case 'TCP_REPAIR_QUEUE':
      return isRepairing(sk) ? queue : { errno: 'EINVAL' };
    case 'TCP_QUEUE_SEQ':
      if (queue === 0) return { errno: 'EINVAL' };
      return queue === TCP_SEND_QUEUE ? sk.writeSeq : sk.rcvNxt;
    case 'TCP_TIMESTAMP':
      return (tsClock(now) + sk.tsoffset) & ~1;
    case 'TCP_REPAIR_WINDOW':
      if (!isRepairing(sk)) return { errno: 'EPERM' };
      return {
        sndWl1: sk.sndWl1 >>> 0,
        sndWnd: sk.sndWnd,
        maxWindow: sk.maxWindow,
        rcvWnd: sk.rcvWnd,
        rcvWup: sk.rcvWup >>> 0,
      };
    default:
      return { errno: 'ENOPROTOOPT' };
  }
}

/** The connection is there, as if the handshake were over; what both agreed on is told later. */
export function connectSilently(now: number, sk: TcpSock): void {
  sk.tcpHeaderLen = headerLengthFor(sk, false);
  syncMss(sk, sk.pmtuCookie);
  finishConnect(now, sk);
}

/** A write to the receive queue: bytes that the peer was told have come. ENOMEM where the buffer has no room. */
export function writeReceiveQueue(
  sk: TcpSock,
  bytes: Uint8Array,
  offset: number,
  length: number,
): number | Errno {
  if (length === 0) return 0;
  const n = Math.min(length, RECV_CHUNK);
  const skb = sk.tcp.pool.alloc(n);
  if (skb === undefined) return 'ENOMEM';
  if (!tryRmemSchedule(sk, skb)) {
    sk.tcp.mib.TcpExt.TCPRcvQDrop++;
    skb.free();
    return 'ENOMEM';
  }
  skb.bytes.set(bytes.subarray(offset, offset + n), skb.put(n));
  const end = (sk.rcvNxt + n) | 0;
  skb.cb[CB_SEQ] = sk.rcvNxt;
  skb.cb[CB_END_SEQ] = end;
  skb.cb[CB_FLAGS] = ACK;
  queueReceived(sk, skb, end);
  return n;
}

/** Copies what waits for an ACK and what waits to be sent, up to `length` bytes. How much there is. */
export function peekSendQueue(sk: TcpSock, into: Uint8Array, offset: number, length: number): number {
  const sent = copyQueue(sk.rtxQueue.first, into, offset, length, 0);
  return copyQueue(sk.writeQueue.first, into, offset, length, sent);
}

/** Copies payload from `at` on, counted from the first byte of both queues. */
function copyQueue(
  first: SkBuff | undefined,
  into: Uint8Array,
  offset: number,
  length: number,
  at: number,
): number {
  let count = at;
  for (let skb = first; skb !== undefined; skb = skb.next) {
    const n = Math.min(skb.len, length - count);
    if (n > 0) skb.copyBits(0, into, offset + count, n);
    count += skb.len;
  }
  return count;
}

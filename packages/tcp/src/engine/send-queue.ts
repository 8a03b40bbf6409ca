/**
 * Bytes on their way out: the write queue (not sent yet) and the retransmit queue (sent, not acknowledged). Payload lies in frags
 * alone, so that a transmission shares it and nothing in flight ever changes.
 * @module
 */
import { appendRange, type Frag, MAX_SKB_FRAGS, type SkBuff } from '@stack/skbuff';
import { FIN, PSH } from '../flags.ts';
import {
  CB_END_SEQ,
  CB_EOR,
  CB_FLAGS,
  CB_GSO_SIZE,
  CB_PCOUNT,
  CB_SACKED,
  CB_SEQ,
  CB_TX_DELIVERED,
  CB_TX_DELIVERED_MSTAMP,
  CB_TX_FIRST_MSTAMP,
  EVER_RETRANS,
  endSeqOf,
  flagsOf,
  LOST,
  pcountOf,
  SACKED_ACKED,
  SACKED_RETRANS,
  sackedOf,
  seqOf,
} from './cb.ts';
import { CHRONO_BUSY, chronoStart, chronoStop } from './chrono.ts';
import { cwndRestart, shrinksWhenIdle } from './cwnd.ts';
import { charge, uncharge } from './memory.ts';
import { initialCwnd } from './mss.ts';
import { insertSent, removeSent } from './sent-list.ts';
import type { TcpSock } from './tcb.ts';
import { NAGLE_PUSH } from './tcb-values.ts';
import { collapseTimestamp, fragmentTimestamp } from './timestamping.ts';

/** Two of the largest super-packets as Linux books them, headers and all: a write may exceed the send buffer by one. */
const FRAGMENT_ALLOWANCE = 2 * (65_536 + 256 + 320);

/** An empty skb for the write queue; `undefined` without memory. It is not queued yet. */
export function newSendSkb(sk: TcpSock, seq: number, flags: number): SkBuff | undefined {
  const skb = sk.tcp.pool.alloc(0, 0);
  if (skb === undefined) return undefined;
  const { cb } = skb;
  cb[CB_SEQ] = seq;
  cb[CB_END_SEQ] = seq + (flags & FIN ? 1 : 0) + (flags & 2 ? 1 : 0);
  cb[CB_FLAGS] = flags;
  return skb;
}

/** Queues an empty skb for data at the end (Linux `tcp_skb_entail`). */
export function entail(now: number, sk: TcpSock, skb: SkBuff): void {
  queueSkb(now, sk, skb);
  sk.nonagle &= ~NAGLE_PUSH;
  slowStartAfterIdleCheck(now, sk);
}

/** Appends to the write queue and charges the socket. */
export function queueSkb(now: number, sk: TcpSock, skb: SkBuff): void {
  sk.writeQueue.push(skb);
  if (sk.writeQueue.first === skb) chronoStart(now, sk, CHRONO_BUSY);
  sk.writeSeq = endSeqOf(skb);
  sk.wmemQueued += skb.truesize;
  charge(sk, skb.truesize);
}

/** After idleness the window is a guess again (RFC 5681 §4.1). */
export function slowStartAfterIdleCheck(now: number, sk: TcpSock): void {
  if (sk.packetsOut !== 0 || !shrinksWhenIdle(sk)) return;
  const idle = now - sk.lsndtime;
  if (idle > sk.rto) cwndRestart(now, sk, idle, initialCwnd(sk));
}

/** Frees an skb that was queued and charged. */
export function freeQueued(sk: TcpSock, skb: SkBuff): void {
  sk.wmemQueued -= skb.truesize;
  uncharge(sk, skb.truesize);
  skb.free();
}

/** Takes an skb out of the retransmit queue and frees it. */
export function dequeueSent(sk: TcpSock, skb: SkBuff): void {
  removeSent(sk, skb);
  sk.rtxQueue.remove(skb);
  freeQueued(sk, skb);
}

/** Takes back the last skb of the write queue, if nothing came of it. */
export function removeEmptySkb(now: number, sk: TcpSock): void {
  const skb = sk.writeQueue.last;
  if (skb === undefined || seqOf(skb) !== endSeqOf(skb)) return;
  sk.writeQueue.remove(skb);
  if (sk.writeQueue.first === undefined) chronoStop(now, sk, CHRONO_BUSY);
  freeQueued(sk, skb);
}

/** Frees everything that waits, sent or not (Linux `tcp_write_queue_purge`). */
export function purgeSendQueues(sk: TcpSock): void {
  const { rtxQueue, writeQueue } = sk;
  for (let skb = writeQueue.shift(); skb !== undefined; skb = writeQueue.shift()) freeQueued(sk, skb);
  for (let skb = rtxQueue.first; skb !== undefined; skb = rtxQueue.first) dequeueSent(sk, skb);
  sk.retransmitHint = undefined;
  sk.sackRuns?.clear();
  sk.packetsOut = 0;
  sk.lostOut = 0;
  sk.retransOut = 0;
  sk.sackedOut = 0;
  sk.backoff = 0;
}

/** Bytes the application wrote that were not sent. */
export function notSentBytes(sk: TcpSock): number {
  return (sk.writeSeq - sk.sndNxt) | 0;
}

/** Sets how many segments `skb` is sent as. A FIN alone, or a SYN, is one. */
export function setTsoSegs(skb: SkBuff, mss: number): number {
  const { cb } = skb;
  if (skb.len <= mss) {
    cb[CB_GSO_SIZE] = 0;
    cb[CB_PCOUNT] = 1;
    return 1;
  }
  const segs = Math.ceil(skb.len / mss);
  cb[CB_GSO_SIZE] = mss;
  cb[CB_PCOUNT] = segs;
  return segs;
}

/** Payload bytes of one segment of `skb`. */
export function seglenOf(skb: SkBuff): number {
  const size = skb.cb[CB_GSO_SIZE] as number;
  return size === 0 ? skb.len : size;
}

/**
 * Whether what is queued is far beyond the send buffer. Then nothing within the retransmit queue is cut any more: a peer whose SACK
 * blocks are tiny cannot have it grow by packets without end. Its first and its last one may be, lest the connection stall.
 */
function isTooBig(sk: TcpSock, skb: SkBuff): boolean {
  if (sk.wmemQueued >> 1 <= sk.sndbuf + FRAGMENT_ALLOWANCE) return false;
  const { first, last } = sk.rtxQueue;
  if (skb === first || skb === last) return false;
  sk.tcp.mib.TcpExt.TCPWqueueTooBig++;
  return true;
}

/**
 * Cuts a queued skb behind `len` bytes; the rest follows it in the same queue. Counters of what is in flight follow. False without
 * memory, and where {@link isTooBig} refuses. `sent` tells the queue: the retransmit queue.
 */
export function fragment(sk: TcpSock, skb: SkBuff, len: number, mss: number, sent: boolean): boolean {
  if (len > skb.len || (len === skb.len && (len === 0 || (flagsOf(skb) & FIN) === 0))) return true;
  if (sent && isTooBig(sk, skb)) return false;
  const before = skb.truesize;
  const rest = skb.split(len);
  if (rest === undefined) return false;
  const delta = skb.truesize + rest.truesize - before;
  sk.wmemQueued += delta;
  charge(sk, delta);
  const flags = flagsOf(skb);
  const cut = (seqOf(skb) + len) | 0;
  rest.cb[CB_SEQ] = cut;
  rest.cb[CB_END_SEQ] = endSeqOf(skb);
  skb.cb[CB_END_SEQ] = cut;
  // FIN and PSH are about the end, which the rest has now.
  skb.cb[CB_FLAGS] = flags & ~(FIN | PSH);
  rest.cb[CB_FLAGS] = flags;
  skb.cb[CB_EOR] = 0; // the rest has it
  rest.cb[CB_SACKED] = sackedOf(skb);
  rest.cb[CB_TX_DELIVERED] = skb.cb[CB_TX_DELIVERED] as number;
  rest.cb[CB_TX_FIRST_MSTAMP] = skb.cb[CB_TX_FIRST_MSTAMP] as number;
  rest.cb[CB_TX_DELIVERED_MSTAMP] = skb.cb[CB_TX_DELIVERED_MSTAMP] as number;
  rest.tstamp = skb.tstamp;
  if (skb.txFlags !== 0) fragmentTimestamp(skb, rest);
  const old = pcountOf(skb);
  setTsoSegs(skb, mss);
  setTsoSegs(rest, mss);
  if (sent) {
    sk.rtxQueue.insertAfter(skb, rest);
    insertSent(sk, skb, rest);
    const fewer = old - pcountOf(skb) - pcountOf(rest);
    if (fewer !== 0) adjustPcount(sk, skb, fewer);
  } else sk.writeQueue.insertAfter(skb, rest);
  return true;
}

/** `skb` counts for `fewer` segments less than it did: so does whatever it was counted in. */
export function adjustPcount(sk: TcpSock, skb: SkBuff, fewer: number): void {
  const sacked = sackedOf(skb);
  sk.packetsOut -= fewer;
  if ((sacked & SACKED_ACKED) !== 0) sk.sackedOut -= fewer;
  if ((sacked & SACKED_RETRANS) !== 0) sk.retransOut -= fewer;
  if ((sacked & LOST) !== 0) sk.lostOut -= fewer;
  if (!sk.sackOk && sk.sackedOut > 0 && fewer > 0) sk.sackedOut -= Math.min(sk.sackedOut, fewer);
}

/**
 * Takes `n` acknowledged bytes off the front. In place: what is in flight has frags of its own.
 */
export function trimHead(sk: TcpSock, skb: SkBuff, n: number): void {
  const { frags } = skb;
  let left = n;
  let gone = 0;
  while (left > 0) {
    const frag = frags[gone] as Frag;
    if (frag.length > left) {
      frag.offset += left;
      frag.length -= left;
      break;
    }
    left -= frag.length;
    frag.length = 0;
    frag.page.put();
    gone++;
  }
  if (gone > 0) {
    // Entries that ran empty change places with the ones behind: the objects are kept for reuse.
    for (let i = gone; i < skb.nrFrags; i++) {
      const frag = frags[i - gone] as Frag;
      frags[i - gone] = frags[i] as Frag;
      frags[i] = frag;
    }
    skb.nrFrags -= gone;
  }
  skb.len -= n;
  skb.dataLen -= n;
  skb.truesize -= n;
  sk.wmemQueued -= n;
  uncharge(sk, n);
  skb.cb[CB_SEQ] = seqOf(skb) + n;
}

/** Moves up to `room` bytes of `next` to the end of `skb`, in front of it in the write queue: fewer and larger super-packets. */
export function growSkb(sk: TcpSock, skb: SkBuff, next: SkBuff, room: number): void {
  const n = Math.min(room, next.len);
  if (n === 0 || skb.cb[CB_EOR] !== 0 || skb.txFlags !== 0) return;
  // Bytes that are lent stay in the packet they were put into, as in Linux.
  if (sk.zerocopyState !== undefined || !appendRange(skb, next, 0, n)) return;
  sk.wmemQueued += n;
  charge(sk, n);
  skb.cb[CB_END_SEQ] = endSeqOf(skb) + n;
  trimHead(sk, next, n);
  if (next.len > 0) return;
  skb.cb[CB_END_SEQ] = endSeqOf(next); // with its FIN
  skb.cb[CB_EOR] = next.cb[CB_EOR] as number;
  skb.cb[CB_FLAGS] = flagsOf(skb) | flagsOf(next);
  collapseTimestamp(skb, next);
  sk.writeQueue.remove(next);
  freeQueued(sk, next);
}

/** Merges the skb behind `skb` into it, for retransmission, where both fit into `space` bytes (Linux `tcp_retrans_try_collapse`). */
export function tryCollapse(sk: TcpSock, skb: SkBuff, space: number): void {
  if (sk.tcp.sysctl.tcp_retrans_collapse === 0 || (flagsOf(skb) & 2) !== 0) return;
  let room = space - skb.len;
  for (let next = skb.next; next !== undefined; next = skb.next) {
    if (!mayCollapse(sk, skb, next) || next.len > room || next.len === 0) return;
    if (after32(endSeqOf(next), sk.sndUna + sk.sndWnd)) return;
    room -= next.len;
    if (!appendRange(skb, next, 0, next.len)) return;
    sk.wmemQueued += next.len;
    charge(sk, next.len);
    skb.cb[CB_END_SEQ] = endSeqOf(next);
    skb.cb[CB_FLAGS] = flagsOf(skb) | flagsOf(next);
    skb.cb[CB_EOR] = next.cb[CB_EOR] as number;
    collapseTimestamp(skb, next);
    // It all is retransmitted now, and in one segment.
    skb.cb[CB_SACKED] = sackedOf(skb) | (sackedOf(next) & EVER_RETRANS);
    adjustPcount(sk, next, pcountOf(next));
    if (sk.retransmitHint === next) sk.retransmitHint = skb;
    dequeueSent(sk, next);
  }
}

function mayCollapse(sk: TcpSock, skb: SkBuff, next: SkBuff): boolean {
  if (skb.cb[CB_EOR] !== 0) return false;
  if (pcountOf(skb) > 1 || pcountOf(next) > 1 || (flagsOf(next) & 2) !== 0) return false;
  if ((sackedOf(next) & (SACKED_ACKED | SACKED_RETRANS)) !== 0) return false;
  return sk.zerocopyState === undefined && skb.nrFrags + next.nrFrags <= MAX_SKB_FRAGS;
}

function after32(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

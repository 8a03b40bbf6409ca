/**
 * `SO_TIMESTAMPING` of a byte stream: the timestamps of a send are those of its last byte (Linux `tcp_tx_timestamp`).
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import {
  queueTxTimestamp,
  SCM_TSTAMP_ACK,
  SKBTX_ANY_TSTAMP,
  SOF_TIMESTAMPING_TX_ACK,
  tsflagsOf,
  txFlagsOf,
} from '@stack/skbuff/sock';
import { seqOf } from './cb.ts';
import type { TcpSock } from './tcb.ts';

/** In `txFlags` of a queued skb: its sender hears when {@link SkBuff.tskey} is acknowledged (Linux `txstamp_ack`). */
const TXSTAMP_ACK = 0x100;

/** `SOF_TIMESTAMPING_OPT_ID_TCP`: count from what was written, not from what was acknowledged. */
const SOF_TIMESTAMPING_OPT_ID_TCP = 0x1_0000;

/** What OPT_ID counts from, when `flags` set it. */
export function timestampBase(sk: TcpSock, flags: number): number {
  return ((flags & SOF_TIMESTAMPING_OPT_ID_TCP) !== 0 ? sk.writeSeq : sk.sndUna) >>> 0;
}

/** A send is over: marks its last byte. It may have been sent already; then its ACK is all that is left to tell of. */
export function txTimestamp(sk: TcpSock, tsflags: number): void {
  const flags = tsflagsOf(sk, tsflags);
  if (flags === 0) return;
  const skb = sk.writeQueue.last ?? sk.rtxQueue.last;
  const wanted = txFlagsOf(flags) | ((flags & SOF_TIMESTAMPING_TX_ACK) !== 0 ? TXSTAMP_ACK : 0);
  if (skb === undefined || wanted === 0) return;
  skb.txFlags |= wanted;
  skb.tskey = (seqOf(skb) + skb.len - 1) | 0;
}

/** What a transmission of a queued skb has of it. */
export function carryTimestamp(tx: SkBuff, skb: SkBuff): void {
  tx.txFlags = skb.txFlags & SKBTX_ANY_TSTAMP;
  tx.tskey = skb.tskey;
}

/** An skb was cut: the part that has the byte has the mark. */
export function fragmentTimestamp(skb: SkBuff, rest: SkBuff): void {
  if (((skb.tskey - seqOf(rest)) | 0) >= 0) skb.txFlags = 0;
  else rest.txFlags = 0;
}

/** All of `next` is in `skb` now: the later mark holds. */
export function collapseTimestamp(skb: SkBuff, next: SkBuff): void {
  if (next.txFlags === 0) return;
  skb.txFlags |= next.txFlags;
  skb.tskey = next.tskey;
}

/** An ACK came: tells, where it is the first that covers the byte. `priorUna`: SND.UNA before. */
export function ackTimestamp(now: number, sk: TcpSock, skb: SkBuff, priorUna: number): void {
  if ((skb.txFlags & TXSTAMP_ACK) === 0) return;
  const { tskey } = skb;
  if (((tskey - priorUna) | 0) < 0 || ((tskey - sk.sndUna) | 0) >= 0) return;
  queueTxTimestamp(now, sk, skb, SCM_TSTAMP_ACK, 0);
}

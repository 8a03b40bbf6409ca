/**
 * Bytes that came with a SYN: RFC 9293 §3.10.7.2 and §3.10.7.3 let them be queued, RFC 7413 lets them be delivered.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { FIN, SYN } from '../flags.ts';
import type { OptionScan } from '../option-scan.ts';
import { SAW_FASTOPEN } from '../option-scan.ts';
import { CB_FLAGS, CB_SEQ } from './cb.ts';
import type { FastopenCookie } from './fastopen-cookie.ts';
import { forceSchedule } from './memory.ts';
import { finReceived, queueReceived } from './receive-queue.ts';
import type { Segment } from './segment.ts';
import type { TcpSock } from './tcb.ts';

/** Queues what a SYN or SYN-ACK carries, behind RCV.NXT, to be read (Linux `tcp_fastopen_add_skb`). The packet stays the caller's. */
export function queueSynData(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): void {
  if (seg.endSeq === sk.rcvNxt) return;
  const data = skb.clone();
  data.pull(seg.headerLength);
  data.cb[CB_SEQ] = (seg.seq + 1) | 0;
  data.cb[CB_FLAGS] = seg.flags & ~SYN;
  forceSchedule(sk, data.truesize);
  queueReceived(sk, data, seg.endSeq);
  sk.synDataAcked = true;
  if ((seg.flags & FIN) !== 0) finReceived(now, sk);
}

/** The cookie of a segment whose options were read; `undefined` without. */
export function cookieOf(skb: SkBuff, options: OptionScan): FastopenCookie | undefined {
  if ((options.saw & SAW_FASTOPEN) === 0) return undefined;
  const { cookieAt, cookieExp, cookieLength } = options;
  return { bytes: skb.bytes.slice(cookieAt, cookieAt + cookieLength), exp: cookieExp };
}

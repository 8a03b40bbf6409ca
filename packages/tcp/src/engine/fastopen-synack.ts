/**
 * What the SYN-ACK says to a SYN of fast open: a cookie, how much of the data was taken, perhaps data of its own. RFC 7413 §4.2.2.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { SAW_MSS } from '../option-scan.ts';
import type { FastopenCookie } from './fastopen-cookie.ts';
import { retransmitLost } from './loss.ts';
import type { FastopenMetrics } from './metrics.ts';
import { markLost } from './retransmit.ts';
import type { Segment } from './segment.ts';
import { cookieOf, queueSynData } from './syn-data.ts';
import type { TcpSock } from './tcb.ts';

/** {@link TcpSock.fastopenClientFail} */
const TFO_DATA_NOT_ACKED = 2;
const TFO_SYN_RETRANSMITTED = 3;

/** The handshake is complete. True where data of the SYN was not taken: it is sent again at once, and acknowledges the SYN-ACK. */
export function fastopenSynack(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): boolean {
  const { mib } = sk.tcp;
  const left = sk.synData ? sk.rtxQueue.first : undefined;
  remember(now, sk, skb, seg, left !== undefined);
  if (left !== undefined) {
    sk.fastopenClientFail = sk.totalRetrans !== 0 ? TFO_SYN_RETRANSMITTED : TFO_DATA_NOT_ACKED;
    for (let lost: SkBuff | undefined = left; lost !== undefined; lost = lost.next) markLost(sk, lost);
    retransmitLost(now, sk);
    mib.TcpExt.TCPFastOpenActiveFail++;
    return true;
  }
  sk.synDataAcked = sk.synData;
  if (sk.synDataAcked) {
    mib.TcpExt.TCPFastOpenActive++;
    if (sk.delivered > 1) sk.delivered--; // the SYN and its data were one segment
  }
  queueSynData(now, sk, skb, seg);
  return false;
}

/** For the next connection: MSS, cookie, and whether this was lost on the way. `left`: data is not acknowledged. */
function remember(now: number, sk: TcpSock, skb: SkBuff, seg: Segment, left: boolean): void {
  if (sk.dst === undefined) return;
  const { options } = seg;
  const { fastopen } = sk.tcp.metrics.make(now, sk.family, sk.saddr, sk.daddr, sk.dst.metrics);
  const mss = (options.saw & SAW_MSS) !== 0 ? options.mss : 0;
  const said = sk.mssClamp === sk.userMss ? mss : sk.mssClamp;
  if (said !== 0) fastopen.mss = said;
  // A cookie that nobody asked for is not to be trusted.
  const cookie = sk.synFastopen ? cookieOf(skb, options) : undefined;
  takeCookie(sk, fastopen, cookie);
  // The peer seems to have seen the second SYN alone, which had nothing: the first was lost, or its answer was.
  if (sk.synFastopen && sk.totalRetrans !== 0 && cookie === undefined && left) {
    fastopen.synLoss++;
    fastopen.lastSynLoss = now;
  } else fastopen.synLoss = 0;
}

/** A cookie that was asked for in vain is asked for in the other encoding next time, once. */
function takeCookie(sk: TcpSock, fastopen: FastopenMetrics, cookie: FastopenCookie | undefined): void {
  if (cookie !== undefined && cookie.bytes.length > 0) {
    fastopen.cookie = cookie;
    return;
  }
  if (!sk.synFastopen || sk.totalRetrans !== 0 || sk.synData || cookie !== undefined) return;
  const tried = sk.synFastopenExp ? 2 : 1;
  if (tried > fastopen.tryExp && fastopen.cookie === undefined) fastopen.tryExp = tried;
}

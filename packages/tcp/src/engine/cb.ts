/**
 * What TCP keeps in an skb's control block while the skb is in one of its queues (Linux `struct tcp_skb_cb`). The layers below
 * never see it: a transmission is an skb of its own.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** First sequence number, int32. */
export const CB_SEQ = 0;
/** One past the last, SYN and FIN counted. */
export const CB_END_SEQ = 1;
/** Header flags. */
export const CB_FLAGS = 2;
/** `SACKED_*` and `TX_*` bits and {@link LOST}, of a sent skb. */
export const CB_SACKED = 3;
/** Segments it is sent as; 0 = not known. */
export const CB_PCOUNT = 4;
/** Payload bytes in each of them; 0 where it is one. */
export const CB_GSO_SIZE = 5;
/** `TcpSock.wmemSent` after it was handed down last. */
export const CB_TX_MARK = 6;
/** 1: nothing may be added behind it. */
export const CB_EOR = 7;
/** `TcpSock.delivered` when it was handed down last. */
export const CB_TX_DELIVERED = 8;
/** `TcpSock.firstTxMstamp` then: low 32 bits. */
export const CB_TX_FIRST_MSTAMP = 9;
/** `TcpSock.deliveredMstamp` then: low 32 bits. */
export const CB_TX_DELIVERED_MSTAMP = 10;

/** Delivered, by SACK. */
export const SACKED_ACKED = 1;
/** Retransmitted, and the retransmission is in flight. */
export const SACKED_RETRANS = 2;
/** Taken for lost. */
export const LOST = 4;
/** And that by RACK, which does not come back to it. */
export const LOST_BY_RACK = 8;
/** Retransmitted at some time. */
export const EVER_RETRANS = 0x80;
/** The application had nothing more to send when it was sent last. */
export const TX_APP_LIMITED = 0x100;
/** Its delivery was counted in a rate sample. */
export const TX_SAMPLED = 0x200;

export function seqOf(skb: SkBuff): number {
  return skb.cb[CB_SEQ] as number;
}

export function endSeqOf(skb: SkBuff): number {
  return skb.cb[CB_END_SEQ] as number;
}

export function flagsOf(skb: SkBuff): number {
  return skb.cb[CB_FLAGS] as number;
}

export function sackedOf(skb: SkBuff): number {
  return skb.cb[CB_SACKED] as number;
}

/** Segments the skb is sent as. */
export function pcountOf(skb: SkBuff): number {
  return skb.cb[CB_PCOUNT] as number;
}

/**
 * What is known of the acknowledgment that is being processed (Linux's `FLAG_*` and `struct tcp_sacktag_state`). One at a time: nothing
 * re-enters.
 * @module
 */

/** The segment came by the slow path, its window is looked at. */
export const FLAG_SLOWPATH = 0x1;
/** It carries data, so it is no duplicate ACK. */
export const FLAG_DATA = 0x2;
/** Its timestamp may be remembered. */
export const FLAG_UPDATE_TS = 0x4;
/** No challenge ACK for an ACK that is too old, or of what was not sent: the caller does that. */
export const FLAG_NO_CHALLENGE = 0x8;
/** It changed the window. */
export const FLAG_WIN_UPDATE = 0x10;
/** It acknowledged data. */
export const FLAG_DATA_ACKED = 0x20;
/** It acknowledged a SYN. */
export const FLAG_SYN_ACKED = 0x40;
/** Some of what it acknowledged was retransmitted. */
export const FLAG_RETRANS_DATA_ACKED = 0x80;
/** SND.UNA advanced. */
export const FLAG_SND_UNA_ADVANCED = 0x100;
/** A SACK block told of something new. */
export const FLAG_DATA_SACKED = 0x200;
/** Something below `highSeq` that was never retransmitted was delivered: so not all was lost. */
export const FLAG_ORIG_SACK_ACKED = 0x400;
/** It has a D-SACK block. */
export const FLAG_DSACKING_ACK = 0x800;
/** Which is the answer to a loss probe. */
export const FLAG_DSACK_TLP = 0x1000;
/** What is first in the queue now was delivered by SACK, and the peer forgot. */
export const FLAG_SACK_RENEGING = 0x2000;
/** A retransmission was found lost. */
export const FLAG_LOST_RETRANS = 0x4000;
/** The timer is to be set anew, for a probe or a timeout. */
export const FLAG_SET_XMIT_TIMER = 0x8000;
/** It may have waited for a delayed-ACK timer: its RTT is no minimum. */
export const FLAG_ACK_MAYBE_DELAYED = 0x1_0000;
/** It tells of congestion (RFC 3168 §6.1.2). */
export const FLAG_ECE = 0x2_0000;

/** Its timestamp is newer than the last one. */
export const FLAG_TS_PROGRESS = 0x4_0000;

/** It acknowledged something. */
export const FLAG_ACKED: number = FLAG_DATA_ACKED | FLAG_SYN_ACKED;
/** It is no duplicate ACK. */
export const FLAG_NOT_DUP: number = FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED;
/** Recovery has to look at it. */
export const FLAG_CA_ALERT: number = FLAG_DATA_SACKED | FLAG_DSACKING_ACK | FLAG_ECE;
/** It tells of something that arrived. */
export const FLAG_FORWARD_PROGRESS: number = FLAG_ACKED | FLAG_DATA_SACKED;

/** {@link AckState.rexmit}: nothing to send again. */
export const REXMIT_NONE = 0;
/** What is marked as lost. */
export const REXMIT_LOST = 1;
/** New data first (F-RTO). */
export const REXMIT_NEW = 2;

/** See {@link ackState}. */
export class AckState {
  /** `FLAG_*` bits. */
  flag = 0;
  /** Lowest sequence number that was delivered late: below what was delivered before it. */
  reord = 0;
  /** When the first and the last segment were sent of which SACK told now, µs; -1 = none. */
  firstSackTime = -1;
  lastSackTime = -1;
  /** Segments of which SACK told now, in and out of D-SACK blocks. */
  sackDelivered = 0;
  /** Marks that it tells of (RFC 9768). */
  ceCount = 0;
  /** `REXMIT_*`. */
  rexmit: number = REXMIT_NONE;

  /** For the next acknowledgment. */
  begin(flag: number, reord: number): void {
    this.flag = flag;
    this.reord = reord;
    this.firstSackTime = -1;
    this.lastSackTime = -1;
    this.sackDelivered = 0;
    this.ceCount = 0;
    this.rexmit = REXMIT_NONE;
  }
}

/** The acknowledgment being processed. */
export const ackState: AckState = /* @__PURE__ */ new AckState();

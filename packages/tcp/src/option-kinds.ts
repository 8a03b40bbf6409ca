/**
 * TCP options: their numbers, and what each is as an object. Numbers are IANA's, names Linux's where it has one.
 * @module
 */

// A kind's type is written out, so that `{ kind: TCPOPT_NOP }` is a Nop where no type is expected: without, TypeScript
// widens it to number.

/** Bytes that options may take in a header (RFC 9293 §3.1: a data offset of 15 leaves 40). */
export const MAX_TCP_OPTION_SPACE = 40;

/** End of Option List (RFC 9293 §3.2). */
export const TCPOPT_EOL: 0 = 0;
/** No-Operation (RFC 9293 §3.2). */
export const TCPOPT_NOP: 1 = 1;
/** Maximum Segment Size (RFC 9293 §3.7.1). */
export const TCPOPT_MSS: 2 = 2;
/** Window Scale (RFC 7323 §2.2). */
export const TCPOPT_WINDOW: 3 = 3;
/** SACK-permitted (RFC 2018 §2). */
export const TCPOPT_SACK_PERM: 4 = 4;
/** SACK (RFC 2018 §3). */
export const TCPOPT_SACK: 5 = 5;
/** Timestamps (RFC 7323 §3.2). */
export const TCPOPT_TIMESTAMP: 8 = 8;
/** MD5 signature (RFC 2385). */
export const TCPOPT_MD5SIG: 19 = 19;
/** User timeout (RFC 5482). */
export const TCPOPT_UTO: 28 = 28;
/** TCP authentication option (RFC 5925). */
export const TCPOPT_AO: 29 = 29;
/** Multipath TCP (RFC 8684). */
export const TCPOPT_MPTCP: 30 = 30;
/** Fast open cookie (RFC 7413). */
export const TCPOPT_FASTOPEN: 34 = 34;
/** Accurate ECN, order 0 (RFC 9768 §3.2.3). */
export const TCPOPT_ACCECN0: 172 = 172;
/** Accurate ECN, order 1 (RFC 9768 §3.2.3). */
export const TCPOPT_ACCECN1: 174 = 174;
/** The first of two kinds for experiments, told apart by an ExID (RFC 6994). */
export const TCPOPT_EXP1: 253 = 253;
/** The second kind for experiments, the one Linux uses. */
export const TCPOPT_EXP: 254 = 254;

/** ExID of fast open before it had a kind of its own (RFC 7413 appendix A). */
export const TCPOPT_FASTOPEN_MAGIC = 0xf989;

/** Not on the wire: the first malformed option and all behind it. */
export const TCPOPT_MALFORMED: -1 = -1;
/** Not on the wire: an option kept as its bytes. */
export const TCPOPT_RAW: -2 = -2;

/** Ends the list; what follows is padding, kept whatever it holds. */
export interface Eol {
  kind: typeof TCPOPT_EOL;
  /** Every byte behind the kind, to the end of the header; should be zero (RFC 9293 §3.1). */
  padding: Uint8Array;
}

/** One byte between options. */
export interface Nop {
  kind: typeof TCPOPT_NOP;
}

/** Only in a SYN. */
export interface Mss {
  kind: typeof TCPOPT_MSS;
  /** Bytes, u16: the largest segment the sender of this option takes. */
  mss: number;
}

/** Only in a SYN. */
export interface WindowScale {
  kind: typeof TCPOPT_WINDOW;
  /** Left shift of the sender's windows, u8; above 14 means 14 (RFC 7323 §2.3). */
  wscale: number;
}

/** Only in a SYN. */
export interface SackPermitted {
  kind: typeof TCPOPT_SACK_PERM;
}

/** A run of received bytes, Linux `struct tcp_sack_block`. */
export interface SackBlock {
  /** Left edge, u32: its first sequence number. */
  startSeq: number;
  /** Right edge, u32: the sequence number behind its last. */
  endSeq: number;
}

/** Selective acknowledgment. */
export interface Sack {
  kind: typeof TCPOPT_SACK;
  /** One to four blocks, the most recent first. */
  blocks: SackBlock[];
}

/** Timestamps. */
export interface Timestamps {
  kind: typeof TCPOPT_TIMESTAMP;
  /** TSval, u32, ticks of the sender's clock. */
  tsval: number;
  /** TSecr, u32: the TSval it echoes; meaningful with ACK. */
  tsecr: number;
}

/** MD5 signature of a segment. */
export interface Md5 {
  kind: typeof TCPOPT_MD5SIG;
  /** Sixteen bytes. */
  digest: Uint8Array;
}

/** How long the sender keeps a connection with unacknowledged data. */
export interface UserTimeout {
  kind: typeof TCPOPT_UTO;
  /** Unit of `timeout`: 0 seconds, 1 minutes. */
  granularity: number;
  /** 15 bits. */
  timeout: number;
}

/** TCP-AO. */
export interface Ao {
  kind: typeof TCPOPT_AO;
  /** KeyID, u8: the key that made `mac`. */
  keyId: number;
  /** RNextKeyID, u8: the key wanted in the other direction. */
  rNextKeyId: number;
  /** Its length is a matter of the algorithm: 12 bytes in RFC 5926. */
  mac: Uint8Array;
}

/** Multipath TCP, not looked into. */
export interface Mptcp {
  kind: typeof TCPOPT_MPTCP;
  /** Behind kind and length: subtype (4 bits) and what it has. */
  data: Uint8Array;
}

/** Fast open. */
export interface FastOpen {
  kind: typeof TCPOPT_FASTOPEN;
  /** 4 to 16 bytes, even; none asks for a cookie. */
  cookie: Uint8Array;
}

/** Byte counters of the Accurate ECN feedback; see `accEcnCounters` for their names. */
export interface AccEcn {
  kind: typeof TCPOPT_ACCECN0 | typeof TCPOPT_ACCECN1;
  /** None to three u24 counters in wire order; which they are depends on the kind. */
  counters: number[];
}

/** An experiment (RFC 6994). With {@link TCPOPT_FASTOPEN_MAGIC}, `data` is a fast open cookie: see `fastOpenCookie`. */
export interface Experimental {
  kind: typeof TCPOPT_EXP1 | typeof TCPOPT_EXP;
  /** ExID, u16; where the experiment has one of 32 bits, its upper half. */
  exid: number;
  /** Behind the ExID. */
  data: Uint8Array;
}

/** An option of a kind not known here, or of a known one whose length is not its own. */
export interface Raw {
  kind: typeof TCPOPT_RAW;
  /** The kind on the wire, u8, not EOL or NOP. */
  code: number;
  /** Behind kind and length. */
  data: Uint8Array;
}

/** A length of 0 or 1, or beyond the header: from there on nothing can be trusted to be an option. Always the last. */
export interface Malformed {
  kind: typeof TCPOPT_MALFORMED;
  /** From the option's kind to the end of the header. */
  data: Uint8Array;
}

/** One TCP option. `kind` tells them apart; {@link Raw} and {@link Malformed} have one that no byte can be. */
export type Option =
  | Eol
  | Nop
  | Mss
  | WindowScale
  | SackPermitted
  | Sack
  | Timestamps
  | Md5
  | UserTimeout
  | Ao
  | Mptcp
  | FastOpen
  | AccEcn
  | Experimental
  | Raw
  | Malformed;

/**
 * IPv4 options: their kinds, and what each is as an object. RFC 791 §3.1; router alert RFC 2113; security RFC 1108.
 * @module
 */

/** Bytes that options may take in a header: an IHL of 15 leaves 40. */
export const MAX_IPOPTLEN = 40;

// A kind is a copied flag (1 bit), a class (2) and a number (5). Names are Linux's.

/** End of option list. */
export const IPOPT_END = 0;
/** No operation. */
export const IPOPT_NOOP = 1;
/** Record route. */
export const IPOPT_RR = 7;
/** Internet timestamp. */
export const IPOPT_TIMESTAMP = 68;
/** Basic security. */
export const IPOPT_SEC = 130;
/** Loose source and record route. */
export const IPOPT_LSRR = 131;
/** Stream identifier. */
export const IPOPT_SID = 136;
/** Strict source and record route. */
export const IPOPT_SSRR = 137;
/** Router alert. */
export const IPOPT_RA = 148;

/** Not on the wire: the first malformed option and all behind it. */
export const IPOPT_MALFORMED = -1;
/** Not on the wire: an option kept as its bytes. */
export const IPOPT_RAW = -2;

/** Timestamp flag: the slots are timestamps. */
export const IPOPT_TS_TSONLY = 0;
/** Timestamp flag: each slot is an address and a timestamp, both written by the hosts on the way. */
export const IPOPT_TS_TSANDADDR = 1;
/** Timestamp flag: each slot is an address given by the sender and the timestamp of the host that has it. */
export const IPOPT_TS_PRESPEC = 3;

/** Ends the list; what follows is padding, kept whatever it holds. */
export interface End {
  kind: typeof IPOPT_END;
  /** Every byte behind the kind, to the end of the header; should be zero. */
  padding: Uint8Array;
}

/** One byte between options. */
export interface Noop {
  kind: typeof IPOPT_NOOP;
}

/** The way a packet took or shall take: 3 bytes and 4 an address. */
export interface Route {
  kind: typeof IPOPT_RR | typeof IPOPT_LSRR | typeof IPOPT_SSRR;
  /** u8, counted from 1 at the kind: the next slot to be used, 4 at first; beyond the option = none left. */
  pointer: number;
  /** All slots, u32 addresses, those not yet used included. */
  route: number[];
}

/** When a packet passed whom: 4 bytes and 4 a word. */
export interface Timestamp {
  kind: typeof IPOPT_TIMESTAMP;
  /** u8, counted from 1 at the kind: the next slot to be used, 5 at first; beyond the option = none left. */
  pointer: number;
  /** Hosts that found no slot left, 4 bits. */
  overflow: number;
  /** What a slot is, 4 bits: {@link IPOPT_TS_TSONLY}, {@link IPOPT_TS_TSANDADDR}, {@link IPOPT_TS_PRESPEC}. */
  flag: number;
  /** All slots as u32 words; a timestamp is in ms since midnight UT, or anything with the top bit set. */
  words: number[];
}

/** Asks routers to look closer at the packet. */
export interface RouterAlert {
  kind: typeof IPOPT_RA;
  /** u16; 0 = every router. */
  value: number;
}

/** SATNET stream; obsolete (RFC 6814). */
export interface StreamId {
  kind: typeof IPOPT_SID;
  /** u16. */
  streamId: number;
}

/** Classification, as RFC 1108 or as RFC 791 lays it out; not looked into. */
export interface Security {
  kind: typeof IPOPT_SEC;
  /** Behind kind and length. */
  data: Uint8Array;
}

/** An option of a kind not known here, or of a known one whose length is not its own. */
export interface Raw {
  kind: typeof IPOPT_RAW;
  /** The kind on the wire, u8, not END or NOOP. */
  code: number;
  /** Behind kind and length. */
  data: Uint8Array;
}

/** A length that is missing, 0 or 1, or beyond the header: from there on nothing can be trusted to be an option. Always the last. */
export interface Malformed {
  kind: typeof IPOPT_MALFORMED;
  /** From the option's kind to the end of the header. */
  data: Uint8Array;
}

/** One IPv4 option. `kind` tells them apart; {@link Raw} and {@link Malformed} have one that no byte can be. */
export type Option = End | Noop | Route | Timestamp | RouterAlert | StreamId | Security | Raw | Malformed;

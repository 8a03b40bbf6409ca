/**
 * Whole messages, one shape a kind: what each type puts behind the first four bytes.
 * @module
 */
import type { Extensions } from './extensions.ts';

/** What every message begins with. */
interface Common {
  /** Type, u8. */
  type: number;
  /** Code, u8. */
  code: number;
  /** Checksum, u16, over the message. */
  check: number;
}

/** Echo request or reply (types 8 and 0), RFC 792. */
export interface Echo extends Common {
  kind: 'echo';
  /** Identifier, u16. */
  id: number;
  /** Sequence Number, u16. */
  sequence: number;
  /** Comes back as it was sent. */
  data: Uint8Array;
}

/** Destination unreachable, source quench, time exceeded, parameter problem (types 3, 4, 11, 12), RFC 792, 1191, 4884. */
export interface ErrorMessage extends Common {
  kind: 'error';
  /** Pointer, u8, of a parameter problem; else unused. */
  pointer: number;
  /** Length, u8, 32-bit words of quote; 0 = not said. */
  length: number;
  /** Next-Hop MTU, u16, bytes, of code 4 of destination unreachable; else unused. */
  mtu: number;
  /** The packet it is about, from its IP header on, as far as it came back. */
  quote: Uint8Array;
  /** `undefined` = none. */
  extensions: Extensions | undefined;
}

/** Redirect (type 5), RFC 792. */
export interface Redirect extends Common {
  kind: 'redirect';
  /** Gateway Internet Address, u32. */
  gateway: number;
  /** The packet it is about. */
  quote: Uint8Array;
}

/** Timestamp request or reply (types 13 and 14), RFC 792. */
export interface Timestamp extends Common {
  kind: 'timestamp';
  id: number;
  sequence: number;
  /** Originate Timestamp, u32: ms since midnight UT, or with the top bit anything. */
  originate: number;
  /** Receive Timestamp, u32. */
  receive: number;
  /** Transmit Timestamp, u32. */
  transmit: number;
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** Information request or reply (types 15 and 16), RFC 792. */
export interface Information extends Common {
  kind: 'information';
  id: number;
  sequence: number;
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** Address mask request or reply (types 17 and 18), RFC 950. */
export interface AddressMask extends Common {
  kind: 'mask';
  id: number;
  sequence: number;
  /** Address Mask, u32. */
  mask: number;
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** A router, in an {@link Advertisement}. */
export interface RouterAddress {
  /** Router Address, u32. */
  address: number;
  /** Preference Level, int32: higher is better, -0x80000000 never. */
  preference: number;
}

/** Router advertisement (type 9), RFC 1256, with entries of two words. */
export interface Advertisement extends Common {
  kind: 'advertisement';
  /** Lifetime, u16, seconds. */
  lifetime: number;
  /** Their number is written as Num Addrs, u8. */
  routers: RouterAddress[];
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** Router solicitation (type 10), RFC 1256. */
export interface Solicitation extends Common {
  kind: 'solicitation';
  /** Reserved, u32. */
  reserved: number;
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** Extended echo request (type 42), RFC 8335. */
export interface ExtendedEcho extends Common {
  kind: 'extended-echo';
  id: number;
  /** Sequence Number, u8. */
  sequence: number;
  /** Reserved, 7 bits. */
  reserved: number;
  /** L, 1 bit: the interface is one of the node that is asked. */
  local: number;
  /** Holds the interface identification object. */
  extensions: Extensions;
}

/** Extended echo reply (type 43), RFC 8335. */
export interface ExtendedEchoReply extends Common {
  kind: 'extended-echo-reply';
  id: number;
  /** Sequence Number, u8. */
  sequence: number;
  /** State, 3 bits, of a neighbour cache entry: 1 incomplete, 2 reachable, 3 stale, 4 delay, 5 probe, 6 failed. */
  state: number;
  /** Reserved, 2 bits. */
  reserved: number;
  /** A, 1 bit: the interface is active. */
  active: number;
  /** 4, 1 bit: IPv4 runs on it. */
  ipv4: number;
  /** 6, 1 bit: IPv6 runs on it. */
  ipv6: number;
  /** What follows; nothing, by the RFC. */
  data: Uint8Array;
}

/** A message of another type, or one too short, or too odd, for its type: kept as it is. */
export interface Raw extends Common {
  kind: 'raw';
  /** The second word, u32. */
  rest: number;
  /** What follows. */
  data: Uint8Array;
}

/** A message, told by its `kind`. */
export type Message =
  | Echo
  | ErrorMessage
  | Redirect
  | Timestamp
  | Information
  | AddressMask
  | Advertisement
  | Solicitation
  | ExtendedEcho
  | ExtendedEchoReply
  | Raw;

/**
 * A script, read: what a run needs to know of it. Times are integer microseconds; positions are offsets into the text.
 * @module
 */
import type { Statement } from '../code/code.ts';

/** Where a line's event belongs on the clock. */
export type EventTime =
  | { kind: 'absolute'; time: number }
  | { kind: 'relative'; time: number }
  /** Any moment from `time` to `end`. */
  | { kind: 'absolute range'; time: number; end: number }
  | { kind: 'relative range'; time: number; end: number }
  /** `*`: whenever it happens. */
  | { kind: 'any' };

/** Something that stands in a script. */
interface Placed {
  position: number;
  line: number;
}

/** The addition `...0.2` of a call that waits: when it returns, counted as the time of its line is. */
interface Blocking {
  returns: number | undefined;
}

/** A packet that is put in (`<`) or must come out (`>`). */
export interface PacketEvent extends Placed {
  kind: 'packet';
  time: EventTime;
  packet: Packet;
}

/** A system call. */
export interface CallEvent extends Placed, Blocking {
  kind: 'call';
  time: EventTime;
  name: string;
  arguments: readonly Expression[];
  result: CallResult;
}

/** Commands between back-ticks. */
export interface CommandEvent extends Placed {
  kind: 'command';
  time: EventTime;
  text: string;
}

/** Assertions between `%{` and `}%`. */
export interface CodeEvent extends Placed {
  kind: 'code';
  time: EventTime;
  statements: readonly Statement[];
}

/** What happens at a time. */
export type Event = PacketEvent | CallEvent | CommandEvent | CodeEvent;

/** What a call must answer. */
export interface CallResult {
  value: Expression;
  /** Name of the error; `undefined` = any, or none. */
  errno: string | undefined;
}

/** Commands without a time: before the first event, or behind the last. */
export interface Command extends Placed {
  text: string;
}

/** A whole script. */
export interface Script {
  file: string;
  text: string;
  /** `--name=value` lines, in their order. */
  options: readonly { name: string; value: string | undefined; position: number }[];
  setup: readonly Command[];
  events: readonly Event[];
  cleanup: readonly Command[];
}

/** The ECN bits and what else of the IP header may be told. */
export interface IpFields {
  /** 0..3; `undefined` = not checked, and 0 when sent. */
  ecn: number | undefined;
  /** The whole byte. */
  tos: number | undefined;
  /** Read, and on outbound packets checked. */
  ttl: number | undefined;
}

/** Which way a packet goes. */
export type Direction = 'in' | 'out';

/** A TCP segment. */
export interface TcpPacket {
  protocol: 'tcp';
  direction: Direction;
  ip: IpFields;
  /** As `tcp.FIN | …`. */
  flags: number;
  /** In the script's numbers. */
  seq: number;
  length: number;
  ack: number | undefined;
  window: number | undefined;
  urgent: number | undefined;
  /** `undefined` = `<...>`, not checked. */
  options: readonly ScriptOption[] | undefined;
}

/** A UDP datagram. */
export interface UdpPacket {
  protocol: 'udp';
  direction: Direction;
  ip: IpFields;
  length: number;
}

/** An ICMP error, about a packet of the connection. */
export interface IcmpPacket {
  protocol: 'icmp';
  direction: Direction;
  ip: IpFields;
  type: number;
  code: number;
  /** A message that only ICMPv6 has. */
  onlyIpv6: boolean;
  mtu: number | undefined;
  /** The quoted segment's numbers. */
  quote: { seq: number; length: number } | undefined;
}

/** A packet line. */
export type Packet = TcpPacket | UdpPacket | IcmpPacket;

/** A TCP option of a script. */
export type ScriptOption =
  | { kind: 'eol' }
  | { kind: 'nop' }
  | { kind: 'mss'; mss: number }
  | { kind: 'wscale'; wscale: number }
  | { kind: 'sackOK' }
  | { kind: 'sack'; blocks: readonly { start: number; end: number }[] }
  | { kind: 'TS'; val: number; ecr: number }
  | { kind: 'md5'; digest: Uint8Array }
  | { kind: 'FO' | 'FOEXP'; cookie: Uint8Array }
  /** AccECN (RFC 9768): counters in the order of kind 172 (0) or 174 (1). */
  | { kind: 'ECN'; order: 0 | 1; counters: readonly number[] }
  | { kind: 'unknown'; code: number; data: Uint8Array };

/** An argument or a result of a call. */
export type Expression = Placed &
  (
    | { kind: 'integer'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'symbol'; name: string }
    | { kind: 'ellipsis' }
    | { kind: 'or'; terms: readonly Expression[] }
    | { kind: 'list'; items: readonly Expression[] }
    | { kind: 'struct'; items: readonly Expression[] }
    /** `htons(8080)`, and `msg_iov(2)` of `msg_iov(2)=[…]`. */
    | { kind: 'apply'; name: string; arguments: readonly Expression[] }
    /** `fd=4`. */
    | { kind: 'field'; name: string; value: Expression }
  );

/**
 * What options hold, by level and number. An option that is not listed holds a number; booleans may be set as such and are read as
 * 0 or 1, as Linux has it.
 * @module
 */
import type { Timeval } from './control.ts';
import type { OptionData } from './ports.ts';

/** `struct linger`. */
export interface Linger {
  /** Whether `close` lingers; read as 0 or 1. */
  onoff: boolean | number;
  /** Seconds. With 0, `close` resets the connection. */
  linger: number;
}

/** `struct ip_mreqn`: a group, and the device it is joined at, told by index or by its address. */
export interface Membership {
  multiaddr: string;
  address?: string;
  ifindex?: number;
}

/** `struct ip_mreq_source`: a group, the address of the device, and a source. */
export interface SourceMembership {
  multiaddr: string;
  interface: string;
  sourceaddr: string;
}

/** `struct packet_mreq`. */
export interface PacketMembership {
  ifindex: number;
  /** `PACKET_MR_*`. */
  type: number;
  /** MAC address of the group. */
  address?: string;
}

/** `struct tcp_repair_opt`: kind of a TCP option, and what it said. */
export interface TcpRepairOption {
  /** 2 MSS, 3 window scale, 4 SACK permitted, 8 timestamps. */
  optCode: number;
  /** The peer's MSS; its shift, and ours times 65,536; 0. */
  optVal: number;
}

/** `struct tcp_repair_window`. */
export interface TcpRepairWindow {
  sndWl1: number;
  sndWnd: number;
  maxWindow: number;
  rcvWnd: number;
  rcvWup: number;
}

/** `level:option` of each option that holds something else than a number: what it gives, and what it takes. */
export interface OptionTypes {
  /** SO_LINGER */
  '1:13': { get: Linger; set: Linger };
  /** SO_RCVTIMEO: numbers are milliseconds. */
  '1:20': { get: Timeval; set: Timeval | number };
  /** SO_SNDTIMEO: numbers are milliseconds. */
  '1:21': { get: Timeval; set: Timeval | number };
  /** SO_BINDTODEVICE */
  '1:25': { get: string; set: string };
  /** IP_OPTIONS */
  '0:4': { get: Uint8Array; set: Uint8Array };
  /** IP_MULTICAST_IF */
  '0:32': { get: string; set: string | { address?: string; ifindex?: number } };
  /** IP_ADD_MEMBERSHIP */
  '0:35': { get: never; set: Membership };
  /** IP_DROP_MEMBERSHIP */
  '0:36': { get: never; set: Membership };
  /** IP_UNBLOCK_SOURCE */
  '0:37': { get: never; set: SourceMembership };
  /** IP_BLOCK_SOURCE */
  '0:38': { get: never; set: SourceMembership };
  /** IP_ADD_SOURCE_MEMBERSHIP */
  '0:39': { get: never; set: SourceMembership };
  /** IP_DROP_SOURCE_MEMBERSHIP */
  '0:40': { get: never; set: SourceMembership };
  /** TCP_INFO: `struct tcp_info`, as the TCP below has it. */
  '6:11': { get: Readonly<Record<string, number>>; set: never };
  /** TCP_REPAIR_OPTIONS */
  '6:22': { get: never; set: readonly TcpRepairOption[] };
  /** TCP_REPAIR_WINDOW */
  '6:29': { get: TcpRepairWindow; set: TcpRepairWindow };
  /** TCP_CC_INFO: `union tcp_cc_info`, as the congestion control has it. */
  '6:26': { get: Readonly<Record<string, number>>; set: never };
  /** TCP_CONGESTION */
  '6:13': { get: string; set: string };
  /** TCP_FASTOPEN_KEY */
  '6:33': { get: Uint8Array; set: Uint8Array };
  /** PACKET_ADD_MEMBERSHIP */
  '263:1': { get: never; set: PacketMembership };
  /** PACKET_DROP_MEMBERSHIP */
  '263:2': { get: never; set: PacketMembership };
  /** PACKET_STATISTICS */
  '263:6': { get: { packets: number; drops: number }; set: never };
}

type Key<L extends number, O extends number> = `${L}:${O}`;

/** What `getsockopt` gives for an option. */
export type OptionValue<L extends number, O extends number> = number extends L | O
  ? OptionData
  : Key<L, O> extends keyof OptionTypes
    ? OptionTypes[Key<L, O>]['get']
    : number;

/** What `setsockopt` takes for an option. */
export type OptionInput<L extends number, O extends number> = number extends L | O
  ? OptionData | boolean
  : Key<L, O> extends keyof OptionTypes
    ? OptionTypes[Key<L, O>]['set']
    : number | boolean;

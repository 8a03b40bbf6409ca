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

/** `struct tcp_md5sig`, without `tcpm_`. */
export interface TcpMd5Sig {
  /** The peer. */
  addr: string;
  /** `TCP_MD5SIG_FLAG_*` bits. */
  flags?: number;
  /** Bits of the address that count: with TCP_MD5SIG_EXT and its flag. */
  prefixlen?: number;
  ifindex?: number;
  /** At most 80 bytes; none deletes the key. */
  key: Uint8Array;
}

/** Which key of a peer. */
export interface TcpAoPeer {
  /** The peer. */
  addr: string;
  /** Bits of the address that count; 0 with an address of 0.0.0.0: every peer. */
  prefix: number;
  /** KeyID of what we sign with it, u8. */
  sndid: number;
  /** KeyID of what the peer signs with it, u8. */
  rcvid: number;
  /** `TCP_AO_KEYF_*` bits. */
  keyflags?: number;
  ifindex?: number;
}

/** `struct tcp_ao_add`. */
export interface TcpAoAdd extends TcpAoPeer {
  /** `hmac(sha1)`, `cmac(aes128)`, … */
  algName: string;
  /** The master key, at most 80 bytes. */
  key: Uint8Array;
  /** Bytes of the code in a segment; 12 unless given, or 0. */
  maclen?: number;
  /** It signs from now on. */
  setCurrent?: boolean;
  /** The peer is asked to sign with it. */
  setRnext?: boolean;
}

/** `struct tcp_ao_del`. A key that is in use needs one to go on with. */
export interface TcpAoDel extends TcpAoPeer {
  /** `sndid` of the key that signs from now on. */
  current?: number;
  /** `rcvid` of the key that the peer is asked to sign with. */
  rnext?: number;
  /** Of a listener: whatever is under way with it. */
  delAsync?: boolean;
}

/** `struct tcp_ao_info_opt`. What is not given when it is set is off, but for the keys. */
export interface TcpAoInfo {
  /** `sndid` of the key we sign with. */
  current?: number;
  /** `rcvid` of the key that the peer is asked to sign with. */
  rnext?: number;
  /** Segments of peers without a key are dropped too. */
  aoRequired?: boolean;
  /** ICMP errors are believed. */
  acceptIcmps?: boolean;
  /** The counters below are set. */
  setCounters?: boolean;
  /** Segments that were signed well, badly, with a key that is not there, not at all; and ICMP errors that were not believed. */
  pktGood?: number;
  pktBad?: number;
  pktKeyNotFound?: number;
  pktAoRequired?: number;
  pktDroppedIcmp?: number;
}

/** `struct tcp_ao_getsockopt`: one key. */
export interface TcpAoKey extends Required<TcpAoPeer> {
  algName: string;
  key: Uint8Array;
  maclen: number;
  isCurrent: boolean;
  isRnext: boolean;
  /** Segments that it verified, and that it did not. */
  pktGood: number;
  pktBad: number;
}

/** `struct tcp_ao_repair`; all u32. */
export interface TcpAoRepair {
  /** Initial sequence numbers: ours, the peer's. */
  sntIsn: number;
  rcvIsn: number;
  /** Extensions of the first number that was not acknowledged, and of the one that is expected next. */
  sndSne: number;
  rcvSne: number;
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
  /** SO_TIMESTAMPING: `SOF_TIMESTAMPING_*`; of `struct so_timestamping` both fields. */
  '1:37': { get: number; set: number | { flags: number; bindPhc: number } };
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
  /** TCP_MD5SIG */
  '6:14': { get: never; set: TcpMd5Sig };
  /** TCP_MD5SIG_EXT */
  '6:32': { get: never; set: TcpMd5Sig };
  /** TCP_AO_ADD_KEY */
  '6:38': { get: never; set: TcpAoAdd };
  /** TCP_AO_DEL_KEY */
  '6:39': { get: never; set: TcpAoDel };
  /** TCP_AO_INFO */
  '6:40': { get: TcpAoInfo; set: TcpAoInfo };
  /** TCP_AO_GET_KEYS */
  '6:41': { get: readonly TcpAoKey[]; set: never };
  /** TCP_AO_REPAIR */
  '6:42': { get: TcpAoRepair; set: TcpAoRepair };
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

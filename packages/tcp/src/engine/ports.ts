/**
 * What TCP asks of its neighbours: the network below, timers, memory, and who counts its drops. The host passes the real things.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { AuthAddresses, Mac } from './mac.ts';
import type { CoreSysctl, TcpSysctl } from './sysctl.ts';

/** An error by its name in `errno.h`, such as `ECONNREFUSED`. A call's other results are no strings: `typeof` tells. */
export type Errno = string;

/** {@link Family.output}: taken. */
export const OK = 0;
/** {@link Family.output}: thrown away below (`NET_XMIT_DROP`). */
export const DROP = 1;
/** {@link Family.output}: taken, and the queue below is congested (`NET_XMIT_CN`). */
export const CN = 2;

/** Linux's `timer_list`. */
export interface Timer {
  readonly pending: boolean;
  /** When it fires, µs; meaningless when not pending. */
  readonly expires: number;
  /** (Re)arms it for an absolute time, µs. A time that is past fires as soon as possible, never from within this call. */
  mod(expires: number): void;
  /** Disarms it. Whether it was armed. */
  del(): boolean;
}

/** Where timers come from. */
export interface Timers {
  /** A timer that is not armed; `fire` gets `argument`, so that no closure is needed. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
}

/** Options of a socket that belong to the network layer. Made by {@link Family.inet}; read here only where TCP itself must know. */
export interface Inet {
  /** `IP_TOS`: type of service or traffic class. */
  tos: number;
  /** `IP_MINTTL`: segments with a lower TTL are dropped (RFC 5082); 0 = none. */
  minttl: number;
  /** `IP_RECVERR`: ICMP errors are queued and reported at once. */
  recverr: boolean;
  /** `IP_MTU_DISCOVER`: `IP_PMTUDISC_*`. 0 (DONT) makes TCP ignore path MTU messages. */
  pmtudisc: number;
  /** `IP_FREEBIND`, `IP_TRANSPARENT`: addresses that are not local may be bound. */
  readonly freebind?: boolean;
  readonly transparent?: boolean;
  /** `IP_LOCAL_PORT_RANGE`: upper port << 16 | lower port; 0 in a half = the sysctl's. */
  readonly localPortRange?: number;
  /** Bytes of network-layer options in each packet; absent: 0. They take their part of the MTU. */
  readonly optionsLength?: number;
}

/** A key for {@link Family.route}. `saddr` may be the family's `any`; the answer fills it in. */
export interface Flow<A> {
  daddr: A;
  saddr: A;
  /** Index of the only device to use; 0 = any. */
  oif: number;
  tos: number;
  /** `SO_MARK`, u32. */
  mark: number;
  /** 6. */
  protocol: number;
  sport: number;
  dport: number;
  /** `SO_DONTROUTE`: only what is on a link. */
  dontroute: boolean;
}

/** Per-route hints, by the names of `ip route`; 0 = not set. */
export interface DstMetrics {
  /** Initial congestion window, segments. */
  readonly initcwnd: number;
  /** Initial receive window, segments. */
  readonly initrwnd: number;
  /** Largest window to offer, bytes. */
  readonly window: number;
  /** Lower bound on the retransmission timeout, ms. */
  readonly rto_min: number;
  /** Non-zero: never delay ACKs. */
  readonly quickack: number;
  /** Round trip to begin with, ms times 8. */
  readonly rtt: number;
  /** Its deviation, ms times 4. */
  readonly rttvar: number;
  /** Slow start threshold to begin with, segments. */
  readonly ssthresh: number;
  /** Where locked: the congestion window is never larger, segments. */
  readonly cwnd: number;
  /** Reordering to begin with, segments. */
  readonly reordering: number;
  /** Bits: 1 = ECN is asked for and agreed to. */
  readonly features: number;
  /** Name of the congestion control; empty = not set. */
  readonly congctl: string;
  /** 1: fast open goes without cookies. */
  readonly fastopen_no_cookie: number;
  /** Bits `LOCK_*` of what is locked: measurements do not change it. */
  readonly locks: number;
}

// Bits of {@link DstMetrics.locks}: 1 << RTAX_*.
export const LOCK_RTT: number = 1 << 4;
export const LOCK_RTTVAR: number = 1 << 5;
export const LOCK_SSTHRESH: number = 1 << 6;
export const LOCK_CWND: number = 1 << 7;
export const LOCK_REORDERING: number = 1 << 9;
export const LOCK_CONGCTL: number = 1 << 16;

/** {@link DstMetrics.features}. */
export const FEATURE_ECN = 1;

/** Where packets of a connection go: a route with its device, cached on the socket. */
export interface Dst {
  /** Path MTU now, bytes of the network layer's packet. */
  mtu(now: number): number;
  /** MSS to advertise, bytes. */
  readonly advmss: number;
  /** Bytes that the layers below may push in front of a TCP header. */
  readonly headroom: number;
  /** Most bytes in a super-packet, headers included. */
  readonly gsoMaxSize: number;
  /** Most segments in a super-packet. */
  readonly gsoMaxSegs: number;
  readonly metrics: DstMetrics;
  /** Whether it must be looked up again. */
  obsolete(): boolean;
}

/** Whose packet it is: what {@link Family.output} reads of the sender, which may be a socket, a request or TIME-WAIT. */
export interface PacketSource<A> {
  readonly saddr: A;
  readonly daddr: A;
  readonly inet: Inet;
  readonly mark: number;
  readonly priority: number;
  /** 6. */
  readonly protocol: number;
}

/** A network layer under TCP: IPv4, IPv6. TCP never looks into an address. */
export interface Family<A> {
  readonly name: 'AF_INET' | 'AF_INET6';
  /** The unspecified address. */
  readonly any: A;
  same(a: A, b: A): boolean;
  /** int32. */
  hash(a: A): number;
  /** Source address of a received packet, read at its `networkHeader`. */
  saddr(skb: SkBuff): A;
  /** Destination address of a received packet. */
  daddr(skb: SkBuff): A;
  /** Sum of the pseudo-header for `length` bytes of segment. */
  pseudo(saddr: A, daddr: A, protocol: number, length: number): number;
  /** `SKB_GSO_TCPV4` or `SKB_GSO_TCPV6`. */
  readonly gsoType: number;
  /** Bytes in the network header without options: 20 or 40. */
  readonly headerLength: number;
  /** Fresh options for a socket. */
  inet(): Inet;
  /** Copies the options of a listener to those of a connection it accepts, beyond what {@link Inet} names. */
  inherit?(from: Inet, to: Inet): void;
  /**
   * Network-layer options that what answers a packet carries, a source route reversed; `undefined` = none (Linux `tcp_v4_save_options`). Absent:
   * there are no such options.
   */
  answerOptions?(skb: SkBuff): unknown;
  /** Gives what {@link answerOptions} gave to a socket or to what stands for one. */
  setOptions?(inet: Inet, options: unknown): void;
  /**
   * Looks up where `flow` goes and fills in `flow.saddr`; `flow.daddr` too, where the unspecified address means this host. `inet`: the options
   * of who sends, which may hold a source route.
   */
  route(now: number, flow: Flow<A>, inet: Inet | undefined): Dst | Errno;
  /**
   * Sends a segment, `data` at its TCP header, taking the skb over in any case.
   * {@link OK}, {@link CN}, {@link DROP}, or an errno where it could not even be queued.
   */
  output(now: number, skb: SkBuff, dst: Dst, from: PacketSource<A>): number | Errno;
  /** Whether a socket may be bound to it. */
  local(address: A): boolean;
  isMulticast(address: A): boolean;
  isBroadcast(address: A): boolean;
  /** Whether it is of this host and no other can have it: 127.0.0.0/8, ::1. Absent: none is. */
  isLoopback?(address: A): boolean;
  /** The peer made progress, so the neighbour is reachable. */
  confirm(now: number, dst: Dst): void;
  /**
   * A router reported a smaller path MTU for this connection and TCP believes it (Linux `dst->ops->update_pmtu`). Absent where the
   * network layer learnt it before it called {@link Tcp.error}.
   */
  updatePmtu?(now: number, dst: Dst, mtu: number): void;
  /** What keys and signatures need of addresses. Absent: sockets of this family have no `TCP_MD5SIG` and no `TCP_AO_*`. */
  readonly auth?: AuthAddresses<A>;
}

/** An ICMP error about a segment of ours. */
export interface Quote<A> {
  readonly view: DataView;
  /** Where the quoted TCP header starts in `view`. */
  readonly at: number;
  /** Bytes of it there, 8 or more. */
  readonly length: number;
  /** Of the quoted packet: us. */
  readonly saddr: A;
  readonly daddr: A;
  readonly protocol: number;
  /** ICMP type and code. */
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU, … */
  readonly info: number;
  /** What the message means to a socket; `EMSGSIZE` for a path MTU. */
  readonly errno: Errno;
  /** Whether an established connection might end for it. TCP does not (RFC 5927 §5). */
  readonly fatal: boolean;
  /** Who sent the message. */
  readonly offender: A;
  /** What followed the quoted transport header; a copy. */
  payload(): Uint8Array;
}

/** What a {@link Tcp} is built with. */
export interface TcpOptions {
  /** `net.ipv4.*`, live: read where Linux reads it. */
  readonly sysctl: TcpSysctl;
  /** `net.core.*`, live. */
  readonly core: CoreSysctl;
  readonly pool: Pool;
  readonly timers: Timers;
  /** A random u32. */
  readonly random: () => number;
  /** Takes over a packet that TCP refuses: counts `reason` (Linux's `enum skb_drop_reason` without prefix), traces, frees. */
  readonly drop: (skb: SkBuff, reason: string) => void;
  /** Asks for a call of {@link Tcp.softirq} soon, outside the present one. */
  readonly raise: () => void;
  /** Told of a fast open key that was drawn, as `tcp_fastopen_key` has it, so that it can be shown. */
  readonly fastopenKeyDrawn?: (text: string) => void;
  /** Message authentication codes. Absent: there is no `TCP_MD5SIG` and no `TCP_AO_*`, and no segment is looked through for signatures. */
  readonly mac?: Mac | undefined;
  /** Whether the caller may bind ports below `ip_unprivileged_port_start` (CAP_NET_BIND_SERVICE). Absent: everybody. */
  readonly privileged?: () => boolean;
}

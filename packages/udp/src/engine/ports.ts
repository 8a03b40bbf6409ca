/**
 * What UDP asks of its neighbours: the network below, memory, and who counts its drops. The host passes the real things.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { CoreSysctl, UdpSysctl } from './sysctl.ts';

/** An error by its name in `errno.h`, such as `ECONNREFUSED`. A call's other results are no strings: `typeof` tells. */
export type Errno = string;

/** {@link Family.output}: taken. */
export const OK = 0;
/** {@link Family.output}: thrown away below (`NET_XMIT_DROP`). */
export const DROP = 1;
/** {@link Family.output}: taken, and the queue below is congested (`NET_XMIT_CN`). */
export const CN = 2;

/** Options of a socket that belong to the network layer. Made by {@link Family.inet}; UDP reads these and leaves the rest alone. */
export interface Inet<A> {
  /** `IP_TOS`: type of service or traffic class. */
  tos: number;
  /** `IP_TTL`; -1 = the route's or the system's default. */
  ttl: number;
  /** `IP_RECVERR`: ICMP errors are queued and reported at once. */
  recverr: boolean;
  /** `IP_MTU_DISCOVER`: `IP_PMTUDISC_*`, 0 (DONT) to 5 (OMIT). */
  pmtudisc: number;
  /** `IP_MULTICAST_TTL`. */
  mcTtl: number;
  /** `IP_MULTICAST_IF`: index of the device for multicast; 0 = by route. */
  mcIndex: number;
  /** `IP_MULTICAST_IF`: source of multicast; the family's `any` = by route. */
  mcAddr: A;
  /** `IP_UNICAST_IF`: index of the device for unicast; 0 = by route. */
  ucIndex: number;
  /** `IP_FREEBIND`: any address may be bound. */
  freebind: boolean;
  /** `IP_TRANSPARENT`: the same, as far as UDP is concerned. */
  transparent: boolean;
  /** `IP_BIND_ADDRESS_NO_PORT`: binding to port 0 takes none yet. */
  bindAddressNoPort: boolean;
  /** `IP_LOCAL_PORT_RANGE`: high << 16 | low of the ports it may get by chance, u32; a 0 = as `ip_local_port_range`. */
  localPortRange: number;
  /** The socket is connected: packet ids count up from `id`, u16 (Linux `inet_id`). Absent: ids are not its business. */
  connect?(id: number): void;
  /** `IP_PKTINFO`: {@link Family.specDst} is wanted with each datagram. */
  pktinfo: boolean;
}

/** A key for {@link Family.route}. `saddr` may be the family's `any`; the answer fills it in. */
export interface Flow<A> {
  /** Where to; the family's `any` means this host, and the answer fills that in. */
  daddr: A;
  saddr: A;
  /** Index of the only device to use; 0 = any. */
  oif: number;
  tos: number;
  /** `SO_MARK`, u32. */
  mark: number;
  /** 17. */
  protocol: number;
  sport: number;
  dport: number;
  /** `SO_DONTROUTE`, `MSG_DONTROUTE`: only destinations on a link of this host. */
  dontroute: boolean;
}

/** Where datagrams go: a route with its device, cached on connected sockets. */
export interface Dst {
  /** `broadcast` is for sockets with `SO_BROADCAST` alone. */
  readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast';
  /** The device it leaves by. */
  readonly dev: { readonly ifindex: number; readonly mtu: number };
  /** Path MTU now, bytes of the network layer's packet. */
  mtu(now: number): number;
  /** Bytes that the layers below may push in front of a UDP header. */
  readonly headroom: number;
  /** Whether it must be looked up again. */
  obsolete(): boolean;
}

/**
 * Whose datagram it is and how it is to be sent: what {@link Family.output} reads. It is the engine's and changes with the next
 * send: read it during the call.
 */
export interface PacketSource<A> {
  readonly saddr: A;
  readonly daddr: A;
  /** The socket's options; `tos` and `ttl` beside it say what holds for this datagram. */
  readonly inet: Inet<A>;
  readonly tos: number;
  /** -1 = the route's or the system's default. Multicast has its own, and never -1. */
  readonly ttl: number;
  readonly mark: number;
  readonly priority: number;
  /** 17. */
  readonly protocol: number;
}

/** A network layer under UDP: IPv4, IPv6. UDP never looks into an address. */
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
  /** The address of this host that a reply to a received packet comes from (`ipi_spec_dst`): `daddr` unless that is a group's. */
  specDst(skb: SkBuff): A;
  /** Sum of the pseudo-header for `length` bytes of datagram. */
  pseudo(saddr: A, daddr: A, protocol: number, length: number): number;
  /** Bytes in the network header without options: 20 or 40. */
  readonly headerLength: number;
  /** Fresh options for a socket. */
  inet(): Inet<A>;
  /**
   * Looks up where `flow` goes and fills in `flow.saddr`, and `flow.daddr` where that was `any`. `inet`: the options of who sends, which may
   * hold a source route.
   */
  route(now: number, flow: Flow<A>, inet: Inet<A>): Dst | Errno;
  /**
   * Sends a datagram, `data` at its UDP header, taking the skb over in any case; what is larger than the MTU is fragmented, or
   * cut where `gsoSize` is set. {@link OK}, {@link CN}, {@link DROP}, or an errno.
   */
  output(now: number, skb: SkBuff, dst: Dst, from: PacketSource<A>): number | Errno;
  /** Whether a socket may be bound to it: an address of this host, a group or a broadcast address. */
  local(address: A): boolean;
  isMulticast(address: A): boolean;
  isBroadcast(address: A): boolean;
  /**
   * Whether `sk` gets a datagram to a group: its memberships with their sources, or `IP_MULTICAST_ALL` (Linux `ip_mc_sf_allow`).
   * Asked for multicast alone.
   */
  isMember(skb: SkBuff, sk: { readonly inet: Inet<A> }): boolean;
  /** Nobody has the port: answers with an ICMP port unreachable. Does not take the skb over; its `networkHeader` is set. */
  portUnreachable(now: number, skb: SkBuff): void;
  /** The peer was heard of, so the neighbour is reachable (`MSG_CONFIRM`). */
  confirm(now: number, dst: Dst): void;
}

/** An ICMP error about a datagram of ours. */
export interface Quote<A> {
  readonly view: DataView;
  /** Where the quoted UDP header starts in `view`. */
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
  /** What the message means to a socket; `EMSGSIZE` for a path MTU, empty where it is none of the socket's business. */
  readonly errno: Errno;
  /** Whether a connected socket hears of it without `IP_RECVERR`. */
  readonly fatal: boolean;
  /** Who sent the message. */
  readonly offender: A;
  /** Device that the message arrived on; 0 = not known. */
  readonly ifindex?: number;
  /** What followed the quoted transport header; a copy. */
  payload(): Uint8Array;
}

/** What a {@link Udp} is built with. */
export interface UdpOptions {
  /** `net.ipv4.*`, live: read where Linux reads it. */
  readonly sysctl: UdpSysctl;
  /** `net.core.*`, live. */
  readonly core: CoreSysctl;
  readonly pool: Pool;
  /** A random u32. */
  readonly random: () => number;
  /** Takes over a packet that UDP refuses: counts `reason` (Linux's `enum skb_drop_reason` without prefix), traces, frees. */
  readonly drop: (skb: SkBuff, reason: string) => void;
  /** Whether a port below `ip_unprivileged_port_start` may be bound (CAP_NET_BIND_SERVICE). Absent: it may. */
  readonly privileged?: () => boolean;
}

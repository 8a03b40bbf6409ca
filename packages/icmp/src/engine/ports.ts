/**
 * What ICMP asks of its neighbours: IPv4 below and around it, memory, and who counts its drops. The host passes the real things.
 * Addresses are u32.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { IcmpSysctl } from './sysctl.ts';

/** An error by its name in `errno.h`, such as `ECONNREFUSED`. A call's other results are no strings: `typeof` tells. */
export type Errno = string;

/** {@link IcmpOptions.output}: taken. */
export const OK = 0;
/** {@link IcmpOptions.output}: thrown away below (`NET_XMIT_DROP`). */
export const DROP = 1;
/** {@link IcmpOptions.output}: taken, and the queue below is congested (`NET_XMIT_CN`). */
export const CN = 2;

/** Options of a ping socket that belong to the network layer; ICMP reads these and leaves the rest alone. */
export interface Inet {
  /** `IP_TOS`. */
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
  /** `IP_MULTICAST_IF`: source of multicast, u32; 0 = by route. */
  mcAddr: number;
  /** `IP_UNICAST_IF`: index of the device for unicast; 0 = by route. */
  ucIndex: number;
  /** `IP_FREEBIND` or `IP_TRANSPARENT`: any address may be bound. */
  freebind: boolean;
  /** `IP_PKTINFO`: the address written to is wanted with each message. */
  pktinfo: boolean;
}

/** Where a message goes and how: a key for {@link IcmpOptions.route}, and what {@link IcmpOptions.output} writes into the header. */
export interface Flow {
  /** 0 = this host; the answer of {@link IcmpOptions.route} fills it in. */
  daddr: number;
  /** 0 = the route's; the answer of {@link IcmpOptions.route} fills it in. */
  saddr: number;
  /** Index of the only device to use; 0 = any. */
  oif: number;
  /** The TOS byte as it is to be sent. */
  tos: number;
  /** Firewall mark, u32. */
  mark: number;
  /** Queueing priority, u32. */
  priority: number;
  /** 1. */
  protocol: number;
  /** ICMP type, where a source port would be. */
  sport: number;
  /** ICMP code, where a destination port would be. */
  dport: number;
  /** -1 = the system's default. */
  ttl: number;
  /** IP options for the header, padded to words, as {@link IcmpOptions.echoOptions} gave them; `undefined` = none. */
  options: Uint8Array | undefined;
  /** The options of the ping socket whose message it is; `undefined` = our own. `tos` and `ttl` are settled already. */
  inet: Inet | undefined;
}

/** Where messages go: a route with its device. */
export interface Dst {
  /** `broadcast` is for sockets with `SO_BROADCAST` alone. */
  readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast';
  /** Path MTU now, bytes of the IP packet. */
  mtu(now: number): number;
  /** Bytes that the layers below may push in front of an ICMP header, without IP options. */
  readonly headroom: number;
  /** The device it leaves by; what leaves by loopback is never rate limited. */
  readonly dev: { readonly loopback: boolean };
}

/** An ICMP error about a packet of ours, as {@link IcmpOptions.error} gets it. It holds during the call. */
export interface Quote {
  readonly view: DataView;
  /** Where the quoted transport header starts in `view`. */
  readonly at: number;
  /** Bytes of it there, 8 or more. */
  readonly length: number;
  /** Of the quoted packet: us, u32. */
  readonly saddr: number;
  readonly daddr: number;
  readonly protocol: number;
  /** ICMP type and code. */
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU, bytes, never 0 unless `ip_no_pmtu_disc` is 1; pointer; gateway, u32; else 0. */
  readonly info: number;
  /** What it means to a socket, such as `ECONNREFUSED`; `EMSGSIZE` for a path MTU; empty for a redirect or source quench. */
  readonly errno: Errno;
  /** Whether a connected socket should hear of it at once (RFC 1122 §3.2.2.1: hard). */
  readonly fatal: boolean;
  /** Who sent the message, u32. */
  readonly offender: number;
  /** Device that the message arrived on. */
  readonly ifindex: number;
  /** What `IP_RECVERR` hands out, as far as it came back: of UDP what followed its header, else all from the transport header on; a copy. */
  payload(): Uint8Array;
}

/** What an {@link Icmp} is built with. */
export interface IcmpOptions {
  /** `net.ipv4.*`, live: read where Linux reads it. */
  readonly sysctl: IcmpSysctl;
  readonly pool: Pool;
  /** A random u32. */
  readonly random: () => number;
  /** Takes over a packet that ICMP refuses: counts `reason` (Linux's `enum skb_drop_reason` without prefix), traces, frees. */
  readonly drop: (skb: SkBuff, reason: string) => void;
  /** Looks up where `flow` goes and fills in `flow.saddr`. `flow` is the engine's: do not keep it. */
  readonly route: (now: number, flow: Flow) => Dst | Errno;
  /**
   * Sends a message, `data` at its ICMP header, checksum done, taking the skb over; fragments what is too large. {@link OK},
   * {@link CN}, {@link DROP}, or an errno. `flow` is the engine's: read it during the call.
   */
  readonly output: (now: number, skb: SkBuff, dst: Dst, flow: Flow) => number | Errno;
  /** Whether it is an address of this host (`RTN_LOCAL`). */
  readonly isLocal: (address: number) => boolean;
  /** Whether it is a broadcast address, limited or of a network of this host; on device `ifindex`, 0 = on any. */
  readonly isBroadcast: (address: number, ifindex: number) => boolean;
  /** Whether device `ifindex` is a loopback device. */
  readonly isLoopback: (ifindex: number) => boolean;
  /** The address of this host that a reply to a received packet comes from (Linux `fib_compute_spec_dst`). */
  readonly specDst: (skb: SkBuff) => number;
  /** An address of device `ifindex`, of link scope or wider, to speak to `daddr` from (Linux `inet_select_addr`); 0 = it has none. */
  readonly selectAddress: (ifindex: number, daddr: number) => number;
  /** The IP options that a reply to `skb` carries (Linux `ip_options_echo`), padded; `undefined` = none. Absent: never any. */
  readonly echoOptions?: ((skb: SkBuff) => Uint8Array | undefined) | undefined;
  /** An error for raw sockets, and for the protocol that the quoted packet was of. */
  readonly error: (now: number, quote: Quote) => void;
  /**
   * A router wants smaller packets, `quote.info` bytes, for what goes from `quote.saddr` to `quote.daddr`. Called before
   * {@link error}. A host whose transports check a quote before they believe it ignores this for their protocols.
   */
  readonly pmtu: (now: number, quote: Quote) => void;
  /** `quote.offender` knows a better gateway, `quote.info`, for `quote.daddr`. Whether to believe it is IPv4's business. */
  readonly redirect: (now: number, quote: Quote) => void;
  /** Milliseconds since midnight UT, for timestamp replies (RFC 792). Absent: `now`, marked as not standard. */
  readonly timeOfDay?: ((now: number) => number) | undefined;
}

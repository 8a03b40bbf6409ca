/**
 * What the engine needs from its neighbours. The host passes the real things; nothing here is more than is used.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';
import type { Dst } from './dst.ts';
import type { IfAddress } from './in-device.ts';
import type { InDeviceConf, Ipv4Sysctl, RouteSysctl } from './sysctl.ts';

/** An error by its name in errno.h, such as `ENETUNREACH`. */
export type Errno = string;

/** A packet went to the device's queue. */
export const OK = 0;
/** A packet was dropped by the queue (`NET_XMIT_DROP`). */
export const DROP = 1;
/** A packet was queued, another one was dropped for it (`NET_XMIT_CN`). */
export const CN = 2;

/** One timer, Linux `struct timer_list`. */
export interface Timer {
  /** Whether it will fire. */
  readonly pending: boolean;
  /** When, absolute µs. */
  readonly expires: number;
  /** Arms it, again or anew, for an absolute time in µs; never fires from within the call. */
  mod(expires: number): void;
  /** Disarms it; whether it was armed. */
  del(): boolean;
}

/** Where timers come from. */
export interface Timers {
  /** A timer that calls `fire(now, argument)` at its time. */
  timer<A>(fire: (now: number, argument: A) => void, argument: A): Timer;
}

/** A device as IPv4 sees it (Linux `struct net_device`). Live: fields are read when they are needed. */
export interface NetDevice {
  /** From 1. */
  readonly ifindex: number;
  /** Such as `eth0`. */
  readonly name: string;
  /** Most bytes of an IP packet. */
  readonly mtu: number;
  /** `IFF_UP`. */
  readonly up: boolean;
  /** `IFF_LOOPBACK`. */
  readonly loopback: boolean;
  /** `IFF_BROADCAST`. */
  readonly broadcast: boolean;
  /** `IFF_MULTICAST`. */
  readonly multicast: boolean;
  /** `IFF_POINTOPOINT`. */
  readonly pointToPoint: boolean;
  /** `IFF_NOARP`: there is nobody to ask. */
  readonly noarp: boolean;
  /** Headroom that its link-layer header takes, bytes (Linux `LL_RESERVED_SPACE`). */
  readonly hardHeaderLen: number;
  /** Largest super-packet it takes, bytes of IP packet; 0 = none. */
  readonly gsoMaxSize: number;
  /** Most segments of one. */
  readonly gsoMaxSegs: number;
  /** By `ethtool -k` names. */
  readonly features: Readonly<Record<string, boolean>>;
  /** All multicast groups, u32, whose frames shall be received from now on. */
  setMulticast(groups: readonly number[]): void;
}

/** What a route says about the paths over it; 0 = not said. IPv4 reads the first four; the transport finds the
 * object as `Dst.metrics`. */
export interface RouteMetrics {
  /** Bytes. */
  readonly mtu: number;
  /** Path MTU discovery is off: `mtu lock`. */
  readonly mtuLock: boolean;
  /** Most segment bytes to tell a peer. */
  readonly advmss: number;
  /** TTL to send with. */
  readonly hoplimit: number;
  /** Segments to start with. */
  readonly initcwnd: number;
  /** Segments to be ready to receive at first. */
  readonly initrwnd: number;
  /** Most bytes in flight. */
  readonly window: number;
  readonly rto_min: number;
  /** Always acknowledge at once; 0 or 1. */
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
  /** Bits 1 << `RTAX_*` of what is locked: measurements do not change it. */
  readonly locks: number;
}

/** Where a route leads. */
export interface Nexthop {
  readonly ifindex: number;
  /** Gateway, u32; `undefined` = the destination is on the link. */
  readonly via: number | undefined;
  /** The gateway is on the link whatever the routes say. */
  readonly onlink: boolean;
}

/** `unicast`, `local`, `broadcast`, `multicast`, `blackhole`, … */
export type RouteType = string;

/** A route as the fib frontend makes it and lookups give it (Linux `struct fib_info` and `fib_alias`). */
export interface Route {
  readonly dst: number;
  readonly length: number;
  readonly tos: number;
  readonly table: number;
  readonly type: RouteType;
  readonly scope: number;
  readonly protocol: number;
  readonly metric: number;
  readonly prefsrc: number | undefined;
  readonly nexthops?: readonly Nexthop[];
  readonly metrics: RouteMetrics;
}

/** What a lookup is for (Linux `struct flowi4`). The engine keeps one object and fills it in; a FIB must not keep it. */
export interface FibFlow {
  daddr: number;
  saddr: number | undefined;
  iif: number;
  oif: number;
  mark: number;
  tos: number;
  scope: number;
  /** Chooses among the nexthops of a multipath route, u32. */
  hash: number;
}

/** What a lookup found (Linux `struct fib_result`). */
export interface FibResult {
  readonly type: RouteType;
  readonly route: Route;
  readonly nexthop: Nexthop;
  readonly prefixLength: number;
  readonly table: number;
  readonly scope: number;
}

/** A route for {@link FibPort.add} and {@link FibPort.delete}: those of the addresses of a device. */
export interface KernelRoute {
  dst: number;
  length: number;
  /** 255 local, 254 main. */
  table: number;
  type: 'local' | 'unicast' | 'broadcast';
  scope: number;
  /** `RTPROT_KERNEL`. */
  protocol: number;
  metric: number;
  prefsrc: number;
  ifindex: number;
}

/** The forwarding information base. */
export interface FibPort {
  /** Another number after every change. */
  readonly genid: number;
  /** The best route, or `EINVAL` (blackhole), `EHOSTUNREACH` (unreachable), `EACCES` (prohibit), `ENETUNREACH` (none). */
  lookup(flow: FibFlow): FibResult | Errno;
  /** Adds the route of an address; one that is there already stays. */
  add(route: KernelRoute): void;
  /** Deletes the route of an address, if it is there. */
  delete(route: KernelRoute): void;
  /** The device went down: routes over it go, `local` ones stay. */
  linkDown(ifindex: number): void;
  /** The device came up. */
  linkUp(ifindex: number): void;
  /** An address of this host is gone: routes that prefer it as their source go. */
  addressGone(address: number): void;
  /** The device is gone: all routes over it go, `local` ones too. */
  deviceGone(ifindex: number): void;
}

/** An ICMP error about a packet that this host sent: addresses and protocol are the quoted packet's. */
export interface Quote {
  readonly view: DataView;
  /** The quoted transport header, absolute in `view`. */
  readonly at: number;
  /** Bytes of it that came back. */
  readonly length: number;
  readonly saddr: number;
  readonly daddr: number;
  readonly protocol: number;
  readonly type: number;
  readonly code: number;
  /** Next-hop MTU, … */
  readonly info: number;
  readonly errno: Errno;
  readonly fatal: boolean;
  /** Who sent the ICMP message. */
  readonly offender: number;
  /** The device that the message came by. */
  readonly ifindex: number;
  /** What followed the quoted transport header; a copy. */
  payload(): Uint8Array;
}

/** A transport protocol, as {@link Ipv4.register} takes it (Linux `struct net_protocol`). */
export interface Protocol {
  /**
   * Takes over a packet for this host: `data` at the transport header, whose length is not checked yet; link padding is gone;
   * `networkHeader`, `transportHeader`, `ifindex`, `pktType`, `ttl`, `tos` are set.
   */
  receive(now: number, skb: SkBuff): void;
  /** An ICMP error about one of its packets. */
  error?(now: number, quote: Quote): void;
}

/** A change of a device's addresses (Linux `inetaddr_chain`). */
export type AddressEvent = 'NETDEV_UP' | 'NETDEV_DOWN';

/** All that the host fills in. */
export interface Ports {
  /** Where packets of the engine's own come from. */
  readonly pool: Pool;
  readonly timers: Timers;
  /** A u32, at random. */
  readonly random: () => number;
  /** `net.ipv4`. */
  readonly sysctl: Ipv4Sysctl;
  /** `net.ipv4.route`. */
  readonly routeSysctl: RouteSysctl;
  /** The effective configuration of a device, live; `default` before it exists. */
  conf(device: NetDevice): InDeviceConf;
  readonly fib: FibPort;
  /**
   * The neighbour layer: sends `skb`, data at the IP header, over `dst.dev` to `nexthop`, u32 (a multicast or broadcast address where
   * that is the destination). Takes it over and answers {@link OK}, {@link DROP} or {@link CN}. A loopback device gives it to
   * {@link Ipv4.receive} later, never from within the call.
   */
  output(now: number, skb: SkBuff, dst: Dst, nexthop: number): number;
  /** Has {@link Ipv4.receive} called with the packet soon, never from within the call: our own multicast and broadcast, for ourselves. Takes it over. */
  loopback(skb: SkBuff): void;
  /**
   * Sends an ICMP error about `skb`, which stays the caller's: the packet begins at `skb.networkHeader`, whatever `data` is; the bytes
   * from there to `tail` are linear. `info` is the second word (MTU, pointer << 24, gateway).
   */
  icmpSend(now: number, skb: SkBuff, type: number, code: number, info: number): void;
  /** Told of the type of each ICMP message that a raw socket sends, for the counters of ICMP. */
  readonly icmpSent?: ((type: number) => void) | undefined;
  /** Cuts a super-packet, data at the IP header, into packets with all checksums' seeds right; the caller keeps `skb`. `undefined` = no memory. */
  gsoSegment(skb: SkBuff): SkBuff[] | undefined;
  /** Takes a packet over that is dropped for `reason`, by Linux's name without prefix: counts, traces, frees. */
  drop(skb: SkBuff, reason: string): void;
  /** Milliseconds since midnight UT, for the timestamp option; without it the option gets non-standard time (RFC 791 §3.1). */
  readonly timeOfDay?: ((now: number) => number) | undefined;
  /** An address appeared or went. */
  readonly addressChanged?: ((now: number, event: AddressEvent, address: IfAddress) => void) | undefined;
}

/**
 * What a route, a flow and the outcome of a lookup are.
 * @module
 */
import type { RouteType } from './constants.ts';

/** What a route says of the path; 0 and false mean not set. */
export interface RouteMetrics {
  /** Path MTU, bytes; at most 65,520. */
  readonly mtu: number;
  /** Whether path MTU discovery leaves `mtu` alone. */
  readonly mtuLock: boolean;
  /** MSS to offer, bytes; at most 65,495. */
  readonly advmss: number;
  /** Initial congestion window, segments. */
  readonly initcwnd: number;
  /** Initial receive window, segments. */
  readonly initrwnd: number;
  /** Largest window to offer, bytes. */
  readonly window: number;
  /** TTL or hop limit, at most 255. */
  readonly hoplimit: number;
  /** Lower bound on RTO, ms. */
  readonly rto_min: number;
  /** 1: acknowledge at once. */
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

/** One way out. Live: `dead` and `linkdown` change with the device. */
export interface Nexthop<A> {
  readonly ifindex: number;
  /** The gateway; undefined where the destination is on the link. */
  readonly via: A | undefined;
  /** Share of the flows, 1..256. */
  readonly weight: number;
  /** Taken to be on the link, whatever the routes say. */
  readonly onlink: boolean;
  /** The scope of the gateway itself, one of {@link SCOPE}; NOWHERE for a route to the host. */
  readonly scope: number;
  /** Its device is down: never used. */
  readonly dead: boolean;
  /** Its device has no carrier: not used where `ignoreLinkdown` says so. */
  readonly linkdown: boolean;
  /** Hashes of 31 bits up to this are this next hop's, after those of the ones before it; -1: none are. */
  readonly upperBound: number;
}

/** A route as it is in a table. The object stays the same as long as the route is there. */
export interface Route<A> {
  /** Network; all bits behind `length` are zero. */
  readonly dst: A;
  /** Prefix length, 0..width. */
  readonly length: number;
  /** 0: any flow; else only flows with this TOS. */
  readonly tos: number;
  readonly table: number;
  readonly type: RouteType;
  /** One of {@link SCOPE}. */
  readonly scope: number;
  /** One of {@link PROTOCOL}, or any other u8. */
  readonly protocol: number;
  /** u32; the smallest goes first among routes to one prefix. */
  readonly metric: number;
  /** Source address for packets that have none. */
  readonly prefsrc: A | undefined;
  /** At least one, except for routes that forward nothing. */
  readonly nexthops: readonly Nexthop<A>[];
  readonly metrics: RouteMetrics;
}

/** A next hop as it is given. */
export interface NexthopSpec<A> {
  /** 0 or absent: the device by which `via` is reached. */
  readonly ifindex?: number | undefined;
  readonly via?: A | undefined;
  /** 1..256; 1 unless told. */
  readonly weight?: number | undefined;
  readonly onlink?: boolean | undefined;
}

/** A route as it is given; what is absent is what `ip route` would take. To delete, what is absent is any. */
export interface RouteSpec<A> {
  readonly dst: A;
  readonly length: number;
  readonly tos?: number | undefined;
  /** 255 for local, broadcast and anycast, else 254. */
  readonly table?: number | undefined;
  /** `unicast`. */
  readonly type?: RouteType | undefined;
  /** HOST for local, LINK for broadcast, multicast, anycast and for unicast without gateway, else UNIVERSE. */
  readonly scope?: number | undefined;
  /** BOOT. */
  readonly protocol?: number | undefined;
  readonly metric?: number | undefined;
  readonly prefsrc?: A | undefined;
  readonly nexthops?: readonly NexthopSpec<A>[] | undefined;
  readonly metrics?: Partial<RouteMetrics> | undefined;
}

/** Which routes; what is absent is any. */
export interface RouteFilter {
  readonly table?: number | undefined;
  readonly type?: RouteType | undefined;
  readonly scope?: number | undefined;
  readonly protocol?: number | undefined;
  /** One of the next hops has this device. */
  readonly ifindex?: number | undefined;
}

/** What is to be sent, or has come. */
export interface Flow<A> {
  readonly daddr: A;
  /** undefined: not chosen yet; rules with a source do not match it. */
  readonly saddr: A | undefined;
  /** The device it came in by; 1, the loopback's, for what the host sends; 0 matches only rules without. */
  readonly iif: number;
  /** The device it must leave by; 0: any. */
  readonly oif: number;
  /** fwmark, u32. */
  readonly mark: number;
  readonly tos: number;
  /** Routes of a wider scope (a smaller number) do not count; 0: all do. */
  readonly scope: number;
  /** Chooses among next hops: u32, of which the upper 31 bits count. */
  readonly hash: number;
}

/** What a lookup found. Never written to; the same object for the same route and next hop as long as the route is there. */
export interface Result<A> {
  readonly type: RouteType;
  readonly route: Route<A>;
  readonly nexthop: Nexthop<A>;
  readonly prefixLength: number;
  readonly table: number;
  /** The route's. */
  readonly scope: number;
}

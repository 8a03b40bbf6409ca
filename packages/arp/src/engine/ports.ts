/**
 * What the engine needs from its neighbours, as small as it can be. The host passes the real things.
 * @module
 */
import type { Pool, SkBuff } from '@stack/skbuff';

/** An error by its name in errno.h. */
export type Errno = string;

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

/** A device as ARP sees it (Linux `struct net_device`). Live: fields are read when they are needed. */
export interface ArpDevice {
  /** From 1. */
  readonly ifindex: number;
  /** `IFF_UP`. */
  readonly up: boolean;
  /** `IFF_LOOPBACK`. */
  readonly loopback: boolean;
  /** `IFF_POINTOPOINT`. */
  readonly pointToPoint: boolean;
  /** `IFF_NOARP`: ARP neither asks nor answers on it. */
  readonly noarp: boolean;
  /** MAC address, u48. */
  readonly address: number;
  /** Headroom that its link-layer header takes, bytes. */
  readonly hardHeaderLen: number;
}

/** `net.ipv4.conf.<device>.*`, with `all` already taken in as Linux does. */
export interface ArpConf {
  /** Whose address a request carries: 0 that of the packet that waits, 1 the same if the target knows its subnet, 2 the best of the device. */
  readonly arp_announce: number;
  /** Which requests are answered: 0 for any address of ours, 1 of the device, 2 of the device and its sender's subnet, 3 of more than host scope, 8 none. */
  readonly arp_ignore: number;
  /** Answers only where packets to the asker leave over the same device. */
  readonly arp_filter: number;
  /** Announcements make entries: 0 no, 1 yes, 2 those from the device's subnets. */
  readonly arp_accept: number;
  /** Addresses are announced when the device comes up or changes its address. */
  readonly arp_notify: number;
  /** Announcements are dropped. */
  readonly drop_gratuitous_arp: number;
  /** Answers for what is routed over another device. */
  readonly proxy_arp: number;
  /** Packets for others are sent on. */
  readonly forwarding: number;
  /** 127.0.0.0/8 is like other addresses. */
  readonly route_localnet: number;
}

/** An address of ours (Linux `struct in_ifaddr`). */
export interface ArpAddress {
  /** Ours, u32. */
  readonly local: number;
  /** The other end's on a point-to-point link, elsewhere `local`; its prefix is the subnet. */
  readonly address: number;
  /** Netmask, u32. */
  readonly mask: number;
  /** `RT_SCOPE_*`. */
  readonly scope: number;
  /** `IFA_F_*`. */
  readonly flags: number;
}

/** What a route lookup for a received packet says. */
export interface ArpRoute<D> {
  /** `local`, `unicast`, … */
  readonly type: string;
  /** Where it would leave. */
  readonly device: D;
}

/** Settings of a device that ARP itself reads, `net.ipv4.neigh.<device>.*`. */
export interface ArpParms {
  /** Unicast probes. */
  readonly ucast_solicit: number;
  /** Probes that are left to a daemon. */
  readonly app_solicit: number;
  /** How long an answer is not overwritten by another one, 1/100 s. */
  readonly locktime: number;
  /** Longest random wait before an answer for somebody else, 1/100 s. */
  readonly proxy_delay: number;
}

/** An entry of the neighbour table. */
export interface ArpNeigh<D> {
  readonly device: D;
  /** IPv4 address, u32. */
  readonly address: number;
  /** Link-layer address, u48. */
  readonly lladdr: number;
  /** `NUD_*`. */
  readonly state: number;
  /** Solicitations so far. */
  readonly probes: number;
  /** When its state or address last changed, absolute µs. */
  readonly updated: number;
  readonly parms: { readonly values: ArpParms };
}

/** The neighbour table, as `@stack/neigh` makes it. */
export interface ArpTable<D> {
  lookup(device: D, address: number): ArpNeigh<D> | undefined;
  ensure(now: number, device: D, address: number): ArpNeigh<D> | Errno;
  update(now: number, entry: ArpNeigh<D>, lladdr: number, state: number, flags: number): Errno | undefined;
  eventNs(now: number, device: D, address: number, lladdr: number): ArpNeigh<D> | undefined;
  proxied(device: D, address: number): boolean;
  proxyEnqueue(now: number, skb: SkBuff, device: D): void;
  parms(device: D): { readonly values: ArpParms };
}

/** Why ARP drops a packet: Linux's `enum skb_drop_reason` without prefix. */
export type ArpDrop = 'PKT_TOO_SMALL' | 'NOMEM' | 'NOT_SPECIFIED';

/** What became of an address that somebody else claims, RFC 5227 §2.4. */
export type Verdict = 'ignored' | 'defended' | 'lost';

/** All that the host fills in. */
export interface ArpPorts<D extends ArpDevice> {
  /** Where packets come from. */
  readonly pool: Pool;
  readonly timers: Timers;
  /** A u32, at random. */
  readonly random: () => number;
  /** The neighbour table; read when it is used, so that either may be made first. */
  readonly table: ArpTable<D>;
  /** The effective configuration of a device, live. */
  conf(device: D): ArpConf;
  /** The addresses of a device; of all devices where none is given. */
  addresses(device: D | undefined): readonly ArpAddress[];
  /** What an address is to the host, whichever device has it (Linux `inet_addr_type`): `local`, `broadcast`, `multicast`, `unicast`, … */
  addressType(address: number): string;
  /** Our address for a packet to `daddr` over the device, of link scope or wider (Linux `inet_select_addr`); 0 = none. */
  selectAddress(device: D, daddr: number): number;
  /** The way of a packet that came over `device`; `undefined` where it would be refused, for instance for its source. */
  routeInput(now: number, daddr: number, saddr: number, device: D): ArpRoute<D> | undefined;
  /** The device over which a packet of ours leaves; `undefined` without a route. */
  routeOutput(now: number, daddr: number, saddr: number): D | undefined;
  /** Whether a MAC address, u48, is that of one of our devices. */
  isOwnMac(mac: number): boolean;
  /** Pushes the Ethernet header, from `device.address` to `dest`, and queues the packet. Takes it over. */
  send(now: number, skb: SkBuff, device: D, dest: number): void;
  /** Takes a packet over that is dropped: counts, traces, frees. */
  drop(skb: SkBuff, reason: ArpDrop): void;
  /** A probe that is left to a daemon (Linux `neigh_app_ns`). */
  appSolicit?(now: number, entry: ArpNeigh<D>): void;
  /** Somebody at `mac`, u48, uses an address of ours. RFC 5227 §2.4. */
  conflict?(now: number, device: D, address: number, mac: number, verdict: Verdict): void;
}

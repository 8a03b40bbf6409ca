/**
 * The options of level IPPROTO_IP that a socket of any protocol over IPv4 has: Linux `struct inet_sock`, as far as it is options.
 * @module
 */
import { IP_PMTUDISC_DO, IP_PMTUDISC_OMIT, IP_PMTUDISC_PROBE, IP_PMTUDISC_WANT } from './constants.ts';
import type { Membership } from './multicast-sock.ts';
import type { SocketOptions } from './options-out.ts';

/** IP options of one socket; `setsockopt` of this package changes them, protocols read them. */
export class InetSock {
  /** `IP_TOS`, u8. */
  tos = 0;
  /** `IP_TTL`, 1..255; -1 = the route's or the host's. */
  ttl = -1;
  /** `IP_MTU_DISCOVER`. */
  pmtudisc: number;
  /** `IP_RECVERR`: errors are queued with their details. */
  recverr = false;
  /** `IP_HDRINCL`: the caller writes the IP header (raw sockets). */
  hdrincl = false;
  /** `IP_NODEFRAG`. */
  nodefrag = false;
  /** `IP_MULTICAST_TTL`, u8. */
  mcTtl = 1;
  /** `IP_MULTICAST_LOOP`: our groups hear us. */
  mcLoop = true;
  /** `IP_MULTICAST_IF`: device for groups; 0 = by the routes. */
  mcIndex = 0;
  /** `IP_MULTICAST_IF`: source address for groups; 0 = by the routes. */
  mcAddr = 0;
  /** `IP_MULTICAST_ALL`: groups that other sockets joined are received too. */
  mcAll = true;
  /** `IP_UNICAST_IF`: device for unicast; 0 = by the routes. */
  ucIndex = 0;
  /** `IP_FREEBIND`. */
  freebind = false;
  /** `IP_TRANSPARENT`. */
  transparent = false;
  /** `IP_PKTINFO`. */
  pktinfo = false;
  /** `IP_RECVTTL`. */
  recvttl = false;
  /** `IP_RECVTOS`. */
  recvtos = false;
  /** `IP_RECVOPTS`. */
  recvopts = false;
  /** `IP_RETOPTS`. */
  retopts = false;
  /** `IP_RECVORIGDSTADDR`. */
  recvorigdstaddr = false;
  /** `IP_RECVFRAGSIZE`. */
  recvfragsize = false;
  /** `IP_MINTTL`: packets below are dropped (RFC 5082); 0 = none. */
  minttl = 0;
  /** `IP_BIND_ADDRESS_NO_PORT`. */
  bindAddressNoPort = false;
  /** `IP_LOCAL_PORT_RANGE`: high bound << 16 | low bound, u32; 0 = the host's. */
  localPortRange = 0;
  /** `IP_OPTIONS`; `undefined` = none. */
  options: SocketOptions | undefined = undefined;
  /** Identification of the next packet of a connected socket, u16; see {@link connected}. */
  id = 0;
  /** The socket is connected: ids count up from {@link id}. */
  connected = false;
  /** Groups joined; `undefined` before the first. */
  memberships: Membership[] | undefined = undefined;

  /** `pmtudisc` is `IP_PMTUDISC_DONT` where `ip_no_pmtu_disc` is set, else `IP_PMTUDISC_WANT`. */
  constructor(pmtudisc: number = IP_PMTUDISC_WANT) {
    this.pmtudisc = pmtudisc;
  }

  /** Ids count up from `id` from now on (Linux: at connect and accept, from a random one). */
  connect(id: number): void {
    this.id = id & 0xffff;
    this.connected = true;
  }

  /** Takes over what a connection has from its listener (Linux `sk_clone`): all but IP options, groups and ids. */
  inherit(listener: InetSock): void {
    const { options, id, connected, memberships } = this;
    Object.assign(this, listener, { options, id, connected, memberships });
  }

  /** Bytes of IP options in each packet. */
  get optionsLength(): number {
    return this.options === undefined ? 0 : this.options.bytes.length;
  }

  /** Whether packets follow the path MTU that was learned (Linux `ip_sk_use_pmtu`). */
  get usesPmtu(): boolean {
    return this.pmtudisc < IP_PMTUDISC_PROBE;
  }

  /** Whether a datagram that is too big is fragmented here (Linux `ip_sk_ignore_df`). */
  get ignoresDf(): boolean {
    return this.pmtudisc < IP_PMTUDISC_DO || this.pmtudisc === IP_PMTUDISC_OMIT;
  }
}

/** Who sends a segment: a socket, or what stands for one. It is its owner's, who may keep one and change it in place. */
export interface XmitSock {
  /** u32. */
  readonly saddr: number;
  readonly daddr: number;
  readonly protocol: number;
  readonly mark: number;
  readonly priority: number;
  readonly inet: InetSock;
}

/** {@link XmitSock} with what may differ from one datagram of a socket to the next. */
export interface DatagramSock extends XmitSock {
  readonly tos: number;
  /** -1 = the route's or the host's. */
  readonly ttl: number;
}

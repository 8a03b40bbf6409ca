/**
 * The sysctls that the engine reads, by the last component of Linux's names and in its units; live objects, read where they act.
 * @module
 */

/** `net.ipv4.*`. */
export interface Ipv4Sysctl {
  /** TTL of packets whose socket and route say nothing, 1..255. Linux: 64. */
  readonly ip_default_ttl: number;
  /** Path MTU discovery: 0 on, 1 off, 2 ignore ICMP, 3 hardened. Linux: 0. */
  readonly ip_no_pmtu_disc: number;
  /** Forwarding believes path MTUs. Linux: 0. */
  readonly ip_forward_use_pmtu: number;
  /** Forwarding sets `skb.priority` from TOS. Linux: 1. */
  readonly ip_forward_update_priority: number;
  /** Sockets may bind to addresses that are not here. Linux: 0. */
  readonly ip_nonlocal_bind: number;
  /** Bytes of truesize in reassembly, past which fragments are refused. Linux: 4 MiB. */
  readonly ipfrag_high_thresh: number;
  /** Seconds that a datagram waits for its fragments. Linux: 30. */
  readonly ipfrag_time: number;
  /** Most datagrams of a source between two fragments of one; 0 = any. Linux: 64. */
  readonly ipfrag_max_dist: number;
  /** Most groups of a socket. Linux: 20. */
  readonly igmp_max_memberships: number;
  /** Most sources of a socket's group. Linux: 10. */
  readonly igmp_max_msf: number;
  /** Robustness: how often a state change is reported. Linux: 2. */
  readonly igmp_qrv: number;
  /** Groups of 224.0.0.0/24 are reported too. Linux: 1. */
  readonly igmp_link_local_mcast_reports: number;
  /** 0: addresses; 1: ports too. Linux: 0. */
  readonly fib_multipath_hash_policy: number;
}

/** `net.ipv4.route.*`. */
export interface RouteSysctl {
  /** `min_pmtu`: the least path MTU believed, bytes. Linux: 552. */
  readonly min_pmtu: number;
  /** `mtu_expires`: seconds. Linux: 600. */
  readonly mtu_expires: number;
  /** `min_adv_mss`: the least MSS told to a peer, bytes. Linux: 256. */
  readonly min_adv_mss: number;
  /** `redirect_number`: redirects to a host that ignores them. Linux: 9. */
  readonly redirect_number: number;
  /** `redirect_load`, ms: the time to the second redirect, doubled for each further one. Linux: 20. */
  readonly redirect_load: number;
  /** `redirect_silence`, ms: a host is forgotten after it. Linux: 20480. */
  readonly redirect_silence: number;
  /** `error_cost`, ms: what an unreachable message takes of a host's allowance. Linux: 1000. */
  readonly error_cost: number;
  /** `error_burst`, ms: that allowance. Linux: 5000. */
  readonly error_burst: number;
}

/** `net.ipv4.conf.<device>.*`, with `all` already taken in as Linux does. */
export interface InDeviceConf {
  /** Packets for others are sent on. */
  readonly forwarding: number;
  /** 0 none, 1 strict, 2 loose (RFC 3704). */
  readonly rp_filter: number;
  /** Packets with one of our addresses as source are taken. */
  readonly accept_local: number;
  /** Source-routed packets are taken. */
  readonly accept_source_route: number;
  /** 127.0.0.0/8 is no martian. */
  readonly route_localnet: number;
  /** The mark takes part in the source check. */
  readonly src_valid_mark: number;
  /** Redirects are believed. */
  readonly accept_redirects: number;
  /** Only to gateways. */
  readonly secure_redirects: number;
  /** Redirects are sent. */
  readonly send_redirects: number;
  /** Several IP networks share the link. */
  readonly shared_media: number;
  /** A secondary address takes the place of its primary that goes. */
  readonly promote_secondaries: number;
  /** Unicast packets in multicast frames are dropped. */
  readonly drop_unicast_in_l2_multicast: number;
  /** 0 = by the querier; 1, 2, 3. */
  readonly force_igmp_version: number;
  /** ms between unsolicited IGMPv1/v2 reports. Linux: 10000. */
  readonly igmpv2_unsolicited_report_interval: number;
  /** ms between unsolicited IGMPv3 reports. Linux: 1000. */
  readonly igmpv3_unsolicited_report_interval: number;
}

/**
 * net.ipv4.conf.{all,default,<device>}.*, and which value counts where `all` and the device differ.
 * @module
 */

/** `net.ipv4.conf.<device>.*` */
export const CONF = {
  /** Whether packets that came in here are forwarded. Writing `all` writes every device and `default`. */
  forwarding: { kind: 'int', default: 0, combine: 'device', unit: '' },
  /** Source validation: 0 none, 1 strict (RFC 3704), 2 loose. */
  rp_filter: { kind: 'int', default: 0, combine: 'max', unit: '' },
  /** Whether the mark takes part in source validation. */
  src_valid_mark: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether packets from addresses of this host are accepted. */
  accept_local: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether packets with a source route are accepted. */
  accept_source_route: { kind: 'int', default: 1, all: 0, combine: 'and', unit: '' },
  /** Whether ICMP redirects are believed. */
  accept_redirects: { kind: 'int', default: 1, combine: 'redirects', unit: '' },
  /** Whether redirects are believed only if they name a gateway in the routing table. */
  secure_redirects: { kind: 'int', default: 1, combine: 'or', unit: '' },
  /** Whether addresses of other subnets on this link are reached directly; overrides `secure_redirects`. */
  shared_media: { kind: 'int', default: 1, combine: 'or', unit: '' },
  /** Whether a router sends redirects. */
  send_redirects: { kind: 'int', default: 1, combine: 'or', unit: '' },
  /** Sender address of ARP requests: 0 any, 1 of the target's subnet, 2 the best. */
  arp_announce: { kind: 'int', default: 0, combine: 'max', unit: '' },
  /** Which ARP requests are answered: 0 for any local address, 1 for one of the device, 2 and the sender is in its subnet, … */
  arp_ignore: { kind: 'int', default: 0, combine: 'max', unit: '' },
  /** Whether gratuitous ARP makes entries: 0 no, 1 yes, 2 only from the same subnet. */
  arp_accept: { kind: 'int', default: 0, combine: 'max', unit: '' },
  /** Whether addresses are announced when the device comes up. */
  arp_notify: { kind: 'int', default: 0, combine: 'max', unit: '' },
  /** Whether ARP is answered only where a reply would leave by the same device. */
  arp_filter: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether ARP is answered for others that are reached by another device. */
  proxy_arp: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether gratuitous ARP is dropped. */
  drop_gratuitous_arp: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether unicast IP in a link-layer broadcast or multicast is dropped (RFC 1122 §3.3.6). */
  drop_unicast_in_l2_multicast: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether a secondary address becomes primary when the primary is removed. */
  promote_secondaries: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** Whether 127/8 may be routed. */
  route_localnet: { kind: 'int', default: 0, combine: 'or', unit: '' },
  /** 0: the version the querier speaks; else this one. */
  force_igmp_version: { kind: 'int', default: 0, combine: 'oldest', unit: '' },
  /** Time within which a report is repeated, IGMPv1 and v2. */
  igmpv2_unsolicited_report_interval: { kind: 'int', default: 10_000, combine: 'device', unit: 'ms' },
  /** Time within which a report is repeated, IGMPv3. */
  igmpv3_unsolicited_report_interval: { kind: 'int', default: 1000, combine: 'device', unit: 'ms' },
  /** Whether next hops on a device without carrier are skipped. */
  ignore_routes_with_linkdown: { kind: 'int', default: 0, combine: 'device', unit: '' },
} as const;

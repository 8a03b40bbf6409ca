/**
 * net.ipv4.icmp_*, igmp_*.
 * @module
 */

/** `net.ipv4.icmp_*` */
export const ICMP = {
  /** Whether no echo request is answered. */
  icmp_echo_ignore_all: { kind: 'u8', default: 0, max: 1, unit: '' },
  /** Whether an echo request to a broadcast or multicast address is left unanswered. */
  icmp_echo_ignore_broadcasts: { kind: 'u8', default: 1, max: 1, unit: '' },
  /** Whether errors that answer a broadcast, which RFC 1122 forbids, pass without a message. */
  icmp_ignore_bogus_error_responses: { kind: 'u8', default: 1, max: 1, unit: '' },
  /** Whether an error is sent from the address of the device the packet came in by. */
  icmp_errors_use_inbound_ifaddr: { kind: 'u8', default: 0, max: 1, unit: '' },
  /** Least time between two limited messages to one destination; 0: no limit. */
  icmp_ratelimit: { kind: 'ms', default: 1000, unit: 'ms' },
  /** Bit t: type t is limited. The default: 3, 4, 11, 12. */
  icmp_ratemask: { kind: 'int', default: 0x1818, unit: '' },
  /** Limited messages a second, to all destinations together. */
  icmp_msgs_per_sec: { kind: 'int', default: 1000, min: 0, unit: 'messages' },
  /** Limited messages at once, to all destinations together. */
  icmp_msgs_burst: { kind: 'int', default: 50, min: 0, unit: 'messages' },
} as const;

/** `net.ipv4.igmp_*` */
export const IGMP = {
  /** Groups one socket may join. */
  igmp_max_memberships: { kind: 'int', default: 20, unit: 'groups' },
  /** Sources one membership may list. */
  igmp_max_msf: { kind: 'int', default: 10, unit: 'sources' },
  /** Whether groups of 224.0.0.0/24 are reported, too. */
  igmp_link_local_mcast_reports: { kind: 'u8', default: 1, unit: '' },
  /** The robustness variable of RFC 3376 §8.1. */
  igmp_qrv: { kind: 'int', default: 2, min: 1, unit: '' },
} as const;

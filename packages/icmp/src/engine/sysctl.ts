/**
 * The sysctls that ICMP reads, live, by Linux's names and in Linux's units. A flag is 0 or 1.
 * @module
 */

/** `net.ipv4.*`, as far as ICMP reads it. */
export interface IcmpSysctl {
  /** Answer no echo request. Default 0. */
  readonly icmp_echo_ignore_all: number;
  /** Answer no echo and no timestamp request to a broadcast or multicast address. Default 1. */
  readonly icmp_echo_ignore_broadcasts: number;
  /** Say nothing about errors that answer a broadcast, and take them. Default 1. */
  readonly icmp_ignore_bogus_error_responses: number;
  /** Send errors from an address of the device that the packet arrived on. Default 0. */
  readonly icmp_errors_use_inbound_ifaddr: number;
  /** ms between limited messages to one destination, six in a burst; 0 = no limit. Default 1000. */
  readonly icmp_ratelimit: number;
  /** Bit n: type n is limited. Default 6168: destination unreachable, source quench, time exceeded, parameter problem. */
  readonly icmp_ratemask: number;
  /** Limited messages a second, to all destinations. Default 1000. */
  readonly icmp_msgs_per_sec: number;
  /** Limited messages in a burst. Default 50. */
  readonly icmp_msgs_burst: number;
  /** 0 believe ICMP path MTUs, 1 and 2 ignore them, 3 believe them only from protocols that check the quote. Default 0. */
  readonly ip_no_pmtu_disc: number;
  /** Replies to a marked packet carry its mark. Default 0. */
  readonly fwmark_reflect: number;
}

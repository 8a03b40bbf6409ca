/**
 * What ARP counts.
 * @module
 */

/** Counters by Linux's names, grouped as in /proc/net/netstat. */
export interface ArpMib {
  readonly TcpExt: {
    /** Requests that `arp_filter` left unanswered. */
    ArpFilter: number;
  };
}

/** All counters at 0. */
export function arpMib(): ArpMib {
  return { TcpExt: { ArpFilter: 0 } };
}

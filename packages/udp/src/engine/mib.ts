/**
 * UDP's counters, by the names of /proc/net/snmp.
 * @module
 */

/** The `Udp:` line of /proc/net/snmp. */
export interface UdpMib {
  /** Datagrams that an application read. */
  InDatagrams: number;
  /** Datagrams to a port that nobody has. */
  NoPorts: number;
  /** Datagrams thrown away: malformed, bad checksum, no room. */
  InErrors: number;
  /** Datagrams, or super-packets of them, handed to the network layer. */
  OutDatagrams: number;
  /** Datagrams for which a receive buffer had no room. */
  RcvbufErrors: number;
  /** Sends refused for want of send buffer or memory, or thrown away by the queue below. */
  SndbufErrors: number;
  /** Datagrams with a bad checksum. */
  InCsumErrors: number;
  /** Multicast and broadcast datagrams that no socket wanted. */
  IgnoredMulti: number;
  /** Datagrams for which `udp_mem` had no room. */
  MemErrors: number;
}

/** All zero. */
export function udpMib(): UdpMib {
  return {
    InDatagrams: 0,
    NoPorts: 0,
    InErrors: 0,
    OutDatagrams: 0,
    RcvbufErrors: 0,
    SndbufErrors: 0,
    InCsumErrors: 0,
    IgnoredMulti: 0,
    MemErrors: 0,
  };
}

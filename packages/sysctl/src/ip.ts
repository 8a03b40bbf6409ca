/**
 * net.ipv4.ip*, fib_*: addresses' ports, forwarding, fragments.
 * @module
 */

/** `net.ipv4.ip*` and `net.ipv4.fib_*` */
export const IP = {
  /** TTL of packets whose socket has no own. */
  ip_default_ttl: { kind: 'int', default: 64, min: 1, max: 255, unit: 'hops' },
  /** The same as `conf.all.forwarding`. */
  ip_forward: { kind: 'int', default: 0, unit: '' },
  /** Whether a forwarded packet is held to the path MTU as well as to the device's. */
  ip_forward_use_pmtu: { kind: 'u8', default: 0, unit: '' },
  /** Whether a forwarded packet gets the priority of its TOS. */
  ip_forward_update_priority: { kind: 'u8', default: 1, max: 1, unit: '' },
  /** Whether answers of no socket carry the mark of what they answer. */
  fwmark_reflect: { kind: 'u8', default: 0, unit: '' },
  /** Ports given to sockets that ask for none; low <= high, low >= `ip_unprivileged_port_start`. */
  ip_local_port_range: { kind: 'range', default: [32_768, 60_999], min: 1, max: 65_535, unit: 'ports' },
  /** Ports that are given only to those who ask for them. */
  ip_local_reserved_ports: { kind: 'ports', default: [], unit: 'ports' },
  /** First port that needs no privilege; at most the low of `ip_local_port_range`. */
  ip_unprivileged_port_start: { kind: 'int', default: 1024, min: 0, max: 65_535, unit: 'port' },
  /** Whether addresses that the host does not have may be bound. */
  ip_nonlocal_bind: { kind: 'u8', default: 0, unit: '' },
  /** 0 discover the path's MTU, 1 never, 2 and 3 never and ignore what ICMP says. */
  ip_no_pmtu_disc: { kind: 'u8', default: 0, unit: '' },
  /** Memory of unfinished datagrams above which fragments are refused; >= `ipfrag_low_thresh`. */
  ipfrag_high_thresh: { kind: 'ulong', default: 4_194_304, unit: 'bytes' },
  /** Memory of unfinished datagrams to come back to; <= `ipfrag_high_thresh`. */
  ipfrag_low_thresh: { kind: 'ulong', default: 3_145_728, unit: 'bytes' },
  /** How long a datagram waits for its missing fragments. */
  ipfrag_time: { kind: 'seconds', default: 30, unit: 's' },
  /** How many of one source's other fragments may come between two of a datagram; 0: any number. */
  ipfrag_max_dist: { kind: 'int', default: 64, min: 0, unit: 'fragments' },
  /** What chooses among next hops: 0 addresses, 1 addresses and ports, 2 inner addresses, 3 chosen fields. */
  fib_multipath_hash_policy: { kind: 'u8', default: 0, max: 3, unit: '' },
} as const;

/**
 * What /proc/net/stat/arp_cache counts.
 * @module
 */

/** Counters of a table, by Linux's names. */
export interface NeighStats {
  /** Entries made. */
  allocs: number;
  /** Entries that went. */
  destroys: number;
  /** Times the hash table grew. */
  hash_grows: number;
  /** Calls of `lookup`. */
  lookups: number;
  /** Calls of `lookup` that found an entry. */
  hits: number;
  /** Resolutions and probes that failed. */
  res_failed: number;
  /** Solicitations received by multicast; NDP counts them. */
  rcv_probes_mcast: number;
  /** Solicitations received by unicast; NDP counts them. */
  rcv_probes_ucast: number;
  /** Looks at the whole table for entries to collect. */
  periodic_gc_runs: number;
  /** Collections because the table was full. */
  forced_gc_runs: number;
  /** Packets dropped because too many waited. */
  unresolved_discards: number;
  /** Entries not made because the table was full. */
  table_fulls: number;
}

/** All counters at 0. */
export function neighStats(): NeighStats {
  return {
    allocs: 0,
    destroys: 0,
    hash_grows: 0,
    lookups: 0,
    hits: 0,
    res_failed: 0,
    rcv_probes_mcast: 0,
    rcv_probes_ucast: 0,
    periodic_gc_runs: 0,
    forced_gc_runs: 0,
    unresolved_discards: 0,
    table_fulls: 0,
  };
}

/**
 * net.ipv4.route.*: what the route cache learns, and how fast errors and redirects go out. Linux counts some of these in ticks;
 * here a tick is a millisecond.
 * @module
 */

/** `net.ipv4.route.*` */
export const ROUTE = {
  /** A path MTU that ICMP reports is never taken to be less. */
  min_pmtu: { kind: 'int', default: 552, min: 68, unit: 'bytes' },
  /** The MSS that is offered is never less. */
  min_adv_mss: { kind: 'int', default: 256, unit: 'bytes' },
  /** How long a path MTU that ICMP reported is believed. */
  mtu_expires: { kind: 'seconds', default: 600, unit: 's' },
  /** One host-unreachable to a source every so often. */
  error_cost: { kind: 'int', default: 1000, unit: 'ms' },
  /** How much time a source may save up for errors at once. */
  error_burst: { kind: 'int', default: 5000, unit: 'ms' },
  /** The pause after the first redirect; it doubles with each that is ignored. */
  redirect_load: { kind: 'int', default: 20, unit: 'ms' },
  /** Ignored redirects after which a source gets no more. */
  redirect_number: { kind: 'int', default: 9, unit: 'redirects' },
  /** How long such a source must be quiet to get redirects again. */
  redirect_silence: { kind: 'int', default: 20_480, unit: 'ms' },
} as const;

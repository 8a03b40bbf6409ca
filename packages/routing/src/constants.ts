/**
 * Numbers that routes carry, as in /etc/iproute2.
 * @module
 */

/** Tables that are there from the start; any other number is one too. */
export const TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;

/** How far a destination is: larger is nearer. */
export const SCOPE = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** Who made a route. */
export const PROTOCOL = { UNSPEC: 0, REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4, RA: 9, DHCP: 16 } as const;

/** What a route does with a packet. */
export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

/**
 * What a lookup answers at a route of a type that forwards nothing. `throw` is EAGAIN: the search goes on with the next rule.
 */
export const ROUTE_ERRORS: Readonly<Record<RouteType, string | undefined>> = {
  unicast: undefined,
  local: undefined,
  broadcast: undefined,
  anycast: undefined,
  multicast: undefined,
  blackhole: 'EINVAL',
  unreachable: 'EHOSTUNREACH',
  prohibit: 'EACCES',
  throw: 'EAGAIN',
};

/**
 * What routing needs from its neighbours: an address family, and whether a device can be used.
 * @module
 */

/** An errno by name: `ENETUNREACH`, `EEXIST`, … */
export type Errno = string;

/** What the FIB must know of an address; it never looks inside one itself. */
export interface AddressOps<A> {
  /** Bits of an address: 32, 128. At most 128. */
  readonly width: number;
  /** Bits `from` to `from + count - 1` as a number, bit 0 the most significant; `count` 0..16, within `width`. No allocation. */
  bits(address: A, from: number, count: number): number;
  equal(a: A, b: A): boolean;
  /** The address with all but its first `length` bits zero. */
  mask(address: A, length: number): A;
  /** Text that no other address has. */
  format(address: A): string;
}

/** `up` can be used; `linkdown` is up and has no carrier; `down` is administratively down. */
export type DeviceState = 'up' | 'linkdown' | 'down';

/** What the FIB asks of the host; all optional. */
export interface Ports {
  /** The state of a device, undefined where there is none. Without this port every index above 0 is a device that is up. */
  device?(ifindex: number): DeviceState | undefined;
  /** Whether next hops without carrier are skipped here: `conf.<device>.ignore_routes_with_linkdown`. No without this port. */
  ignoreLinkdown?(ifindex: number): boolean;
}

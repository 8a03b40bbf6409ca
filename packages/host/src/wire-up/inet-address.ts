/**
 * Addresses between the socket layer, where they are text, and the engines, where they are numbers.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { Ipv4SocketAddress, WireAddress } from '@stack/socket';

/** An IPv4 address with its port, as calls give it back. */
export function toText(address: number, port: number): Ipv4SocketAddress {
  return { address: formatAddress(address), family: 'IPv4', port };
}

/**
 * The address in a `sockaddr_in`; an errno where it is none: EAFNOSUPPORT another family, EINVAL no address. Linux: AF_UNSPEC is any address,
 * for programs that forget to say AF_INET.
 */
export function toNumber(address: WireAddress): number | string {
  if (address.family === 'unspec') return 0;
  if (address.family !== 'IPv4') return 'EAFNOSUPPORT';
  if (address.address === '') return 0;
  try {
    return parseAddress(address.address);
  } catch {
    return 'EINVAL';
  }
}

/** The port in a `sockaddr_in`. */
export function portOf(address: WireAddress): number {
  return address.family === 'IPv4' ? address.port : 0;
}

/** {@link toText} of an address in an error queue. */
export function toPeer(address: unknown, port: number): Ipv4SocketAddress {
  return toText(address as number, port);
}

/**
 * Options of level SOL_IP: what sockets of every protocol hand on to IPv4, with addresses as text above and as numbers below.
 * @module
 */
import { formatAddress, parseAddress } from '@stack/ipv4';
import type { Ipv4, OptionSock, OptionValue } from '@stack/ipv4/engine';
import type { OptionData } from '@stack/socket';

/** A group as applications name it: `struct ip_mreqn` and its kin, all fields at once. */
interface GroupText {
  multiaddr?: string;
  /** A device by one of its addresses. */
  address?: string;
  interface?: string;
  ifindex?: number;
  sourceaddr?: string;
  /** `MCAST_INCLUDE` or `MCAST_EXCLUDE`. */
  fmode?: number;
  slist?: readonly string[];
}

/** Sets an option by Linux's name. ENOPROTOOPT, EINVAL, and what the option says. */
export function setIpOption(
  ipv4: Ipv4,
  now: number,
  socket: OptionSock,
  name: string,
  value: OptionData,
): string | undefined {
  const number = toNumbers(value);
  return number === undefined ? 'EINVAL' : ipv4.setsockopt(now, socket, name, number);
}

/** The value of an option by Linux's name. */
export function getIpOption(
  ipv4: Ipv4,
  now: number,
  socket: OptionSock,
  name: string,
): OptionData | { readonly errno: string } {
  const value = ipv4.getsockopt(now, socket, name);
  if (typeof value === 'string') return { errno: value };
  return name === 'IP_MULTICAST_IF' && typeof value === 'number' ? formatAddress(value) : value;
}

/** An option's value with addresses as numbers; `undefined` where there is an address that is none. */
function toNumbers(value: OptionData): OptionValue | undefined {
  if (typeof value === 'number' || value instanceof Uint8Array) return value;
  try {
    if (typeof value === 'string') return { group: 0, address: parseAddress(value) };
    const {
      multiaddr = '0.0.0.0',
      address,
      interface: dev,
      ifindex = 0,
      sourceaddr,
      fmode,
      slist,
    } = value as GroupText;
    const on = address ?? dev;
    const group = {
      group: parseAddress(multiaddr),
      ifindex,
      address: on === undefined ? 0 : parseAddress(on),
    };
    if (sourceaddr !== undefined) return { ...group, source: parseAddress(sourceaddr) };
    if (fmode !== undefined) return { ...group, mode: fmode, sources: (slist ?? []).map(parseAddress) };
    return group;
  } catch {
    return undefined;
  }
}

/**
 * Addresses as applications write them: Node's `SocketAddress` for IPv4 and IPv6, a struct of its own for AF_PACKET.
 * @module
 */
import { AF_INET, AF_INET6, AF_PACKET } from './constants/families.ts';

/** An IPv4 address and port: `struct sockaddr_in`. */
export interface Ipv4SocketAddress {
  /** Dotted decimal: `'192.168.1.10'`. */
  address: string;
  family: 'IPv4';
  /** 0..65535. */
  port: number;
}

/** An IPv6 address and port: `struct sockaddr_in6`. */
export interface Ipv6SocketAddress {
  /** RFC 5952 text: `'2001:db8::1'`. */
  address: string;
  family: 'IPv6';
  /** 0..65535. */
  port: number;
  /** Flow label, 20 bits. */
  flowlabel: number;
  /** Index of the device that a link-local address belongs to; 0 = any. */
  scopeid: number;
}

/** A link-layer address: `struct sockaddr_ll`. */
export interface PacketSocketAddress {
  /** MAC address: `'02:00:00:00:00:0a'`; `''` = none. Of a received packet, its sender's. */
  address: string;
  family: 'packet';
  /** Index of the device; 0 = any. */
  ifindex: number;
  /** Its name; `''` = none. */
  ifname: string;
  /** EtherType in host order: `ETH_P_IP`; 0 = the socket's. */
  protocol: number;
  /** `PACKET_HOST`, `PACKET_BROADCAST`, … of a received packet. */
  pktType: number;
  /** `ARPHRD_*` of the device. */
  hatype: number;
}

/** `AF_UNSPEC`: connecting to it takes a socket's peer away. */
export interface UnspecifiedAddress {
  family: 'unspec';
}

/** An address as calls give it back. */
export type SocketAddress = Ipv4SocketAddress | Ipv6SocketAddress | PacketSocketAddress;

/**
 * An address as calls take it. What is left out is the socket's family, any address, port 0, any device; an AF_PACKET device may be
 * told by name or by index.
 */
export type AddressInput =
  | Partial<Ipv4SocketAddress>
  | Partial<Ipv6SocketAddress>
  | Partial<PacketSocketAddress>
  | UnspecifiedAddress;

/** What the layer below is asked with: complete. */
export type WireAddress = SocketAddress | UnspecifiedAddress;

const INET_FAMILIES = { [AF_INET]: 'IPv4', [AF_INET6]: 'IPv6', [AF_PACKET]: 'packet' } as const;

/**
 * Fills in what an address leaves out. @throws RangeError for a port that is none; TypeError for what is no address.
 * @internal
 */
export function complete(input: AddressInput, family: number, devices: Devices): WireAddress {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError(`socket: ${String(input)} is no address; write { address, port }`);
  }
  const kind = input.family ?? INET_FAMILIES[family as keyof typeof INET_FAMILIES] ?? 'IPv4';
  if (kind === 'unspec') return { family: kind };
  if (kind === 'packet') return completePacket(input as Partial<PacketSocketAddress>, devices);
  const { address, port = 0 } = input as Partial<Ipv6SocketAddress>;
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new RangeError(`socket: port ${String(port)} is not in 0..65535`);
  }
  if (kind === 'IPv4') return { address: address ?? '0.0.0.0', family: kind, port };
  const { flowlabel = 0, scopeid = 0 } = input as Partial<Ipv6SocketAddress>;
  return { address: address ?? '::', family: 'IPv6', port, flowlabel, scopeid };
}

/** Where the names of devices are known. @internal */
export interface Devices {
  ifindex(name: string): number;
  ifname(ifindex: number): string;
}

function completePacket(input: Partial<PacketSocketAddress>, devices: Devices): PacketSocketAddress {
  const named = input.ifname === undefined ? undefined : devices.ifindex(input.ifname) || -1; // -1: ENODEV below
  const ifindex = input.ifindex ?? named ?? 0;
  return {
    address: input.address ?? '',
    family: 'packet',
    ifindex,
    ifname: input.ifname ?? (ifindex > 0 ? devices.ifname(ifindex) : ''),
    protocol: input.protocol ?? 0,
    pktType: input.pktType ?? 0,
    hatype: input.hatype ?? 0,
  };
}

/**
 * Addresses as applications write them: Node's `SocketAddress` for IPv4 and IPv6, a struct of its own for AF_PACKET.
 * @module
 */

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

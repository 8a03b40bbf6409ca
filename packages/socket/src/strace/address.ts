/**
 * How strace writes addresses.
 * @module
 */
import type { PacketSocketAddress, WireAddress } from '../address.ts';
import { AF_INET6, AF_PACKET } from '../constants/families.ts';
import { ARPHRD, ETH_P, PKTTYPE } from './names.ts';
import { named, quote } from './text.ts';

/** Where there are no addresses in memory: what is printed for a buffer that was not filled. */
export const POINTER = '0x7ffd00000000';

/** An address as `struct sockaddr`. */
export function sockaddr(address: WireAddress): string {
  switch (address.family) {
    case 'unspec':
      return '{sa_family=AF_UNSPEC, sa_data="\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"}';
    case 'IPv4':
      return `{sa_family=AF_INET, sin_port=htons(${address.port}), sin_addr=inet_addr("${address.address}")}`;
    case 'IPv6':
      return (
        `{sa_family=AF_INET6, sin6_port=htons(${address.port}), sin6_flowinfo=htonl(${address.flowlabel}), ` +
        `inet_pton(AF_INET6, "${address.address}", &sin6_addr), sin6_scope_id=${scope(address.scopeid)}}`
      );
    case 'packet':
      return sockaddrLl(address);
  }
}

/** Bytes of a family's `struct sockaddr`. */
export function sockaddrLength(family: number): number {
  if (family === AF_INET6) return 28;
  return family === AF_PACKET ? 20 : 16;
}

/** Bytes of an address's `struct sockaddr`. */
export function addressLength(address: WireAddress): number {
  if (address.family === 'IPv6') return 28;
  return address.family === 'packet' ? 20 : 16;
}

/** A device by name, as strace asks the kernel for it. */
export function device(ifindex: number, ifname: string): string {
  return ifname === '' ? String(ifindex) : `if_nametoindex("${ifname}")`;
}

/** What `getsockname` of AF_PACKET gives: too short for strace to take it apart. */
export function rawSockaddrLl(address: PacketSocketAddress): { text: string; length: number } {
  const mac = bytesOf(address.address);
  const bytes = new Uint8Array(10 + mac.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint16(0, address.protocol);
  view.setInt32(2, address.ifindex, true);
  view.setUint16(6, address.hatype, true);
  bytes[8] = address.pktType;
  bytes[9] = mac.length;
  bytes.set(mac, 10);
  const data = quote({ data: bytes, length: bytes.length }, bytes.length);
  return { text: `{sa_family=AF_PACKET, sa_data=${data}}`, length: bytes.length + 2 };
}

function sockaddrLl(address: PacketSocketAddress): string {
  const mac = bytesOf(address.address);
  const fields = [
    'sa_family=AF_PACKET',
    `sll_protocol=htons(${named(address.protocol, ETH_P, 'ETH_P_???')})`,
    `sll_ifindex=${device(address.ifindex, address.ifname)}`,
    `sll_hatype=${named(address.hatype, ARPHRD, 'ARPHRD_???')}`,
    `sll_pkttype=${named(address.pktType, PKTTYPE, 'PACKET_???')}`,
    `sll_halen=${mac.length}`,
  ];
  if (mac.length > 0) fields.push(`sll_addr=[${[...mac].map(hexByte).join(', ')}]`);
  return `{${fields.join(', ')}}`;
}

/** C's `%#02x`. */
function hexByte(byte: number): string {
  return byte === 0 ? '00' : `0x${byte.toString(16)}`;
}

function bytesOf(mac: string): Uint8Array {
  return mac === ''
    ? new Uint8Array(0)
    : Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));
}

function scope(scopeid: number): string {
  return String(scopeid);
}
